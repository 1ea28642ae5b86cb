"""The expected results for a fleet, computed from the finished fleet alone.

Its vocabulary, arithmetic and grouping are independent, so that it cannot share a bug with the
code under test. It contains no key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from vpnframe.emulator.answers.findings import find_findings
from vpnframe.emulator.answers.overlaps import find_overlaps
from vpnframe.emulator.answers.parties import list_parties
from vpnframe.emulator.fleet.model import (
    EmulatedConnection,
    EmulatedFleet,
    EmulatedRoute,
    EmulatedTunnel,
    EmulatedVpc,
)

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "aes": "aes-128-cbc",
        "aes192": "aes-192-cbc",
        "aes256": "aes-256-cbc",
        "des": "des-cbc",
        "3des": "3des-cbc",
        "sm4": "sm4-cbc",
        "md5": "hmac-md5",
        "sha1": "hmac-sha1",
        "sha256": "hmac-sha256",
        "sha384": "hmac-sha384",
        "sha512": "hmac-sha512",
        "sm3": "hmac-sm3",
    }
)
_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "ikev1": 1,
        "ikev2": 2,
        "disabled": 0,
        "group1": 1,
        "group2": 2,
        "group5": 5,
        "group14": 14,
        "group24": 24,
    }
)
_ALGORITHM_COLUMNS = (
    *("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group"),
    *("ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
)
_LIFETIME_COLUMNS = ("ike_lifetime_s", "ipsec_lifetime_s")

Row = dict[str, str | int | None]
Counts = dict[str, dict[str | int | None, int]]


def answer_key(fleet: EmulatedFleet, *, now_ms: int | None = None) -> dict[str, object]:
    """Compute the expected results for a fleet.

    Examples
    --------
    >>> from vpnframe.emulator.fleet.making import make_fleet
    >>> answer_key(make_fleet(connections=0, regions=1))["overlaps"]
    []
    """
    tunnels = [row for connection in fleet.connections for row in _tunnel_rows(connection)]
    return {
        "seed": fleet.seed,
        "overlaps": find_overlaps(fleet),
        "findings": find_findings(fleet, now_ms=fleet.now_ms if now_ms is None else now_ms),
        "algorithms": _count(tunnels, _ALGORITHM_COLUMNS),
        "lifetimes": _count(tunnels, _LIFETIME_COLUMNS),
        "tunnels": tunnels,
        "routes": [_route_row(route) for route in fleet.routes],
        "vpcs": [_vpc_row(vpc) for vpc in fleet.vpcs],
        "ha_evidence": [i for i, party in list_parties(fleet).items() if party.has_evidence],
        "shared_keys": _shared_keys(fleet),
        "planted": [
            {"plant_id": plant.plant_id, "vpn_connection_ids": list(plant.vpn_connection_ids)}
            for plant in fleet.planted
        ],
        "counts": _fleet_counts(fleet, n_tunnels=len(tunnels)),
    }


def _tunnel_rows(connection: EmulatedConnection) -> list[Row]:
    """Return the settings of each tunnel; unnumbered tunnels are numbered by their sorted ids."""
    by_id = sorted(connection.tunnels, key=lambda tunnel: tunnel.tunnel_id or "")
    return [
        _tunnel_row(connection, tunnel, tunnel.index or by_id.index(tunnel) + 1)
        for tunnel in connection.tunnels
    ]


def _tunnel_row(connection: EmulatedConnection, tunnel: EmulatedTunnel, index: int) -> Row:
    proposal = tunnel.proposal
    return {
        "account_id": connection.account_id,
        "region_id": connection.region_id,
        "vpn_connection_id": connection.vpn_connection_id,
        "tunnel_id": tunnel.tunnel_id,
        "tunnel_index": index,
        "ike_version": _NUMBERS[proposal.ike_version],
        "ike_mode": proposal.ike_mode,
        "ike_encryption": _WORDS[proposal.ike_enc.lower()],
        "ike_integrity": _WORDS[proposal.ike_auth.lower()],
        "ike_dh_group": _NUMBERS[proposal.ike_pfs],
        "ike_lifetime_s": proposal.ike_lifetime,
        "ipsec_encryption": _WORDS[proposal.ipsec_enc.lower()],
        "ipsec_integrity": _WORDS[proposal.ipsec_auth.lower()],
        "ipsec_pfs_group": _NUMBERS[proposal.ipsec_pfs],
        "ipsec_lifetime_s": proposal.ipsec_lifetime,
    }


def _route_row(route: EmulatedRoute) -> dict[str, object]:
    """Return a route as a row; a route that the cloud announces has no connection."""
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


def _count(tunnels: list[Row], columns: tuple[str, ...]) -> Counts:
    return {
        column: dict(
            Counter(
                row[column] for row in tunnels if column != "ike_mode" or row["ike_version"] == 1
            )
        )
        for column in columns
    }


def _shared_keys(fleet: EmulatedFleet) -> list[list[str]]:
    """Return groups of connections that share a key; the key itself is not returned."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for connection in fleet.connections:
        for tunnel in connection.tunnels:
            if tunnel.psk is not None:
                holders[tunnel.psk].add(connection.vpn_connection_id)
    groups = {tuple(sorted(group)) for group in holders.values() if len(group) > 1}
    return [list(group) for group in sorted(groups)]


def _fleet_counts(fleet: EmulatedFleet, *, n_tunnels: int) -> dict[str, object]:
    kinds = {"Normal": "normal", "NationalStandard": "sm"}
    return {
        "connections": len(fleet.connections),
        "tunnels": n_tunnels,
        "vpcs": len(fleet.vpcs),
        "vpn_gateways": dict(Counter(kinds[gateway.vpn_type] for gateway in fleet.vpn_gateways)),
        "customer_gateways": len(fleet.customer_gateways),
        "connections_per_region": {
            region.region_id: sum(c.region_id == region.region_id for c in fleet.connections)
            for region in fleet.regions
        },
        "connections_per_account": {
            account.account_id: sum(c.account_id == account.account_id for c in fleet.connections)
            for account in fleet.accounts
        },
        "connections_per_attach_type": dict(Counter(c.attach_type for c in fleet.connections)),
    }
