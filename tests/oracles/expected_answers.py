"""Compute all expected results for a fleet from the finished fleet alone.

The oracles share no vocabulary, arithmetic or grouping with the package, so that they cannot share
a bug with the code under test. The results contain no pre-shared key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from expected_findings import find_findings
from expected_overlaps import find_overlaps
from expected_parties import list_parties

from vpnframe.emulator import EmulatedFleet, answer_key
from vpnframe.emulator.fleet.model import EmulatedRoute, EmulatedVpc

_ALGORITHM_COLUMNS = (
    *("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group"),
    *("ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
)
_LIFETIME_COLUMNS = ("ike_lifetime_s", "ipsec_lifetime_s")

Counts = dict[str, dict[str | int | None, int]]


def full_answer_key(fleet: EmulatedFleet, *, now_ms: int | None = None) -> dict[str, Any]:
    """Compute the expected results for a fleet.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet
    >>> full_answer_key(make_fleet(connections=0, regions=1))["overlaps"]
    []
    """
    key: dict[str, Any] = answer_key(fleet)
    return key | {
        "overlaps": find_overlaps(fleet),
        "findings": find_findings(fleet, now_ms=fleet.now_ms if now_ms is None else now_ms),
        "algorithms": _count(key["tunnels"], _ALGORITHM_COLUMNS),
        "lifetimes": _count(key["tunnels"], _LIFETIME_COLUMNS),
        "routes": [_route_row(route) for route in fleet.routes],
        "vpcs": [_vpc_row(vpc) for vpc in fleet.vpcs],
        "ha_evidence": [i for i, party in list_parties(fleet).items() if party.has_evidence],
        "shared_keys": _shared_keys(fleet),
    }


def _route_row(route: EmulatedRoute) -> dict[str, object]:
    """Return a route as a row. A route that the cloud announces has no connection."""
    is_announced = route.learned_from == "CLOUD"
    return {
        "account_id": route.account_id,
        "region_id": route.region_id,
        "vpn_gateway_id": route.vpn_gateway_id,
        "vpn_connection_id": None if is_announced else route.vpn_connection_id,
        "route_type": "destination" if route.kind == "custom" else route.kind,
        "source_cidr": route.source,
        "destination_cidr": route.destination,
        "weight": route.weight,
        "priority": route.priority,
        "state": route.state,
        "next_hop": route.next_hop,
        "tunnel_ids": list(route.tunnel_ids),
        "as_path": route.as_path,
        "learned_from": route.learned_from,
    }


def _vpc_row(vpc: EmulatedVpc) -> dict[str, object]:
    return {
        "account_id": vpc.account_id,
        "region_id": vpc.region_id,
        "vpc_id": vpc.vpc_id,
        "name": vpc.name,
        "cidrs": [vpc.cidr],
        "secondary_cidrs": list(vpc.secondary_cidrs),
        "user_cidrs": list(vpc.user_cidrs),
    }


def _count(tunnels: list[dict[str, Any]], columns: tuple[str, ...]) -> Counts:
    return {
        column: dict(
            Counter(
                row[column] for row in tunnels if column != "ike_mode" or row["ike_version"] == 1
            )
        )
        for column in columns
    }


def _shared_keys(fleet: EmulatedFleet) -> list[list[str]]:
    """Return the groups of connections that share a pre-shared key, without the key."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for connection in fleet.connections:
        for tunnel in connection.tunnels:
            if tunnel.psk is not None:
                holders[tunnel.psk].add(connection.vpn_connection_id)
    groups = {tuple(sorted(group)) for group in holders.values() if len(group) > 1}
    return [list(group) for group in sorted(groups)]
