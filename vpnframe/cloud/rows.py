"""Convert the rows of API responses to records; each field is read by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from vpnframe.cloud.fields import Fields, read_flag
from vpnframe.cloud.hints import Hints
from vpnframe.errors import ResponseError
from vpnframe.model import terms
from vpnframe.model.records import (
    Attachment,
    End,
    Gateway,
    Phases,
    Proposal,
    Region,
    Statement,
    TunnelStatement,
)

BgpById = Mapping[str | None, Fields]  # BGP settings by tunnel id
_ROLES = {"master": "active", "slave": "standby"}
# An IKE or IPsec object has settings if one of these is set; other members do not count.
_PROPOSAL = ("EncAlg", "AuthAlg", "Pfs", "Lifetime")
_IKE = ("IkeVersion", "IkeMode", "LocalId", "RemoteId", *(f"Ike{name}" for name in _PROPOSAL))
_IPSEC = tuple(f"Ipsec{name}" for name in _PROPOSAL)
_BGP_LINK = ("LocalAsn", "PeerAsn", "LocalBgpIp", "PeerBgpIp", "TunnelCidr")
_BGP_STATUS = ("Status", "BgpStatus")
_BGP = (*_BGP_LINK, *_BGP_STATUS, "AuthKey")
_VPN_TYPES = {"normal": "normal", "nationalstandard": "sm"}


def downloaded_connection(answer: Fields, *, vpn_connection_id: str) -> Statement:
    """Decode a response of DownloadVpnConnectionConfig to the settings of a connection."""
    if not answer.holds("VpnConnectionConfig"):
        raise ResponseError(
            "the answer has no VpnConnectionConfig: is it an answer of DownloadVpnConnectionConfig?"
        )
    config = answer.block("VpnConnectionConfig")
    rows = _tunnel_rows(config, "TunnelsConfig", "TunnelConfig", "IkeConfig", "IpsecConfig")
    bgp, hints = _bgp_by_tunnel(config, rows), Hints(config, rows, vpn_connection_id)
    tunnels = tuple(_downloaded_tunnel(row, bgp, hints) for row in rows)
    is_set = _has_settings(config, "IkeConfig", "IpsecConfig")
    single = [_downloaded_tunnel(config, bgp, hints)] if is_set or not tunnels else []
    return Statement(
        witness="download",
        vpn_connection_id=vpn_connection_id,
        **_placed(tunnels, single),
        local_subnets=config.subnets("LocalSubnet"),
        remote_subnets=config.subnets("RemoteSubnet"),
        request_id=answer.text("RequestId"),
        notes=answer.notes,
    )


def says_anything(statement: Statement) -> bool:
    """Check whether a download has any setting of the connection other than tunnel ids."""
    apart = {"tunnel_id": None, "psk_state": None, "key_facts": None}
    return bool(statement.local_subnets or statement.remote_subnets) or any(
        tunnel is not None
        and (
            tunnel.psk_state not in (None, "absent")
            or msgspec.structs.replace(tunnel, **apart) != TunnelStatement()
        )
        for tunnel in (*statement.tunnels, statement.stray_tunnel)
    )


def _bgp_by_tunnel(config: Fields, tunnels: list[Fields]) -> BgpById:
    """Return the BGP settings by tunnel id, which is None if the response lists no tunnels."""
    sent = config.rows("BgpConfigs", "BgpConfig", mark="TunnelId")
    rows = [row for row in sent if row.has("TunnelId") or any(map(row.nonzero_text, _BGP_LINK))]
    if not tunnels and len(rows) == 1:
        return {None: rows[0]}
    known = {tunnel.text("TunnelId") for tunnel in tunnels} or {None}
    for row in rows:
        if row.text("TunnelId") not in known:
            row.note("TunnelId", "is not the id of a tunnel here")
    return {row.text("TunnelId"): row for row in rows}


def _downloaded_tunnel(row: Fields, bgp: BgpById, hints: Hints) -> TunnelStatement:
    tunnel_id = row.text("TunnelId")
    peers, ike = bgp.get(tunnel_id) or Fields({}, []), row.block("IkeConfig")
    local, remote = row.nonzero_text("Local"), row.nonzero_text("Remote")
    return TunnelStatement(
        tunnel_id=tunnel_id,
        psk_state=ike.secret("Psk"),
        key_facts=ike.key_facts("Psk", hints=hints),
        phases=_phases(row, "IkeConfig", "IpsecConfig"),
        local=_end(ike, peers, "Local", address=local),
        remote=_end(ike, peers, "Remote", address=remote),
        bgp_tunnel_cidr=peers.nonzero_text("TunnelCidr"),
    )


def listed_connection(row: Fields, connection_id: str) -> Statement:
    """Decode a row of DescribeVpnConnections to the settings of a connection."""
    names = ("TunnelOptionsSpecification", "TunnelOptions", "TunnelIkeConfig", "TunnelIpsecConfig")
    rows = _tunnel_rows(row, *names)
    hints = Hints(row, rows)
    tunnels = tuple(_listed_tunnel(tunnel, "Tunnel", hints) for tunnel in rows)
    is_set = _has_settings(row, "IkeConfig", "IpsecConfig")
    single = [_listed_tunnel(row, "", hints)] if is_set or not tunnels else []
    health = row.block("VcoHealthCheck")
    is_checked = health.flag("Enable")
    bandwidths = ("TunnelBandwidth", "Spec")
    if row.has("VpnGatewayId"):  # on a VPN gateway, Spec takes precedence
        bandwidths = ("Spec", "TunnelBandwidth")
    return Statement(
        witness="describe",
        vpn_connection_id=connection_id,
        **_placed(tunnels, single),
        **_bandwidth(row, *bandwidths),
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
        resource_group_id=row.text("ResourceGroupId"),
        bgp_enabled=_bgp_is_enabled(row, rows),
        # A dual-tunnel connection has no health check: false means unset.
        health_check_enabled=is_checked or (None if tunnels else is_checked),
        health_check_status=health.text("Status"),
        tags=row.tags("Tag") or row.tags("Tags"),  # ``Tags`` in a DescribeVpnConnection answer
        notes=row.notes,
    )


def _listed_tunnel(row: Fields, prefix: str, hints: Hints) -> TunnelStatement:
    """Decode a tunnel in a row of DescribeVpnConnections; nested fields begin with ``prefix``."""
    bgp_name = f"{prefix or 'Vpn'}BgpConfig"
    ike, bgp = row.block(f"{prefix}IkeConfig"), row.block(bgp_name)
    address, role = row.nonzero_text("InternetIp"), (row.text("Role") or "").lower()
    return TunnelStatement(
        tunnel_id=row.text("TunnelId"),
        tunnel_index=row.nonzero_number("TunnelIndex", bits=16),
        role=_ROLES.get(role, role) or None,
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
        phases=_phases(row, f"{prefix}IkeConfig", f"{prefix}IpsecConfig"),
        local=_end(ike, bgp, "Local", address=address),
        remote=_end(ike, bgp, "Remote", address=None),
        bgp_status=_bgp_status(bgp),
        bgp_tunnel_cidr=bgp.nonzero_text("TunnelCidr"),
        bgp_auth_state=bgp.secret("AuthKey") if row.has(bgp_name, *_BGP) else None,
    )


def _bgp_is_enabled(row: Fields, tunnels: list[Fields]) -> bool | None:
    """Return whether BGP is enabled; None if no field shows it.

    The first field that is set decides, in the order ``EnableBgp``, ``EnableTunnelsBgp``, BGP
    status; if the connection's row lists no tunnels, the BGP status comes before
    ``EnableTunnelsBgp``. If none of them is set, but other BGP settings are, BGP is enabled.
    """
    of_tunnels = row.flag("EnableTunnelsBgp")
    blocks = [tunnel.block("TunnelBgpConfig") for tunnel in tunnels] or [row.block("VpnBgpConfig")]
    switches = _any_of(block.flag("EnableBgp") for block in blocks)
    # BGP is enabled even if its session failed.
    words = [word for word in map(_bgp_status, blocks) if word is not None]
    states = _any_of(read_flag(word) is not False for word in words)
    nearest = (switches, of_tunnels, states) if tunnels else (switches, states, of_tunnels)
    known = next((one for one in nearest if one is not None), None)
    is_shown = row.has("VpnBgpConfig", *_BGP)
    is_shown = is_shown or any(tunnel.has("TunnelBgpConfig", *_BGP) for tunnel in tunnels)
    return True if known is None and is_shown else known


def _any_of(flags: Iterable[bool | None]) -> bool | None:
    """Return whether any flag is true; None if all flags are None."""
    known = [flag for flag in flags if flag is not None]
    return any(known) if known else None


def _bgp_status(bgp: Fields) -> str | None:
    return next((word for word in map(bgp.word, _BGP_STATUS) if word is not None), None)


def attachment(row: Fields, connection_id: str) -> Attachment:
    """Decode a row of DescribeVpnAttachments."""
    return Attachment(
        vpn_connection_id=connection_id,
        **_bandwidth(row, "TunnelBandwidth"),
        name=row.text("Name"),
        attach_type=row.text("AttachType"),
        transit_router_id=row.text("TransitRouterId"),
        tags=row.tags("Tags"),
        notes=row.notes,
    )


def vpn_gateway(row: Fields, gateway_id: str) -> Gateway:
    """Decode a row of DescribeVpnGateways."""
    vpn_type = (row.text("VpnType") or "").lower()
    return Gateway(
        gateway_id=gateway_id,
        kind="vpn",
        name=row.text("Name"),
        ip_address=row.nonzero_text("InternetIp"),
        second_ip_address=row.nonzero_text("DisasterRecoveryInternetIp"),
        status=row.text("Status"),
        business_status=row.text("BusinessStatus"),
        vpn_type=_VPN_TYPES.get(vpn_type, vpn_type) or None,
        vpc_id=row.text("VpcId"),
        charge_type=row.text("ChargeType"),
        created_ms=row.nonzero_number("CreateTime", bits=48),
        expires_ms=row.nonzero_number("EndTime", bits=48),
        bandwidth_mbps=_bandwidth(row, "Spec").get("bandwidth_mbps"),
        auto_propagate=row.flag("AutoPropagate"),
        bgp_enabled=row.flag("EnableBgp"),
        tags=row.tags("Tags"),
        notes=row.notes,
    )


def customer_gateway(row: Fields, gateway_id: str) -> Gateway:
    """Decode a row of DescribeCustomerGateways."""
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


def region(row: Fields, region_id: str) -> Region:
    """Decode a row of DescribeRegions."""
    return Region(region_id=region_id, endpoint=row.text("RegionEndpoint"))


def _tunnel_rows(row: Fields, outer: str, inner: str, ike: str, ipsec: str) -> list[Fields]:
    """Return a connection's tunnel objects; none if no tunnel has an id or settings."""
    rows = row.rows(outer, inner, mark="TunnelId")
    # An empty list counts as read, even if its wrapper object has other fields.
    if not rows and (row.has(outer, inner) or (row.has(outer) and not row.shows(outer, inner))):
        row.is_unread = True
    if not any(one.has("TunnelId") or _has_settings(one, ike, ipsec) for one in rows):
        return []
    for one in rows:
        if not one.has("TunnelId"):  # tunnels without an id cannot be distinguished
            one.note("TunnelId", "is missing")
    return rows


