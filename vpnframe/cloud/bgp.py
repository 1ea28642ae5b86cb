"""BGP settings of a connection: whether BGP is enabled, and the status of its session."""

from __future__ import annotations

from collections.abc import Iterable

from vpnframe.cloud.fields import Fields, read_flag

BGP_LINK = ("LocalAsn", "PeerAsn", "LocalBgpIp", "PeerBgpIp", "TunnelCidr")
_STATUS = ("Status", "BgpStatus")
BGP_FIELDS = (*BGP_LINK, *_STATUS, "AuthKey")


def bgp_is_enabled(row: Fields, tunnels: list[Fields]) -> bool | None:
    """Check whether BGP is enabled: an explicit switch takes precedence over other values.

    ``EnableTunnelsBgp`` concerns dual tunnels: a single tunnel's status takes precedence over it.
    """
    of_tunnels = row.flag("EnableTunnelsBgp")
    blocks = [tunnel.block("TunnelBgpConfig") for tunnel in tunnels] or [row.block("VpnBgpConfig")]
    switches = _any_of(block.flag("EnableBgp") for block in blocks)
    # A failed session counts as enabled.
    words = [word for word in map(bgp_status, blocks) if word is not None]
    states = _any_of(read_flag(word) is not False for word in words)
    nearest = (switches, of_tunnels, states) if tunnels else (switches, states, of_tunnels)
    told = next((one for one in nearest if one is not None), None)
    shown = row.has("VpnBgpConfig", *BGP_FIELDS) or any(
        tunnel.has("TunnelBgpConfig", *BGP_FIELDS) for tunnel in tunnels
    )
    return True if told is None and shown else told


def _any_of(flags: Iterable[bool | None]) -> bool | None:
    """Return whether any flag is true; None if all are unknown."""
    told = [flag for flag in flags if flag is not None]
    return any(told) if told else None


def bgp_status(bgp: Fields) -> str | None:
    """Return the status of the BGP session or of its switch; None if the block has neither."""
    return next((word for word in map(bgp.word, _STATUS) if word is not None), None)
