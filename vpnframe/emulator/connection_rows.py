"""Write connections as DescribeVpnConnections and DownloadVpnConnectionConfig send them.

In DescribeVpnConnections, "local" is the VPC side; in DownloadVpnConnectionConfig, which the
customer's device reads, "local" is the on-premises side.
"""

from __future__ import annotations

from collections.abc import Mapping

from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import Bgp, EmulatedConnection, EmulatedTunnel
from vpnframe.emulator.fleet.quirks import (
    connection_level_shape,
    joined,
    no_tunnels,
    pick,
    shaped,
    tag_list,
)

_UNSET_BGP: Mapping[str, Json] = {
    **dict.fromkeys(("LocalAsn", "PeerAsn"), 1),
    **dict.fromkeys(("LocalBgpIp", "PeerBgpIp", "TunnelCidr", "Status", "AuthKey"), ""),
}
_CHECK: Mapping[str, Json] = {"Interval": 3, "Retry": 3, "Policy": "revoke_route"}
_STATES = ("updating", "provisioning", "financialLocked")


def connection_row(connection: EmulatedConnection) -> Tree:
    """Write one row of DescribeVpnConnections."""
    row: Tree = {
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


def _single_part(connection: EmulatedConnection) -> Tree:
    """Return the connection-level fields of a single-tunnel connection."""
    (tunnel,) = connection.tunnels
    part: Tree = {
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "Status": tunnel.status,
        "EnableDpd": tunnel.is_dpd_on,
        "EnableNatTraversal": tunnel.is_natt_on,
        "EnableTunnelsBgp": False,
        **_configs(tunnel),
    }
    if connection.vpn_gateway_id is None:
        part["InternetIp"] = tunnel.cloud_ip
    if tunnel.peer_ca is not None:
        part["RemoteCaCertificate"] = tunnel.peer_ca
    if bgp := tunnel.bgp:
        asns: Tree = {"LocalAsn": bgp.cloud_asn, "PeerAsn": bgp.customer_asn}
        key: Tree = {} if bgp.auth_key is None else {"AuthKey": bgp.auth_key}
        part["VpnBgpConfig"] = asns | _bgp_addresses(bgp) | {"Status": bgp.status} | key
    if check := connection.health_check:
        part["VcoHealthCheck"] = {
            "Enable": _flag(is_on=check.is_enabled),
            "Sip": check.source_ip,
            "Dip": check.destination_ip,
            **_CHECK,
            "Status": check.status,
        }
    return part | no_tunnels(connection, "list", "TunnelOptionsSpecification", "TunnelOptions")


def _dual_part(connection: EmulatedConnection) -> Tree:
    """Return the tunnels and the connection-level fields of a dual-tunnel connection."""
    first = connection.tunnels[0]
    shape = connection_level_shape(connection, "list")
    part: Tree = {
        "CustomerGatewayId": "",
        "Status": "",
        "EnableDpd": False,
        "EnableNatTraversal": False,
        "EnableTunnelsBgp": first.bgp is not None,
    }
    for name, block in _configs(first).items():
        part |= shaped(name, shape, block)
    if shape in ("blank", "zeros"):
        part["InternetIp"] = ""
        part |= shaped("VpnBgpConfig", shape, _UNSET_BGP) | shaped("VcoHealthCheck", shape, _CHECK)
    options = [_tunnel_option(tunnel) for tunnel in connection.tunnels]
    return part | {"TunnelOptionsSpecification": {"TunnelOptions": options}}


def _tunnel_option(tunnel: EmulatedTunnel) -> Tree:
    """Return one tunnel as an object in which flags, lifetimes and AS numbers are strings."""
    option: Tree = {
        "TunnelId": tunnel.tunnel_id,
        "Role": tunnel.role,
        "State": "updating" if pick(tunnel.tunnel_id or "", "state", 25) == 0 else "active",
        "Status": tunnel.status,
        "ZoneNo": tunnel.zone,
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "InternetIp": tunnel.cloud_ip,
        "EnableDpd": _flag(is_on=tunnel.is_dpd_on),
        "EnableNatTraversal": _flag(is_on=tunnel.is_natt_on),
        **{f"Tunnel{name}": block for name, block in _configs(tunnel, is_text=True).items()},
    }
    if tunnel.index is not None:
        option["TunnelIndex"] = tunnel.index
    if tunnel.peer_ca is not None:
        option["RemoteCaCertificate"] = tunnel.peer_ca
    if bgp := tunnel.bgp:
        asns: Tree = {"LocalAsn": str(bgp.cloud_asn), "PeerAsn": str(bgp.customer_asn)}
        option["TunnelBgpConfig"] = asns | _bgp_addresses(bgp) | {"BgpStatus": bgp.status}
    return option


def _configs(
    tunnel: EmulatedTunnel, *, is_text: bool = False, is_device: bool = False
) -> dict[str, Tree]:
    """Return IkeConfig and IpsecConfig; ``is_device`` exchanges the local and remote IKE id."""
    proposal = tunnel.proposal
    ids = [tunnel.cloud_ike_id, tunnel.customer_ike_id]
    local_id, remote_id = reversed(ids) if is_device else ids
    ike: Tree = {
        "IkeVersion": proposal.ike_version,
        "IkeMode": proposal.ike_mode,
        "IkeEncAlg": proposal.ike_enc,
        "IkeAuthAlg": proposal.ike_auth,
        "IkePfs": proposal.ike_pfs,
        "IkeLifetime": str(proposal.ike_lifetime) if is_text else proposal.ike_lifetime,
        "LocalId": local_id,
        "RemoteId": remote_id,
    }
    if tunnel.psk is not None:
        ike["Psk"] = tunnel.psk
    ipsec: Tree = {
        "IpsecEncAlg": proposal.ipsec_enc,
        "IpsecAuthAlg": proposal.ipsec_auth,
        "IpsecPfs": proposal.ipsec_pfs,
        "IpsecLifetime": str(proposal.ipsec_lifetime) if is_text else proposal.ipsec_lifetime,
    }
    return {"IkeConfig": ike, "IpsecConfig": ipsec}


def _flag(*, is_on: bool) -> str:
    return "true" if is_on else "false"


def _bgp_addresses(bgp: Bgp) -> Tree:
    """Return the addresses of a BGP session in the cloud's view, where "local" is the cloud."""
    return {
        "LocalBgpIp": bgp.cloud_ip,
        "PeerBgpIp": bgp.customer_ip,
        "TunnelCidr": bgp.tunnel_cidr,
    }


def _state_of(connection: EmulatedConnection) -> str:
    """Return the management state of a connection, which is independent of its tunnels."""
    at = pick(connection.vpn_connection_id, "state", 60)
    if connection.attach_type == "VPNGW":
        return _STATES[at] if at < len(_STATES) else "active"
    if connection.attach_type == "CEN":
        return "attaching" if at == 0 else "attached"
    return "detaching" if at == 0 else "detached"


def _attached_to(connection: EmulatedConnection) -> str | None:
    """Return the id of the VPN gateway or of the transit router's CEN; None if unattached."""
    if connection.transit_router_id is None:
        return connection.vpn_gateway_id
    return f"cen-{connection.transit_router_id.partition('-')[2][::-1]}"


def tunnel_bandwidth(connection: EmulatedConnection) -> str:
    """Return the bandwidth class of the tunnels of a connection without a VPN gateway."""
    word = "Standard" if connection.bandwidth_mbps <= 1000 else "Large"
    return word.lower() if pick(connection.vpn_connection_id, "case", 4) == 0 else word


def download_config(connection: EmulatedConnection) -> Tree:
    """Return the configuration of a connection for the customer's device."""
    name, first = connection.vpn_connection_id, connection.tunnels[0]
    # For a third of the connections, the CIDR blocks are in reverse order.
    is_turned = pick(name, "order", 3) == 0
    config: Tree = {
        "LocalSubnet": joined(connection.onprem_subnets, is_turned=is_turned),
        "RemoteSubnet": joined(connection.vpc_subnets, is_turned=is_turned),
    }
    if pick(name, "older", 5) == 0:
        config["CustomerGatewayId"] = first.customer_gateway_id
        if connection.vpn_gateway_id is not None:
            config["VpnGatewayId"] = connection.vpn_gateway_id
        if first.peer_ca is not None:
            config["RightCaCert"] = first.peer_ca
    bgp = [_device_bgp(t.bgp, t.tunnel_id) for t in connection.tunnels if t.bgp is not None]
    # Some regions do not send BGP parameters yet.
    if bgp and pick(name, "bgp", 4) != 0:
        config["BgpConfigs"] = {"BgpConfig": bgp}
    if not connection.is_dual:
        config |= {"Local": first.customer_ip, "Remote": first.cloud_ip}
        config |= _configs(first, is_device=True)
        return config | no_tunnels(connection, "download", "TunnelsConfig", "TunnelConfig")
    return config | _device_tunnels(connection)


def _device_tunnels(connection: EmulatedConnection) -> Tree:
    """Return the tunnels and the connection-level fields of a dual-tunnel connection."""
    first = connection.tunnels[0]
    part: Tree = {}
    shape = connection_level_shape(connection, "download")
    for name, block in _configs(first, is_device=True).items():
        part |= shaped(name, shape, block)
    if shape in ("blank", "zeros", "copy"):
        part["Local"] = first.customer_ip if shape == "copy" else ""
        part["Remote"] = first.cloud_ip if shape == "copy" else ""
    is_text = pick(connection.vpn_connection_id, "numbers", 2) == 0
    tunnels = [
        {
            "TunnelId": tunnel.tunnel_id,
            "Local": tunnel.customer_ip,
            "Remote": tunnel.cloud_ip,
            **_configs(tunnel, is_text=is_text, is_device=True),
        }
        for tunnel in connection.tunnels
    ]
    return part | {"TunnelsConfig": {"TunnelConfig": tunnels}}


def _device_bgp(bgp: Bgp, tunnel_id: str | None) -> Tree:
    named: Tree = {} if tunnel_id is None else {"TunnelId": tunnel_id}
    return named | {
        "TunnelCidr": bgp.tunnel_cidr,
        "LocalBgpIp": bgp.customer_ip,
        "PeerBgpIp": bgp.cloud_ip,
        "LocalAsn": str(bgp.customer_asn),
        "PeerAsn": str(bgp.cloud_asn),
    }
