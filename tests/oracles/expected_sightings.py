"""Define a fault in one resource, and helpers to read a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet, EmulatedTunnel

SEVERITIES = ("info", "low", "medium", "high", "critical")
UP = "ipsec_sa_established"


@dataclass(frozen=True)
class Sighting:
    """A rule that fails for one resource, or that cannot be judged for it.

    ``subject`` is the id of a connection or gateway; ``other`` is the id of a second connection.
    """

    rule_id: str
    subject: str
    severity: str
    tunnel_id: str | None = None
    other: str = ""
    status: str = "open"


def sm_gateways(fleet: EmulatedFleet) -> set[str]:
    """Return the ids of the gateways that support only the SM suite."""
    return {g.vpn_gateway_id for g in fleet.vpn_gateways if g.vpn_type == "NationalStandard"}


def tunnels_of(fleet: EmulatedFleet) -> Iterator[tuple[EmulatedConnection, EmulatedTunnel]]:
    """Yield every tunnel with its connection."""
    for connection in fleet.connections:
        for tunnel in connection.tunnels:
            yield connection, tunnel
