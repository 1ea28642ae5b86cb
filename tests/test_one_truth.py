"""Whether a block on premises is reached: overlaps, audit, conflicts and trace say the same.

The judge is a plain loop over ``ipaddress``: a VPC's own route wins for what lies in its primary
and secondary blocks, and for nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import warnings
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from helpers import inventory_of
from test_overlap_fleets import DRAWN, FLEETS_AT_ONCE, random_fleet

import vpnframe as vf
from vpnframe.emulator import EmulatedFleet, make_state
from vpnframe.errors import IncompleteWarning
from vpnframe.fetching.crawl import Plan

pytestmark = pytest.mark.proof
N_FLEETS = 500 if os.environ.get("VPNFRAME_EXAMPLES") else 2 * FLEETS_AT_ONCE
PARTS = ("vpn_gateways", "connections", "routes", "vpcs")
Network = Any
Reach = dict[tuple[str, str], bool]  # connection and block: whether the tunnel gets its packets


def one_account(fleet: EmulatedFleet) -> EmulatedFleet:
    """The same small fleets, all in one account: their gateways and VPCs keep them apart."""
    account = DRAWN.accounts[0].account_id
    return replace(
        fleet,
        **{
            name: tuple(replace(one, account_id=account) for one in getattr(fleet, name))
            for name in PARTS
        },
    )


def own_blocks(inv: vf.Inventory) -> dict[str, list[Network]]:
    """What each VPC that was read holds by local routes."""
    return {
        vpc_id: [ipaddress.ip_network(cidr) for cidr in f"{cidrs},{further}".strip(",").split(",")]
        for vpc_id, cidrs, further in zip(
            *(inv.vpcs[name] for name in ("vpc_id", "cidrs", "secondary_cidrs")), strict=True
        )
    }


def is_inside(block: Network, own: list[Network]) -> bool:
    """Whether a block lies in one of these."""
    return any(block.version == one.version and block.subnet_of(one) for one in own)


def judged(inv: vf.Inventory) -> Reach:
    """Say by a plain loop whether each on-premises block lies outside what its VPC holds."""
    own = own_blocks(inv)
    sites = inv.subnets[(inv.subnets["side"] == "onprem") & inv.subnets["vpc_id"].isin(own.keys())]
    return {
        (name, cidr): not is_inside(ipaddress.ip_network(cidr), own[vpc_id])
        for name, vpc_id, cidr in zip(
            sites["vpn_connection_id"], sites["vpc_id"], sites["cidr"], strict=True
        )
        if not cidr.endswith("/0")
    }


def lost(reach: Reach) -> set[tuple[str, str]]:
    """The black holes."""
    return {place for place, is_reached in reach.items() if not is_reached}


@pytest.fixture(scope="module", params=range(N_FLEETS // FLEETS_AT_ONCE))
def inv(request: pytest.FixtureRequest) -> vf.Inventory:
    """Fifty small fleets, read from the API."""
    fleet = one_account(random_fleet(1000 + request.param))
    found = inventory_of(make_state(fleet, quotas=False), plan=Plan(downloads="none"))
    reach = judged(found)
    assert set(reach.values()) == {True, False}
    return found


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """What is not known of other fleets does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteWarning)
        yield


def test_overlaps_names_every_black_hole_and_no_other(inv: vf.Inventory) -> None:
    """As own sides, high; of a VPC that was not read nothing is counted here."""
    rows = vf.overlaps(inv, expand=True)
    rows = rows[(rows["kind"] == "own_sides") & (rows["severity"] == "high")]
    reach = judged(inv)
    found = set(zip(rows["left_vpn_connection_id"], rows["left_cidr"], strict=True))
    assert {place for place in found if place in reach} == lost(reach)


def test_audit_finds_them_on_their_connections(inv: vf.Inventory) -> None:
    """One finding for each connection, high, that names each block."""
    found = vf.audit(inv, profiles=())
    rows = found[(found["rule_id"] == "vpn-overlap-own-sides") & (found["severity"] == "high")]
    values = dict(zip(rows["vpn_connection_id"], rows["value"], strict=True))
    reach = judged(inv)
    names = {name for name, _ in reach}
    assert values.keys() & names == {name for name, _ in lost(reach)}
    for name, cidr in lost(reach):
        assert f"on-premises {cidr} " in values[name]


def test_conflicts_warns_of_them_for_a_new_site(inv: vf.Inventory) -> None:
    """The same block, asked for on the same gateway."""
    by_gateway = defaultdict(set)
    reach = judged(inv)
    sites = inv.subnets[inv.subnets["side"] == "onprem"]
    for name, gateway, vpc_id, cidr in zip(
        *(sites[n] for n in ("vpn_connection_id", "vpn_gateway_id", "vpc_id", "cidr")), strict=True
    ):
        if (name, cidr) in reach:
            by_gateway[gateway, vpc_id].add((cidr, reach[name, cidr]))
    for (gateway, vpc_id), asked in by_gateway.items():
        hits = vf.would_conflict(
            inv, [cidr for cidr, _ in asked], settings=vf.OverlapSettings(only=gateway)
        )
        is_own = (hits["vpc_id"] == vpc_id) & (hits["kind"] == "other_vpc")
        found = set(hits.loc[is_own & (hits["severity"] == "high"), "cidr"])
        assert found == {cidr for cidr, is_reached in asked if not is_reached}


def test_trace_keeps_their_packets_in_the_vpc_and_no_other(inv: vf.Inventory) -> None:
    """Local for an address that the VPC holds; otherwise a tunnel, a drop or a doubt."""
    own, packets = own_blocks(inv), defaultdict(set)
    sites = inv.subnets[inv.subnets["side"] == "onprem"]
    for vpc_id, cidr in zip(sites["vpc_id"], sites["cidr"], strict=True):
        block = ipaddress.ip_network(cidr)
        if vpc_id in own and block.prefixlen:
            ends = [block[0], block[-1], *(one[0] for one in own[vpc_id] if overlap(one, block))]
            packets[vpc_id].update((end, is_in(end, own[vpc_id])) for end in ends)
    for vpc_id, asked in packets.items():
        listed = sorted(asked, key=str)
        answers = vf.trace(
            inv,
            source=["10.0.0.1" if end.version == 4 else "fd00::1" for end, _ in listed],
            destination=[str(end) for end, _ in listed],
            start=vpc_id,
        )
        found = (answers["verdict"] == "local").tolist()
        assert found == [is_held for _, is_held in listed]


def overlap(one: Network, other: Network) -> bool:
    """Whether two blocks share addresses."""
    return bool(one.version == other.version and one.overlaps(other))


def is_in(address: Any, own: list[Network]) -> bool:
    """Whether a VPC holds an address."""
    return any(address in one for one in own)