def _has_settings(row: Fields, ike: str, ipsec: str) -> bool:
    return row.has(ike, *_IKE) or row.has(ipsec, *_IPSEC)


def _placed(tunnels: tuple[TunnelStatement, ...], single: list[TunnelStatement]) -> dict[str, Any]:
    """Return the fields of a connection record that contain its tunnels.

    ``single`` has at most one tunnel, made from the connection's own settings. It is the only
    tunnel if ``tunnels`` is empty, otherwise ``stray_tunnel``.
    """
    stray = single[0] if tunnels and single else None
    return {"tunnels": tunnels or tuple(single), "stray_tunnel": stray, "is_dual": bool(tunnels)}


def _end(ike: Fields, bgp: Fields, side: Literal["Local", "Remote"], *, address: str | None) -> End:
    prefix = "Local" if side == "Local" else "Peer"
    return End(
        bgp_ip=bgp.nonzero_text(f"{prefix}BgpIp"),
        address=address,
        ike_id=ike.text(f"{side}Id"),
        asn=_asn(bgp, f"{prefix}Asn"),
    )


def _phases(row: Fields, ike_name: str, ipsec_name: str) -> Phases:
    are_set = [row.has(ike_name, *_IKE), row.has(ipsec_name, *_IPSEC)]
    for name, is_set in zip((ike_name, ipsec_name), are_set, strict=True):
        if not is_set:
            row.note(name, "is missing")
    ike, ipsec = row.block(ike_name), row.block(ipsec_name)
    return Phases(
        ike_version=_number(ike, "IkeVersion", terms.ike_version),
        ike_mode=_word(ike, "IkeMode", terms.ike_mode, terms.IKE_MODES),
        ike=_proposal(ike, "Ike") if are_set[0] else Proposal(),
        ipsec=_proposal(ipsec, "Ipsec") if are_set[1] else Proposal(),
    )


