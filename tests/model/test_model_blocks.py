"""The blocks of a connection, against a table made by plain loops."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.model.blocks import has_ha_evidence, in_block_order, list_blocks
from vpnframe.model.records import Connection, RouteEntry, Tunnel

CIDRS = st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "fd00::/8", "no block"])
NUMBERS = st.sampled_from([None, 0, 10, 100])
ROUTES = st.builds(
    RouteEntry,
    route_type=st.sampled_from(["policy", "destination", "bgp"]),
    source_cidr=st.none() | CIDRS,
    destination_cidr=CIDRS,
    priority=NUMBERS,
    weight=NUMBERS,
)
SELECTORS = st.lists(CIDRS, max_size=3).map(tuple)


def connection(**fields: object) -> Connection:
    known = {"vpn_connection_id": "vco-1", "tunnels": (Tunnel(tunnel_index=1),)}
    return Connection(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.proof
@given(vpc=SELECTORS, onprem=SELECTORS, routes=st.lists(ROUTES, max_size=8))
def test_blocks_equal_a_plain_table(
    vpc: tuple[str, ...], onprem: tuple[str, ...], routes: list[RouteEntry]
) -> None:
    """Each side, origin and text once; the smallest priority, the largest weight."""
    expected: dict[tuple[str, str, str], list[RouteEntry | None]] = defaultdict(list)
    for side, texts in (("vpc", vpc), ("onprem", onprem)):
        for text in texts:
            expected[side, "selector", text].append(None)
    for route in routes:
        expected["onprem", route.route_type, route.destination_cidr].append(route)
        if route.source_cidr is not None:
            expected["vpc", route.route_type, route.source_cidr].append(route)
    found = list_blocks(connection(vpc_subnets=vpc, onprem_subnets=onprem), routes)
    assert len(found) == len(expected)
    for block in found:
        stood_in = [r for r in expected[block.side, block.origin, block.text] if r is not None]
        priorities = sorted(r.priority for r in stood_in if r.priority is not None)
        weights = sorted(r.weight for r in stood_in if r.weight is not None)
        assert block.priority == (priorities[0] if priorities else None)
        assert block.weight == (weights[-1] if weights else None)


def test_blocks_are_sorted_as_numbers() -> None:
    """By family, address and length; what is no block comes last."""
    texts = ("no block", "fd00::/8", "10.9.0.0/16", "10.10.0.0/16", "10.9.0.0/24")
    assert in_block_order(texts) == [
        *("10.9.0.0/16", "10.9.0.0/24", "10.10.0.0/16", "fd00::/8", "no block")
    ]


def test_selectors_come_first_in_their_own_order() -> None:
    """As the answer lists them."""
    one = connection(vpc_subnets=("10.2.0.0/16", "10.1.0.0/16"), onprem_subnets=("10.3.0.0/16",))
    route = RouteEntry(route_type="destination", destination_cidr="10.0.0.0/16")
    assert [block.text for block in list_blocks(one, [route])] == [
        *("10.2.0.0/16", "10.1.0.0/16", "10.3.0.0/16", "10.0.0.0/16"),
    ]


@pytest.mark.parametrize(
    "evidence",
    [
        {"tunnels": (Tunnel(tunnel_index=1), Tunnel(tunnel_index=2))},
        {"bgp_enabled": True},
        {"health_check_enabled": True},
        {"has_weighed_routes": True},
    ],
)
def test_each_sign_of_failover_is_evidence(evidence: dict[str, object]) -> None:
    """Any of them; none of them is none."""
    assert has_ha_evidence(connection(**evidence))
    assert not has_ha_evidence(connection(bgp_enabled=False, health_check_enabled=None))
