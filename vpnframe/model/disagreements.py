"""Find fields in which the list of connections differs from a downloaded configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from operator import attrgetter

from vpnframe.model.masked import is_masked_value
from vpnframe.model.perspective import networks
from vpnframe.model.records import (
    Disagreement,
    KeyFacts,
    Phases,
    Statement,
    Tunnel,
    TunnelStatement,
)

_UNSET = (("ike_lifetime_s", "0"), ("ipsec_lifetime_s", "0"))
# The compared values of a tunnel: column name, and attribute path in a TunnelStatement.
_COMPARED = {
    "bgp_tunnel_cidr": "bgp_tunnel_cidr",
    "ike_version": "phases.ike_version", "ike_mode": "phases.ike_mode",
    "ike_encryption": "phases.ike.encryption", "ike_integrity": "phases.ike.integrity",
    "ike_dh_group": "phases.ike.dh_group", "ike_lifetime_s": "phases.ike.lifetime_s",
    "ipsec_encryption": "phases.ipsec.encryption", "ipsec_integrity": "phases.ipsec.integrity",
    "ipsec_pfs_group": "phases.ipsec.dh_group", "ipsec_lifetime_s": "phases.ipsec.lifetime_s",
    "vpn_gateway_ip": "local.address", "vpn_gateway_ike_id": "local.ike_id",
    "vpn_gateway_asn": "local.asn", "bgp_vpn_gateway_ip": "local.bgp_ip",
    "customer_gateway_ip": "remote.address", "customer_gateway_ike_id": "remote.ike_id",
    "customer_gateway_asn": "remote.asn", "bgp_customer_gateway_ip": "remote.bgp_ip",
}  # fmt: skip
_read_compared = attrgetter(*_COMPARED.values())

TunnelKey = tuple[str, int]  # tunnel id (empty if missing), and number among equal ids


def find_differences(download: Statement, describe: Statement) -> Iterator[Disagreement]:
    """Yield each field whose values differ in a connection's download and its list row."""
    differing = partial(Disagreement, vpn_connection_id=describe.vpn_connection_id)
    for field, ours, theirs in (
        ("vpc_subnets", download.local_subnets, describe.local_subnets),
        ("onprem_subnets", download.remote_subnets, describe.remote_subnets),
    ):
        is_same = not ours or not theirs or ours == theirs or networks(ours) == networks(theirs)
        if not is_same and not is_masked_value(ours + theirs):
            texts = {"download_value": ",".join(ours), "describe_value": ",".join(theirs)}
            yield differing(field=field, **texts)
    if shows_bgp(download.tunnels) and describe.bgp_enabled is False:
        yield differing(field="bgp_enabled", download_value="True", describe_value="False")
    yield from _tunnel_differences(tunnels_by_id(download), tunnels_by_id(describe), differing)


def _tunnel_differences(
    downloaded: Mapping[TunnelKey, TunnelStatement],
    listed: Mapping[TunnelKey, TunnelStatement],
    differing: Callable[..., Disagreement],
) -> Iterator[Disagreement]:
    """Yield the tunnel fields that differ; a missing tunnel is a difference of ``tunnel_id``."""
    if not any(map(_says_anything, listed.values())):
        return
    keys = sorted(listed.keys() | downloaded.keys())
    is_comparable = not is_masked_value(tuple(tunnel_id for tunnel_id, _ in keys))
    for key in keys:
        row, config = listed.get(key), downloaded.get(key)
        if row is None or config is None:
            if is_comparable and _says_anything(row or config or TunnelStatement()):
                side = "describe_value" if row else "download_value"
                said = {side: key[0] or "a single tunnel"}
                yield differing(field="tunnel_id", tunnel_id=key[0] or None, **said)
            continue
        differs = partial(differing, tunnel_id=config.tunnel_id)
        values = zip(_COMPARED, _read_compared(config), _read_compared(row), strict=True)
        for field, ours, theirs in values:
            is_other = ours != theirs and ours is not None and theirs is not None
            if is_other and not is_masked_value((ours, theirs)):
                yield differs(field=field, download_value=str(ours), describe_value=str(theirs))
        if _are_other_keys(config.key_facts, row.key_facts):
            both = {"download_value": "differs", "describe_value": "differs"}
            yield differs(field="psk_fingerprint", **both)


def _are_other_keys(one: KeyFacts | None, other: KeyFacts | None) -> bool:
    """Check whether the fingerprints of two pre-shared keys are comparable and differ."""
    if not (one and other and one.fingerprint and other.fingerprint):
        return False
    is_comparable = one.fingerprint_key_id == other.fingerprint_key_id
    return is_comparable and one.fingerprint != other.fingerprint


def _says_anything(tunnel: TunnelStatement) -> bool:
    return tunnel.tunnel_id is not None or tunnel.phases != Phases()


def _spoken(tunnel: TunnelStatement) -> list[tuple[str, str]]:
    """Return the compared fields of a tunnel that are not None, as column names and values."""
    values = zip(_COMPARED, _read_compared(tunnel), strict=True)
    return [(name, str(value)) for name, value in values if value is not None]


def find_strays(statement: Statement, tunnels: Iterable[TunnelStatement]) -> Iterator[Disagreement]:
    """Yield a disagreement if the tunnel settings of the connection itself match no tunnel."""
    stray = statement.stray_tunnel
    if stray is None:
        return
    # In connection-level settings beside tunnels, an unset lifetime is sent as 0.
    said_here = [one for one in _spoken(stray) if one not in _UNSET]
    values = [(name, value) for name, value in said_here if not is_masked_value(value)]
    for tunnel in tunnels:
        known = dict(_spoken(tunnel))
        # A masked value of the tunnel may be the same.
        if all(known.get(name) == one or is_masked_value(known.get(name)) for name, one in values):
            return
    if not values:
        return
    said = " ".join(f"{name}={value}" for name, value in values)
    yield Disagreement(
        vpn_connection_id=statement.vpn_connection_id,
        field="connection_level",
        **{f"{statement.witness}_value": said},
    )


def tunnels_by_id(statement: Statement | None) -> dict[TunnelKey, TunnelStatement]:
    """Return the tunnels by id and a number, which distinguishes tunnels with the same id."""
    seen: dict[str, int] = {}
    tunnels = {}
    for tunnel in statement.tunnels if statement else ():
        tunnel_id = tunnel.tunnel_id or ""
        number = seen.get(tunnel_id, 0)
        tunnels[tunnel_id, number] = tunnel
        seen[tunnel_id] = number + 1
    return tunnels


def shows_bgp(tunnels: Iterable[Tunnel | TunnelStatement]) -> bool | None:
    """Return True if a tunnel has a BGP tunnel CIDR, else None, because BGP may still be on."""
    return any(tunnel.bgp_tunnel_cidr for tunnel in tunnels) or None
