"""Find the fields on which the two answers about one connection differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from vpnframe.model.masked import is_masked_value
from vpnframe.model.perspective import networks
from vpnframe.model.records import (
    Connection,
    Disagreement,
    KeyFacts,
    Phases,
    Statement,
    Tunnel,
    TunnelStatement,
)

_UNSET = (("ike_lifetime_s", "0"), ("ipsec_lifetime_s", "0"))

TunnelKey = tuple[str, int]  # its id, empty if missing, and its number among equal ids


def find_differences(download: Statement, describe: Statement) -> Iterator[Disagreement]:
    """Yield every field that both answers about one connection contain with different values."""
    connection_id = describe.vpn_connection_id
    for field, ours, theirs in (
        ("vpc_subnets", download.local_subnets, describe.local_subnets),
        ("onprem_subnets", download.remote_subnets, describe.remote_subnets),
    ):
        is_other = ours and theirs and networks(ours) != networks(theirs)
        if is_other and not is_masked_value(ours + theirs):
            yield Disagreement(
                vpn_connection_id=connection_id,
                field=field,
                download_value=",".join(ours),
                describe_value=",".join(theirs),
            )
    if shows_bgp(download.tunnels) and describe.bgp_enabled is False:
        yield Disagreement(
            vpn_connection_id=connection_id,
            field="bgp_enabled",
            download_value="True",
            describe_value="False",
        )
    yield from _tunnel_differences(download, describe)


def _tunnel_differences(download: Statement, describe: Statement) -> Iterator[Disagreement]:
    """Yield the differences of their tunnels; a list row without tunnels is not compared."""
    connection_id = describe.vpn_connection_id
    listed, downloaded = tunnels_by_id(describe), tunnels_by_id(download)
    if not any(map(_says_anything, listed.values())):
        return
    keys = sorted(listed.keys() | downloaded.keys())
    is_comparable = not is_masked_value(tuple(tunnel_id for tunnel_id, _ in keys))
    for key in keys:
        row, config = listed.get(key), downloaded.get(key)
        if row is None or config is None:
            if is_comparable and _says_anything(row or config or TunnelStatement()):
                yield _one_sided(connection_id, key[0] or None, "describe" if row else "download")
            continue
        described = dict(_spoken(row))
        for field, value in _spoken(config):
            other = described.get(field, value)
            if other != value and not is_masked_value((value, other)):
                yield Disagreement(
                    vpn_connection_id=connection_id,
                    field=field,
                    tunnel_id=config.tunnel_id,
                    download_value=value,
                    describe_value=other,
                )
        if _are_other_keys(config.key_facts, row.key_facts):
            yield Disagreement(
                vpn_connection_id=connection_id,
                field="psk_fingerprint",
                tunnel_id=config.tunnel_id,
                download_value="differs",
                describe_value="differs",
            )


def _are_other_keys(one: KeyFacts | None, other: KeyFacts | None) -> bool:
    """Check whether both answers show a key and the fingerprints are comparable and differ."""
    if one is None or other is None or one.fingerprint is None or other.fingerprint is None:
        return False
    is_comparable = one.fingerprint_key_id == other.fingerprint_key_id
    return is_comparable and one.fingerprint != other.fingerprint


def _says_anything(tunnel: TunnelStatement) -> bool:
    return tunnel.tunnel_id is not None or tunnel.phases != Phases()


def _one_sided(connection_id: str, tunnel_id: str | None, witness: str) -> Disagreement:
    """Return a disagreement on a tunnel that only one answer contains."""
    said = tunnel_id or "a single tunnel"
    return Disagreement(
        vpn_connection_id=connection_id,
        field="tunnel_id",
        tunnel_id=tunnel_id,
        download_value=said if witness == "download" else None,
        describe_value=said if witness == "describe" else None,
    )


def _spoken(tunnel: TunnelStatement) -> list[tuple[str, str]]:
    """Return the values that a statement contains for a tunnel, with their column names."""
    values = [("bgp_tunnel_cidr", tunnel.bgp_tunnel_cidr), *_phase_values(tunnel.phases)]
    for side, end in (("vpn_gateway", tunnel.local), ("customer_gateway", tunnel.remote)):
        values += [
            (f"{side}_ip", end.address),
            (f"{side}_ike_id", end.ike_id),
            (f"{side}_asn", end.asn),
            (f"bgp_{side}_ip", end.bgp_ip),
        ]
    return [(name, str(value)) for name, value in values if value is not None]


def _phase_values(phases: Phases) -> list[tuple[str, object]]:
    values: list[tuple[str, object]] = [
        ("ike_version", phases.ike_version),
        ("ike_mode", phases.ike_mode),
    ]
    for prefix, group, proposal in (
        ("ike", "dh_group", phases.ike),
        ("ipsec", "pfs_group", phases.ipsec),
    ):
        values += [
            (f"{prefix}_encryption", proposal.encryption),
            (f"{prefix}_integrity", proposal.integrity),
            (f"{prefix}_{group}", proposal.dh_group),
            (f"{prefix}_lifetime_s", proposal.lifetime_s),
        ]
    return values


def find_strays(
    statement: Statement | None, tunnels: Iterable[TunnelStatement]
) -> Iterator[Disagreement]:
    """Yield a connection-level block beside tunnels that matches none of the tunnels."""
    stray = statement.stray_tunnel if statement else None
    if statement is None or stray is None:
        return
    # Beside tunnels an unset lifetime is sent as 0.
    said_here = [one for one in _spoken(stray) if one not in _UNSET]
    values = [(name, value) for name, value in said_here if not is_masked_value(value)]
    if not values or any(_repeats(values, tunnel) for tunnel in tunnels):
        return
    said = " ".join(f"{name}={value}" for name, value in values)
    yield Disagreement(
        vpn_connection_id=statement.vpn_connection_id,
        field="connection_level",
        download_value=said if statement.witness == "download" else None,
        describe_value=said if statement.witness == "describe" else None,
    )


def _repeats(values: Iterable[tuple[str, str]], tunnel: TunnelStatement) -> bool:
    """Check whether a tunnel has all of these values; a masked value matches any."""
    said = dict(_spoken(tunnel))
    return all(said.get(name) == value or is_masked_value(said.get(name)) for name, value in values)


def conflict(connection: Connection) -> Disagreement:
    """Return a disagreement for contradictory evidence on the perspective of a download."""
    return Disagreement(
        vpn_connection_id=connection.vpn_connection_id,
        field="perspective",
        download_value="written for both ends at once",
    )


def tunnels_by_id(statement: Statement | None) -> dict[TunnelKey, TunnelStatement]:
    """Return a statement's tunnels by id; tunnels that share an id are numbered in order."""
    seen: Counter[str] = Counter()
    tunnels = {}
    for tunnel in statement.tunnels if statement else ():
        tunnel_id = tunnel.tunnel_id or ""
        tunnels[tunnel_id, seen[tunnel_id]] = tunnel
        seen[tunnel_id] += 1
    return tunnels


def shows_bgp(tunnels: Iterable[Tunnel | TunnelStatement]) -> bool | None:
    """Return True if a tunnel has a BGP link block, else None: a download has no BGP switch."""
    return any(tunnel.bgp_tunnel_cidr for tunnel in tunnels) or None
