"""Convert connections to answers of DescribeVpnConnections and DownloadVpnConnectionConfig.

In DescribeVpnConnections, "local" means the VPC side. DownloadVpnConnectionConfig is read by the
customer's device, so there "local" means the on-premises side.
"""

from __future__ import annotations

from dataclasses import astuple

from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import Bgp, EmulatedConnection, EmulatedTunnel, HealthCheck
from vpnframe.emulator.fleet.quirks import (
    connection_level_shape,
    given,
    no_tunnels,
    pick,
    shaped,
    tags_or_none,
)

# API fields of the two phases of a proposal, in the order of the fields of ``EmulatedProposal``.
_IKE = ("IkeVersion", "IkeMode", "IkeEncAlg", "IkeAuthAlg", "IkePfs", "IkeLifetime")
_IPSEC = ("IpsecEncAlg", "IpsecAuthAlg", "IpsecPfs", "IpsecLifetime")
_UNSET_BGP: Tree = {
    **dict.fromkeys(("LocalAsn", "PeerAsn"), 0),
    **dict.fromkeys(("LocalBgpIp", "PeerBgpIp", "TunnelCidr", "Status", "AuthKey"), ""),
}
_CHECK: Tree = {"Interval": 3, "Retry": 3, "Policy": "revoke_route"}
_STATES = ("updating", "provisioning", "financialLocked")


def connection_row(connection: EmulatedConnection) -> Tree:
    """Return a connection as a row of DescribeVpnConnections."""
    name, is_on_gateway = connection.vpn_connection_id, connection.vpn_gateway_id is not None
    return {
        "VpnConnectionId": name,
        "Name": connection.name,
        "State": _state_of(connection),
        "CreateTime": connection.created_ms,
        "AttachType": connection.attach_type,
        "AttachInstanceId": _attached_to(connection),
        "CrossAccountAuthorized": False,
        "NetworkType": connection.network_type,
        "ResourceGroupId": connection.resource_group_id,
        "LocalSubnet": ",".join(connection.vpc_subnets),
        "RemoteSubnet": ",".join(connection.onprem_subnets),
        "EffectImmediately": connection.is_effective_at_once,
        **given(
            VpnGatewayId=connection.vpn_gateway_id,
            Spec=f"{connection.bandwidth_mbps}M" if is_on_gateway else None,
            TunnelBandwidth=None if is_on_gateway else tunnel_bandwidth(connection),
            TransitRouterId=connection.transit_router_id,
            TransitRouterName=connection.transit_router_name,
            Tag=tags_or_none(name, connection.tags),
        ),
        **(_dual_part(connection) if connection.is_dual else _single_part(connection)),
    }


def _single_part(connection: EmulatedConnection) -> Tree:
    """Return a single-tunnel connection's settings as fields of a row of DescribeVpnConnections."""
    (tunnel,), check = connection.tunnels, connection.health_check
    return {
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "Status": tunnel.status,
        "EnableDpd": tunnel.is_dpd_on,
        "EnableNatTraversal": tunnel.is_natt_on,
        "EnableTunnelsBgp": False,
        **_configs(tunnel),
        **given(
            InternetIp=tunnel.cloud_ip if connection.vpn_gateway_id is None else None,
            RemoteCaCertificate=tunnel.peer_ca,
            VpnBgpConfig=_bgp_config(tunnel.bgp) if tunnel.bgp else None,
            VcoHealthCheck=_health_check(check) if check else None,
        ),
        **no_tunnels(connection, "list", "TunnelOptionsSpecification", "TunnelOptions"),
    }


def _health_check(check: HealthCheck) -> Tree:
    ends: Tree = {"Sip": check.source_ip, "Dip": check.destination_ip}
    return {"Enable": str(check.is_enabled).lower(), **ends, **_CHECK, "Status": check.status}


def _dual_part(connection: EmulatedConnection) -> Tree:
    """Return a dual-tunnel connection's tunnel list, and its tunnel settings outside that list."""
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
    """Return a tunnel as a TunnelOptions entry; flags, lifetimes and AS numbers are strings."""
    return {
        "TunnelId": tunnel.tunnel_id,
        "Role": tunnel.role,
        "State": "updating" if pick(tunnel.tunnel_id or "", "state", 25) == 0 else "active",
        "Status": tunnel.status,
        "ZoneNo": tunnel.zone,
        "CustomerGatewayId": tunnel.customer_gateway_id,
        "InternetIp": tunnel.cloud_ip,
        "EnableDpd": str(tunnel.is_dpd_on).lower(),
        "EnableNatTraversal": str(tunnel.is_natt_on).lower(),
        **{f"Tunnel{name}": block for name, block in _configs(tunnel, is_text=True).items()},
        **given(
            TunnelIndex=tunnel.index,
            RemoteCaCertificate=tunnel.peer_ca,
            TunnelBgpConfig=_bgp_config(tunnel.bgp, is_text=True) if tunnel.bgp else None,
        ),
    }


