"""Compute the expected findings of a fleet by rules of the oracle alone.

There is one finding per rule, subject and status, with the tunnels that show it and the highest
severity among them. A fleet is assumed to be read completely, including its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from expected_crypto import crypto_faults
from expected_keys import at_ceiling, key_faults
from expected_overlaps import find_groups, find_overlaps
from expected_selectors import selector_faults
from expected_service import service_faults
from expected_sightings import SEVERITIES, Sighting
from expected_wiring import wiring_faults

from vpnframe.emulator.fleet.model import EmulatedFleet

_OVERLAP_RULES = {
    "own_sides": "vpn-overlap-own-sides",
    "onprem": "vpn-overlap-onprem",
    "selector_pair": "vpn-overlap-selector-pair",
    "duplicate": "vpn-overlap-duplicate",
    "route_domain": "vpn-overlap-route-domain",
    "other_vpc": "vpn-overlap-other-vpc",
}


def find_findings(
    fleet: EmulatedFleet, *, now_ms: int, are_routes_known: bool = True
) -> list[dict[str, object]]:
    """Return the expected findings of a fleet."""
    seen = fleet if are_routes_known else replace(fleet, routes=(), vpcs=())
    sightings = [
        *crypto_faults(seen),
        *key_faults(seen),
        *wiring_faults(seen, are_routes_known=are_routes_known),
        *service_faults(seen, now_ms=now_ms, are_routes_known=are_routes_known),
        *selector_faults(seen),
        *_overlap_faults(seen),
    ]
    if at_ceiling(seen):
        sightings.append(Sighting("platform-ceiling", "", "info"))
    if not are_routes_known:  # reported once for all connections
        sightings += [
            Sighting("vpn-route-unpublished", "", "medium", status="unknown"),
            Sighting("vpn-route-next-hop-down", "", "medium", status="unknown"),
            Sighting("vpn-gateway-routes-quota", "", "info", status="unknown"),
        ]
    return _gathered(sightings)


def _overlap_faults(fleet: EmulatedFleet) -> Iterator[Sighting]:
    """Yield a finding per overlap of a site with a VPC, and per group of overlapping sites."""
    groups = find_groups(fleet)
    held = [[row] for row in find_overlaps(fleet) if row["kind"] in ("own_sides", "other_vpc")]
    for rows in [*held, *groups]:
        if rule := _OVERLAP_RULES.get(str(rows[0]["kind"])):
            ids = [str(_id_of(row, end)) for row in rows for end in ("left", "right")]
            others = ",".join(sorted({one for one in ids if one != ids[0]}))
            yield Sighting(rule, ids[0], str(rows[0]["severity"]), other=others)


def _id_of(row: Mapping[str, object], end: str) -> object:
    half = row[end]
    return half["vpn_connection_id"] if isinstance(half, dict) else None


def _gathered(sightings: Iterable[Sighting]) -> list[dict[str, object]]:
    """Merge the sightings of one rule, resource and status into one finding."""
    gathered: dict[tuple[str, str, str, str], list[Sighting]] = {}
    for one in sightings:
        key = (one.rule_id, one.subject, one.other, one.status)
        gathered.setdefault(key, []).append(one)
    return [
        {
            "rule_id": rule_id,
            "status": status,
            "subject": subject,
            "other": other,
            "tunnels": sorted({one.tunnel_id for one in found if one.tunnel_id}),
            "severity": max((one.severity for one in found), key=SEVERITIES.index),
        }
        for (rule_id, subject, other, status), found in sorted(gathered.items())
    ]
