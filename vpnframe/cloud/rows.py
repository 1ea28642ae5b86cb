"""Decode one row of an answer to one record, field by named field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from vpnframe.cloud import route_rows
from vpnframe.cloud.bgp import BGP_FIELDS, BGP_LINK, bgp_is_enabled, bgp_status
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.hints import HintsOfDownload, HintsOfRow
from vpnframe.model import terms
from vpnframe.model.records import (
    Attachment,
    End,
    Gateway,
    Phases,
    Proposal,
    Region,
    Row,
    Statement,
    TunnelStatement,
)

_ROLES = {"master": "active", "slave": "standby"}
# A block has settings if it holds one of these; newer members or a key alone do not count.
_PROPOSAL = ("EncAlg", "AuthAlg", "Pfs", "Lifetime")
_IKE = ("IkeVersion", "IkeMode", "LocalId", "RemoteId", *(f"Ike{name}" for name in _PROPOSAL))
_IPSEC = tuple(f"Ipsec{name}" for name in _PROPOSAL)
_VPN_TYPES = {"normal": "normal", "nationalstandard": "sm"}


class _TunnelParts(NamedTuple):
    """Field names of the parts of a tunnel in a list row."""

    ike: str
    ipsec: str
    bgp: str


_OF_CONNECTION = _TunnelParts("IkeConfig", "IpsecConfig", "VpnBgpConfig")
_OF_TUNNEL = _TunnelParts("TunnelIkeConfig", "TunnelIpsecConfig", "TunnelBgpConfig")


def downloaded_connection(answer: Fields, *, vpn_connection_id: str) -> Statement:
    """Decode an answer of DownloadVpnConnectionConfig."""
    config = answer.block("VpnConnectionConfig")
    rows = _told_tunnels(config, "TunnelsConfig", "TunnelConfig", "IkeConfig", "IpsecConfig")
    _note_missing_ids(rows)
    bgp = _bgp_by_tunnel(config, rows)
    hints = HintsOfDownload(config, rows, vpn_connection_id)
    tunnels = tuple(_downloaded_tunnel(row, bgp, hints) for row in rows)
    single = (
        _downloaded_tunnel(config, bgp, hints) if _says_anything(config) or not tunnels else None
    )
    return Statement(
        witness="download",
        vpn_connection_id=vpn_connection_id,
        tunnels=tunnels or ((single,) if single else ()),
        stray_tunnel=single if tunnels else None,
        is_dual=bool(tunnels),
        local_subnets=config.subnets("LocalSubnet"),
        remote_subnets=config.subnets("RemoteSubnet"),
        request_id=answer.text("RequestId"),
        notes=answer.notes,
    )


def says_anything(statement: Statement) -> bool:
    """Check whether a download contains more about the connection than its tunnel ids."""
    said = [*statement.tunnels, statement.stray_tunnel]
    return bool(statement.local_subnets or statement.remote_subnets) or any(
        tunnel is not None and _has_settings(tunnel) for tunnel in said
    )


def _has_settings(tunnel: TunnelStatement) -> bool:
    if tunnel.psk_state not in (None, "absent"):
        return True
    apart = {"tunnel_id": None, "psk_state": None, "key_facts": None}
    return msgspec.structs.replace(tunnel, **apart) != TunnelStatement()


def _bgp_by_tunnel(config: Fields, tunnels: list[Fields]) -> dict[str | None, Fields]:
    """Return the BGP parameters by tunnel id; with a single tunnel the id may be missing."""
    sent = config.rows("BgpConfigs", "BgpConfig", mark="TunnelId")
    rows = [row for row in sent if row.has("TunnelId") or any(map(row.nonzero_text, BGP_LINK))]
    if not tunnels and len(rows) == 1:
        return {None: rows[0]}
    known = {tunnel.text("TunnelId") for tunnel in tunnels} or {None}
    for row in rows:
        if row.text("TunnelId") not in known:
            row.note("TunnelId", "names no tunnel of this answer")
    return {row.text("TunnelId"): row for row in rows}


def _downloaded_tunnel(
    row: Fields, bgp: Mapping[str | None, Fields], hints: Iterable[str]
) -> TunnelStatement:
    tunnel_id = row.text("TunnelId")
    peers, ike = bgp.get(tunnel_id) or Fields({}, []), row.block("IkeConfig")
    local, remote = row.nonzero_text("Local"), row.nonzero_text("Remote")
    return TunnelStatement(
        tunnel_id=tunnel_id,
        psk_state=ike.secret("Psk"),
        key_facts=ike.key_facts("Psk", hints=hints),
        phases=_phases(row, "IkeConfig", "IpsecConfig"),
        local=_end(ike, peers, side="Local", asn="LocalAsn", address=local),
        remote=_end(ike, peers, side="Remote", asn="PeerAsn", address=remote),
        bgp_tunnel_cidr=peers.nonzero_text("TunnelCidr"),
    )


def listed_connection(row: Fields) -> Statement | None:
    """Decode a row of DescribeVpnConnections; None without an id."""
    connection_id = row.text("VpnConnectionId")
    if connection_id is None:
        return None
    names = ("TunnelOptionsSpecification", "TunnelOptions")
    rows = _told_tunnels(row, *names, _OF_TUNNEL.ike, _OF_TUNNEL.ipsec)
    _note_missing_ids(rows)
    hints = HintsOfRow(row, rows)
    tunnels = tuple(_listed_tunnel(tunnel, _OF_TUNNEL, hints) for tunnel in rows)
    single = (
        _listed_tunnel(row, _OF_CONNECTION, hints) if _says_anything(row) or not tunnels else None
    )
    health = row.block("VcoHealthCheck")
    is_checked = health.flag("Enable")
    bandwidth = _bandwidth(row, *_bandwidth_names(row))
    return Statement(
        witness="describe",
        vpn_connection_id=connection_id,
        tunnels=tunnels or ((single,) if single else ()),
        stray_tunnel=single if tunnels else None,
        is_dual=bool(tunnels),
        local_subnets=row.subnets("LocalSubnet"),
        remote_subnets=row.subnets("RemoteSubnet"),
        name=row.text("Name"),
        status=row.text("Status", "status"),
        state=row.text("State"),
        created_ms=row.nonzero_number("CreateTime", bits=48),
        effect_immediately=row.flag("EffectImmediately"),
        attach_type=row.text("AttachType"),
        vpn_gateway_id=row.text("VpnGatewayId"),
        customer_gateway_id=row.text("CustomerGatewayId"),
        transit_router_id=row.text("TransitRouterId"),
        network_type=row.text("NetworkType"),
        gateway_address=row.nonzero_text("InternetIp"),
        bandwidth_mbps=bandwidth.mbps,
        has_unknown_bandwidth=bandwidth.is_unknown,
        resource_group_id=row.text("ResourceGroupId"),
        bgp_enabled=bgp_is_enabled(row, rows),
        # Dual tunnels have no health check: false is not a setting there.
        health_check_enabled=is_checked or (None if tunnels else is_checked),
        health_check_status=health.text("Status"),
        tags=row.tags("Tag") or row.tags("Tags"),  # ``Tags`` in a DescribeVpnConnection answer
        notes=row.notes,
    )


def _listed_tunnel(row: Fields, names: _TunnelParts, hints: Iterable[str]) -> TunnelStatement:
    ike, bgp = row.block(names.ike), row.block(names.bgp)
    address, role = row.nonzero_text("InternetIp"), row.text("Role")
    return TunnelStatement(
        tunnel_id=row.text("TunnelId"),
        tunnel_index=row.nonzero_number("TunnelIndex", bits=16),
        role=_ROLES.get(role.lower(), role.lower()) if role else None,
        status=row.text("Status", "status"),
        state=row.text("State"),
        zone_id=row.text("ZoneNo"),
        customer_gateway_id=row.text("CustomerGatewayId"),
        gateway_address=address,
        dpd_enabled=row.flag("EnableDpd"),
        nat_traversal_enabled=row.flag("EnableNatTraversal"),
        has_peer_ca=row.has("RemoteCaCertificate"),
        psk_state=ike.secret("Psk"),
        key_facts=ike.key_facts("Psk", hints=hints),
        phases=_phases(row, names.ike, names.ipsec),
        local=_end(ike, bgp, side="Local", asn="LocalAsn", address=address),
        remote=_end(ike, bgp, side="Remote", asn="PeerAsn", address=None),
        bgp_status=bgp_status(bgp),
        bgp_tunnel_cidr=bgp.nonzero_text("TunnelCidr"),
        bgp_auth_state=bgp.secret("AuthKey") if row.has(names.bgp, *BGP_FIELDS) else None,
    )


def attachment(row: Fields) -> Attachment | None:
    """Decode a row of DescribeVpnAttachments; None without an id."""
    connection_id = row.text("InstanceId", "VpnConnectionId")
    if connection_id is None:
        return None
    bandwidth = _bandwidth(row, "TunnelBandwidth")
    return Attachment(
        vpn_connection_id=connection_id,
        name=row.text("Name"),
        attach_type=row.text("AttachType"),
        transit_router_id=row.text("TransitRouterId"),
        bandwidth_mbps=bandwidth.mbps,
        has_unknown_bandwidth=bandwidth.is_unknown,
        tags=row.tags("Tags"),
        notes=row.notes,
    )


def vpn_gateway(row: Fields) -> Gateway | None:
    """Decode a row of DescribeVpnGateways; None without an id."""
    gateway_id = row.text("VpnGatewayId")
    if gateway_id is None:
        return None
    vpn_type = row.text("VpnType")
    return Gateway(
        gateway_id=gateway_id,
        kind="vpn",
        name=row.text("Name"),
        ip_address=row.nonzero_text("InternetIp"),
        second_ip_address=row.nonzero_text("DisasterRecoveryInternetIp"),
        status=row.text("Status"),
        business_status=row.text("BusinessStatus"),
        vpn_type=_VPN_TYPES.get(vpn_type.lower(), vpn_type.lower()) if vpn_type else None,
        vpc_id=row.text("VpcId"),
        charge_type=row.text("ChargeType"),
        created_ms=row.nonzero_number("CreateTime", bits=48),
        expires_ms=row.nonzero_number("EndTime", bits=48),
        bandwidth_mbps=_bandwidth(row, "Spec").mbps,
        auto_propagate=row.flag("AutoPropagate"),
        bgp_enabled=row.flag("EnableBgp"),
        tags=row.tags("Tags"),
        notes=row.notes,
    )


def customer_gateway(row: Fields) -> Gateway | None:
    """Decode a row of DescribeCustomerGateways; None without an id."""
    gateway_id = row.text("CustomerGatewayId")
    if gateway_id is None:
        return None
    return Gateway(
        gateway_id=gateway_id,
        kind="customer",
        name=row.text("Name"),
        ip_address=row.nonzero_text("IpAddress"),
        asn=_asn(row, "Asn"),
        created_ms=row.nonzero_number("CreateTime", bits=48),
        bgp_auth_state=row.secret("AuthKey"),
        tags=row.tags("Tags"),
        notes=row.notes,
    )


def region(row: Fields) -> Region | None:
    """Decode a row of DescribeRegions; None without an id."""
    region_id = row.text("RegionId")
    return Region(region_id=region_id, endpoint=row.text("RegionEndpoint")) if region_id else None


DECODERS: Mapping[str, Callable[[Fields], Row | None]] = {
    "DescribeCustomerGateways": customer_gateway,
    "DescribeRegions": region,
    "DescribeVpnAttachments": attachment,
    "DescribeVpnConnections": listed_connection,
    "DescribeVpnGateways": vpn_gateway,
    **route_rows.DECODERS,
}


def _told_tunnels(row: Fields, outer: str, inner: str, ike: str, ipsec: str) -> list[Fields]:
    """Return the tunnels of an answer; an empty list if all of them are unset."""
    rows = row.rows(outer, inner, mark="TunnelId")
    # An empty list has been read, whatever fields are next to it.
    if not rows and (row.has(outer, inner) or (row.has(outer) and not row.shows(outer, inner))):
        row.doubt_secrets()
    is_told = any(
        one.has("TunnelId") or one.has(ike, *_IKE) or one.has(ipsec, *_IPSEC) for one in rows
    )
    return rows if is_told else []


def _note_missing_ids(tunnels: list[Fields]) -> None:
    """Note each tunnel without an id: two of them cannot be distinguished."""
    for tunnel in tunnels:
        if not tunnel.has("TunnelId"):
            tunnel.note("TunnelId", "is missing")


def _says_anything(row: Fields) -> bool:
    """Check whether the connection-level blocks have settings; on dual tunnels often not."""
    return row.has("IkeConfig", *_IKE) or row.has("IpsecConfig", *_IPSEC)


def _end(ike: Fields, bgp: Fields, *, side: str, asn: str, address: str | None) -> End:
    """Decode one end of a tunnel."""
    bgp_ip = bgp.nonzero_text("LocalBgpIp" if side == "Local" else "PeerBgpIp")
    return End(address=address, ike_id=ike.text(f"{side}Id"), asn=_asn(bgp, asn), bgp_ip=bgp_ip)


def _phases(row: Fields, ike_name: str, ipsec_name: str) -> Phases:
    told = [row.has(ike_name, *_IKE), row.has(ipsec_name, *_IPSEC)]
    for name, is_told in zip((ike_name, ipsec_name), told, strict=True):
        if not is_told:
            row.note(name, "is missing")
    ike, ipsec = row.block(ike_name), row.block(ipsec_name)
    version, mode = ike.text("IkeVersion"), ike.text("IkeMode")
    return Phases(
        ike_version=_number_of(ike, "IkeVersion", version, terms.ike_version),
        ike_mode=_word_of(ike, "IkeMode", mode and terms.ike_mode(mode), terms.IKE_MODES),
        ike=_proposal(ike, "Ike") if told[0] else Proposal(),
        ipsec=_proposal(ipsec, "Ipsec") if told[1] else Proposal(),
    )


def _proposal(block: Fields, prefix: str) -> Proposal:
    cipher, digest = block.text(f"{prefix}EncAlg"), block.text(f"{prefix}AuthAlg")
    return Proposal(
        encryption=_word_of(
            block, f"{prefix}EncAlg", cipher and terms.encryption(cipher), terms.ENCRYPTION_WORDS
        ),
        integrity=_word_of(
            block, f"{prefix}AuthAlg", digest and terms.integrity(digest), terms.INTEGRITY_WORDS
        ),
        dh_group=_number_of(block, f"{prefix}Pfs", block.text(f"{prefix}Pfs"), terms.dh_group),
        lifetime_s=block.number(f"{prefix}Lifetime"),
    )


def _word_of(block: Fields, name: str, word: str | None, known: frozenset[str]) -> str | None:
    """Return the word; a non-standard one is kept and noted."""
    if word and word not in known:
        block.note(name, f"{word[:40]!r} is no value we know; kept as it came")
    return word


def _number_of(
    block: Fields, name: str, token: str | None, translate: Callable[[str], int | None]
) -> int | None:
    """Return the number that a word stands for; for an unknown word None, and a note."""
    number = None if token is None else translate(token)
    if token and number is None:
        block.note(name, f"{token[:40]!r} is no value we know; the column is null")
    return number


def _asn(row: Fields, name: str) -> int | None:
    return _number_of(row, name, row.nonzero_text(name), terms.asn) or None


class _Bandwidth(NamedTuple):
    """Bandwidth in Mbit/s, or an unknown word, which no other field may replace."""

    mbps: int | None
    is_unknown: bool | None


def _bandwidth_names(row: Fields) -> tuple[str, str]:
    """Return the bandwidth fields in order: on a VPN gateway its specification comes first."""
    names = ("TunnelBandwidth", "Spec")
    return names[::-1] if row.has("VpnGatewayId") else names


def _bandwidth(row: Fields, *names: str) -> _Bandwidth:
    """Return the first bandwidth that is set; note every unknown word."""
    found = [_Bandwidth(mbps, mbps is None) for name in names if (mbps := _mbps(row, name)) != 0]
    return found[0] if found else _Bandwidth(None, None)


def _mbps(row: Fields, name: str) -> int | None:
    """Return a field's bandwidth; 0 if the field is empty, None if its word is unknown."""
    if not row.has(name):
        return 0
    return _number_of(row, name, row.text(name), terms.bandwidth)