def _configs(
    tunnel: EmulatedTunnel, *, is_text: bool = False, is_device: bool = False
) -> dict[str, Tree]:
    """Return the members IkeConfig and IpsecConfig of a tunnel.

    If ``is_text``, lifetimes are strings. If ``is_device``, the answer is for the customer's
    device, so ``LocalId`` is the customer's IKE id.
    """
    values: list[Json] = [str(one) if is_text else one for one in astuple(tunnel.proposal)]
    ids = (tunnel.cloud_ike_id, tunnel.customer_ike_id)
    local_id, remote_id = ids[::-1] if is_device else ids
    ike = dict(zip(_IKE, values[: len(_IKE)], strict=True))
    ike |= given(LocalId=local_id, RemoteId=remote_id, Psk=tunnel.psk)
    ipsec = dict(zip(_IPSEC, values[len(_IKE) :], strict=True))
    return {"IkeConfig": ike, "IpsecConfig": ipsec}


def _bgp_config(bgp: Bgp, *, is_text: bool = False) -> Tree:
    """Return a BGP session as an object in which "local" means the cloud.

    If ``is_text``, the object is for a tunnel of a dual-tunnel connection. It then has AS numbers
    as strings and no authentication key.
    """
    return {
        "LocalAsn": str(bgp.cloud_asn) if is_text else bgp.cloud_asn,
        "PeerAsn": str(bgp.customer_asn) if is_text else bgp.customer_asn,
        "LocalBgpIp": bgp.cloud_ip,
        "PeerBgpIp": bgp.customer_ip,
        "TunnelCidr": bgp.tunnel_cidr,
        "BgpStatus" if is_text else "Status": bgp.status,
        **given(AuthKey=None if is_text else bgp.auth_key),
    }


def _state_of(connection: EmulatedConnection) -> str:
    """Return the management state of a connection, such as ``active`` or ``attached``."""
    at = pick(connection.vpn_connection_id, "state", 60)
    if connection.attach_type == "VPNGW":
        return _STATES[at] if at < len(_STATES) else "active"
    if connection.attach_type == "CEN":
        return "attaching" if at == 0 else "attached"
    return "detaching" if at == 0 else "detached"


def _attached_to(connection: EmulatedConnection) -> str | None:
    """Return the id of a connection's VPN gateway, or of its transit router's CEN, or None."""
    if connection.transit_router_id is None:
        return connection.vpn_gateway_id
    return f"cen-{connection.transit_router_id.partition('-')[2][::-1]}"


def tunnel_bandwidth(connection: EmulatedConnection) -> str:
    """Return ``Standard`` or ``Large``; for a quarter of the connections, in lower case."""
    word = "Standard" if connection.bandwidth_mbps <= 1000 else "Large"
    return word.lower() if pick(connection.vpn_connection_id, "case", 4) == 0 else word


def download_config(connection: EmulatedConnection) -> Tree:
    """Return a connection as the device configuration that DownloadVpnConnectionConfig sends."""
    name, first = connection.vpn_connection_id, connection.tunnels[0]
    # For a third of the connections, the CIDR blocks are in reverse order.
    step = -1 if pick(name, "order", 3) == 0 else 1
    config: Tree = {
        "LocalSubnet": ",".join(connection.onprem_subnets[::step]),
        "RemoteSubnet": ",".join(connection.vpc_subnets[::step]),
    }
    if pick(name, "older", 5) == 0:
        config |= given(
            CustomerGatewayId=first.customer_gateway_id,
            VpnGatewayId=connection.vpn_gateway_id,
            RightCaCert=first.peer_ca,
        )
    bgp = [_device_bgp(t.bgp, t.tunnel_id) for t in connection.tunnels if t.bgp is not None]
    # Some regions do not send BGP parameters yet.
    if bgp and pick(name, "bgp", 4) != 0:
        config["BgpConfigs"] = {"BgpConfig": bgp}
    if connection.is_dual:
        return config | _device_tunnels(connection)
    config |= _device_tunnel(first)
    return config | no_tunnels(connection, "download", "TunnelsConfig", "TunnelConfig")


def _device_tunnels(connection: EmulatedConnection) -> Tree:
    """Return a dual-tunnel connection's tunnels as its downloaded configuration shows them."""
    first = connection.tunnels[0]
    part: Tree = {}
    shape = connection_level_shape(connection, "download")
    for name, block in _configs(first, is_device=True).items():
        part |= shaped(name, shape, block)
    if shape in ("blank", "zeros", "copy"):
        part["Local"] = first.customer_ip if shape == "copy" else ""
        part["Remote"] = first.cloud_ip if shape == "copy" else ""
    is_text = pick(connection.vpn_connection_id, "numbers", 2) == 0
    tunnels = [_device_tunnel(tunnel, is_text=is_text) for tunnel in connection.tunnels]
    return part | {"TunnelsConfig": {"TunnelConfig": tunnels}}


def _device_tunnel(tunnel: EmulatedTunnel, *, is_text: bool = False) -> Tree:
    ends = given(TunnelId=tunnel.tunnel_id, Local=tunnel.customer_ip, Remote=tunnel.cloud_ip)
    return ends | _configs(tunnel, is_text=is_text, is_device=True)


def _device_bgp(bgp: Bgp, tunnel_id: str | None) -> Tree:
    return given(
        TunnelId=tunnel_id,
        TunnelCidr=bgp.tunnel_cidr,
        LocalBgpIp=bgp.customer_ip,
        PeerBgpIp=bgp.cloud_ip,
        LocalAsn=str(bgp.customer_asn),
        PeerAsn=str(bgp.cloud_asn),
    )
