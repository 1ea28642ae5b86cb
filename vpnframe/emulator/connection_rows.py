"""Rows of DescribeVpnConnections: the cloud's view, in which "local" is the VPC side."""

from __future__ import annotations

from collections.abc import Mapping

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.model import Bgp, EmulatedConnection, EmulatedTunnel, HealthCheck
from vpnframe.emulator.fleet.quirks import (
    connection_level_shape,
    joined,
    no_tunnel_shape,
    no_tunnels,
    pick,
    shaped,
    tag_list,
)

_CALL = "list"
_UNSET_BGP: Mapping[str, Json] = {
    **dict.fromkeys(("LocalAsn", "PeerAsn"), 1),
    **dict.fromkeys(("LocalBgpIp", "PeerBgpIp", "TunnelCidr", "Status", "AuthKey"), ""),
}
_CHECK: Mapping[str, Json] = {"Interval": 3, "Retry": 3, "Policy": "revoke_route"}
_STATES = ("updating", "provisioning", "financialLocked")


def connection_row(connection: EmulatedConnection) -> dict[str, Json]:
    """Write one row of DescribeVpnConnections."""
    row: dict[str, Json] = {
        "VpnConnectionId": connection.vpn_connection_id,
        "Name": connection.name,
        "State": _state_of(connection),
        "CreateTime": connection.created_ms,
        "AttachType": connection.attach_type,
        "AttachInstanceId": _attached_to(connection),
        "CrossAccountAuthorized": False,
        "NetworkType": connection.network_type,
        "ResourceGroupId": connection.resource_group_id,
        "LocalSubnet": joined(connection.vpc_subnets),
        "RemoteSubnet": joined(connection.onprem_subnets),
        "EffectImmediately": connection.is_effective_at_once,
    }
    if connection.vpn_gateway_id is not None:
        row["VpnGatewayId"] = connection.vpn_gateway_id
        row["Spec"] = f"{connection.bandwidth_mbps}M"
    else:
        row["TunnelBandwidth"] = tunnel_bandwidth(connection)
    if connection.transit_router_id is not None:
        row["TransitRouterId"] = connection.transit_router_id
        row["TransitRouterName"] = connection.transit_router_name
    if connection.tags or pick(connection.vpn_connection_id, "tags", 2):
        row["Tag"] = {"Tag": tag_list(connection.tags)}
    return row | (_dual_part(connection) if connection.is_dual else _single_part(connection))


def _single_part(connection: EmulatedConnection) -> dict[str, Json]:
    """Return the connection-level fields of a single-tunnel connection."""
    (tunnel,) = connection.tunnels
    part: dict[str, Json] = {
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "Status": tunnel.status,
        "EnableDpd": tunnel.is_dpd_on,
        "EnableNatTraversal": tunnel.is_natt_on,
        "EnableTunnelsBgp": False,
        "IkeConfig": _ike_config(tunnel),
        "IpsecConfig": _ipsec_config(tunnel),
    }
    if connection.vpn_gateway_id is None:
        part["InternetIp"] = tunnel.cloud_ip
    if tunnel.peer_ca is not None:
        part["RemoteCaCertificate"] = tunnel.peer_ca
    if tunnel.bgp is not None:
        part["VpnBgpConfig"] = _connection_bgp(tunnel.bgp)
    if connection.health_check is not None:
        part["VcoHealthCheck"] = _health_check(connection.health_check)
    shape = no_tunnel_shape(connection, _CALL)
    return part | no_tunnels("TunnelOptionsSpecification", "TunnelOptions", shape)


def _dual_part(connection: EmulatedConnection) -> dict[str, Json]:
    """Return the tunnels and the connection-level fields of a dual-tunnel connection."""
    first = connection.tunnels[0]
    shape = connection_level_shape(connection, _CALL)
    part: dict[str, Json] = {
        "CustomerGatewayId": "",
        "Status": "",
        "EnableDpd": False,
        "EnableNatTraversal": False,
        "EnableTunnelsBgp": first.bgp is not None,
        **shaped("IkeConfig", shape, _ike_config(first)),
        **shaped("IpsecConfig", shape, _ipsec_config(first)),
    }
    if shape in ("blank", "zeros"):
        part["InternetIp"] = ""
        part |= shaped("VpnBgpConfig", shape, _UNSET_BGP) | shaped("VcoHealthCheck", shape, _CHECK)
    options = [_tunnel_option(tunnel) for tunnel in connection.tunnels]
    return part | {"TunnelOptionsSpecification": {"TunnelOptions": options}}


