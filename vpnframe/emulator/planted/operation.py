"""Planted faults of certificates and BGP."""

from __future__ import annotations

from dataclasses import replace

from vpnframe.emulator.fleet.model import EmulatedTunnel
from vpnframe.emulator.planted.planting import Planter

_CLOUD_ASN = 45104


def plant_missing_certificate(planter: Planter) -> None:
    """Remove the peer's CA certificate from one connection of an SM gateway."""
    if connection := planter.take(lambda c: c.tunnels[0].peer_ca is not None):
        planter.set_tunnels(connection, lambda tunnel: replace(tunnel, peer_ca=None))
        planter.record("sm-without-certificate", connection)


def plant_own_asn(planter: Planter) -> None:
    """Set the AS number of one BGP peer to the cloud's own."""
    if connection := planter.take(lambda c: c.tunnels[0].bgp is not None):
        planter.set_tunnels(connection, _with_own_asn)
        planter.record("bgp-own-asn", connection)


def _with_own_asn(tunnel: EmulatedTunnel) -> EmulatedTunnel:
    if tunnel.bgp is None:
        return tunnel
    return replace(tunnel, bgp=replace(tunnel.bgp, customer_asn=_CLOUD_ASN))