def _proposal(block: Fields, prefix: str) -> Proposal:
    return Proposal(
        encryption=_word(block, f"{prefix}EncAlg", terms.encryption, terms.ENCRYPTION_WORDS),
        integrity=_word(block, f"{prefix}AuthAlg", terms.integrity, terms.INTEGRITY_WORDS),
        dh_group=_number(block, f"{prefix}Pfs", terms.dh_group),
        lifetime_s=block.number(f"{prefix}Lifetime"),
    )


def _word(
    block: Fields, name: str, translate: Callable[[str], str], known: frozenset[str]
) -> str | None:
    """Translate a field's value to its standard name; note a name that is not in ``known``."""
    token = block.text(name)
    word = token and translate(token)
    if word and word not in known:
        block.note(name, f"{word[:40]!r} is not a known value; it is kept")
    return word


def _number(block: Fields, name: str, translate: Callable[[str], int | None]) -> int | None:
    """Translate a field's token to a number or None; note a token that is not known."""
    token = block.text(name)
    number = None if token is None else translate(token)
    if token and number is None:
        block.note(name, f"{token[:40]!r} is not a known value; the column is null")
    return number


def _asn(row: Fields, name: str) -> int | None:
    return None if row.nonzero_text(name) is None else _number(row, name, terms.asn) or None


def _bandwidth(row: Fields, *names: str) -> dict[str, Any]:
    """Return the first of the named bandwidths that is set and not zero, as record fields.

    ``bandwidth_mbps`` is in Mbit/s; if the API's value cannot be interpreted, it is None and
    ``has_unknown_bandwidth`` is True. If no bandwidth is set, there are no fields.
    """
    found = [_number(row, name, terms.bandwidth) for name in names if row.has(name)]
    mbps = [number for number in found if number != 0]
    return {"bandwidth_mbps": mbps[0], "has_unknown_bandwidth": mbps[0] is None} if mbps else {}
