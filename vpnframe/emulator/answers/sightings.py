"""One fault in one place, as the answer key sees it; and the fleet's words in plain ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedTunnel

SEVERITIES = ("info", "low", "medium", "high", "critical")
UP = "ipsec_sa_established"


@dataclass(frozen=True)
class Sighting:
    """A rule that fails in one place, or that can't be judged there.

    ``subject`` is the id of a connection or a gateway, ``other`` that of a pair's second one.
    """

    rule_id: str
    subject: str
    severity: str
    tunnel_id: str | None = None
    other: str = ""
    status: str = "open"


def sm_gateways(fleet: EmulatedFleet) -> set[str]:
    """The ids of the gateways that know the SM suite alone."""
    return {g.vpn_gateway_id for g in fleet.vpn_gateways if g.vpn_type == "NationalStandard"}


def tunnels_of(fleet: EmulatedFleet) -> Iterator[tuple[EmulatedConnection, EmulatedTunnel]]:
    """Every tunnel with its connection."""
    for connection in fleet.connections:
        for tunnel in connection.tunnels:
            yield connection, tunnel