def _tunnel_option(tunnel: EmulatedTunnel) -> dict[str, Json]:
    """Return one tunnel, with the numbers of its blocks and the flags as text."""
    option: dict[str, Json] = {
        "TunnelId": tunnel.tunnel_id,
        "Role": tunnel.role,
        "State": "updating" if pick(tunnel.tunnel_id or "", "state", 25) == 0 else "active",
        "Status": tunnel.status,
        "ZoneNo": tunnel.zone,
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "InternetIp": tunnel.cloud_ip,
        "EnableDpd": _flag(is_on=tunnel.is_dpd_on),
        "EnableNatTraversal": _flag(is_on=tunnel.is_natt_on),
        "TunnelIkeConfig": _with_text(_ike_config(tunnel)),
        "TunnelIpsecConfig": _with_text(_ipsec_config(tunnel)),
    }
    if tunnel.index is not None:
        option["TunnelIndex"] = tunnel.index
    if tunnel.peer_ca is not None:
        option["RemoteCaCertificate"] = tunnel.peer_ca
    if tunnel.bgp is not None:
        option["TunnelBgpConfig"] = _tunnel_bgp(tunnel.bgp)
    return option


def _ike_config(tunnel: EmulatedTunnel) -> dict[str, Json]:
    proposal = tunnel.proposal
    config: dict[str, Json] = {
        "IkeVersion": proposal.ike_version,
        "IkeMode": proposal.ike_mode,
        "IkeEncAlg": proposal.ike_enc,
        "IkeAuthAlg": proposal.ike_auth,
        "IkePfs": proposal.ike_pfs,
        "IkeLifetime": proposal.ike_lifetime,
        "LocalId": tunnel.cloud_ike_id,
        "RemoteId": tunnel.customer_ike_id,
    }
    return config if tunnel.psk is None else config | {"Psk": tunnel.psk}


def _ipsec_config(tunnel: EmulatedTunnel) -> dict[str, Json]:
    proposal = tunnel.proposal
    return {
        "IpsecEncAlg": proposal.ipsec_enc,
        "IpsecAuthAlg": proposal.ipsec_auth,
        "IpsecPfs": proposal.ipsec_pfs,
        "IpsecLifetime": proposal.ipsec_lifetime,
    }


def _with_text(config: Mapping[str, Json]) -> dict[str, Json]:
    """Convert the numbers of a tunnel's block to text."""
    return {name: str(value) for name, value in config.items()}


def _flag(*, is_on: bool) -> str:
    return "true" if is_on else "false"


def _connection_bgp(bgp: Bgp) -> dict[str, Json]:
    config: dict[str, Json] = {
        "LocalAsn": bgp.cloud_asn,
        "PeerAsn": bgp.customer_asn,
        "LocalBgpIp": bgp.cloud_ip,
        "PeerBgpIp": bgp.customer_ip,
        "TunnelCidr": bgp.tunnel_cidr,
        "Status": bgp.status,
    }
    return config if bgp.auth_key is None else config | {"AuthKey": bgp.auth_key}


def _tunnel_bgp(bgp: Bgp) -> dict[str, Json]:
    return {
        "LocalAsn": str(bgp.cloud_asn),
        "PeerAsn": str(bgp.customer_asn),
        "LocalBgpIp": bgp.cloud_ip,
        "PeerBgpIp": bgp.customer_ip,
        "TunnelCidr": bgp.tunnel_cidr,
        "BgpStatus": bgp.status,
    }


def _health_check(check: HealthCheck) -> dict[str, Json]:
    return {
        "Enable": _flag(is_on=check.is_enabled),
        "Sip": check.source_ip,
        "Dip": check.destination_ip,
        **_CHECK,
        "Status": check.status,
    }


def _state_of(connection: EmulatedConnection) -> str:
    """Return the management state of a connection; it is independent of its tunnels."""
    at = pick(connection.vpn_connection_id, "state", 60)
    if connection.attach_type == "VPNGW":
        return _STATES[at] if at < len(_STATES) else "active"
    if connection.attach_type == "CEN":
        return "attaching" if at == 0 else "attached"
    return "detaching" if at == 0 else "detached"


def _attached_to(connection: EmulatedConnection) -> str | None:
    """Return the id of the gateway, or of the CEN that the transit router belongs to."""
    if connection.transit_router_id is None:
        return connection.vpn_gateway_id
    return f"cen-{connection.transit_router_id.partition('-')[2][::-1]}"


def tunnel_bandwidth(connection: EmulatedConnection) -> str:
    """Return the bandwidth word of one tunnel of a connection without a VPN gateway."""
    word = "Standard" if connection.bandwidth_mbps <= 1000 else "Large"
    return word.lower() if pick(connection.vpn_connection_id, "case", 4) == 0 else word
