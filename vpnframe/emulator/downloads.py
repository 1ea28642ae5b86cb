"""DownloadVpnConnectionConfig: the device's view, in which "local" is the on-premises side."""

from __future__ import annotations

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedTunnel
from vpnframe.emulator.fleet.quirks import (
    connection_level_shape,
    joined,
    no_tunnel_shape,
    no_tunnels,
    pick,
    shaped,
)

_CALL = "download"


def download_config(connection: EmulatedConnection) -> dict[str, Json]:
    """Return the configuration that a customer's device would load."""
    connection_id = connection.vpn_connection_id
    # In every third answer the blocks are in reverse order.
    is_turned = pick(connection_id, "order", 3) == 0
    config: dict[str, Json] = {
        "LocalSubnet": joined(connection.onprem_subnets, is_turned=is_turned),
        "RemoteSubnet": joined(connection.vpc_subnets, is_turned=is_turned),
    }
    if pick(connection_id, "older", 5) == 0:
        config |= _older_keys(connection)
    if bgp := _bgp_configs(connection):
        config["BgpConfigs"] = {"BgpConfig": bgp}
    return config | (_dual_part(connection) if connection.is_dual else _single_part(connection))


def _single_part(connection: EmulatedConnection) -> dict[str, Json]:
    (tunnel,) = connection.tunnels
    part: dict[str, Json] = {
        "Local": tunnel.customer_ip,
        "Remote": tunnel.cloud_ip,
        "IkeConfig": _ike_config(tunnel, is_text=False),
        "IpsecConfig": _ipsec_config(tunnel, is_text=False),
    }
    shape = no_tunnel_shape(connection, _CALL)
    return part | no_tunnels("TunnelsConfig", "TunnelConfig", shape)


def _dual_part(connection: EmulatedConnection) -> dict[str, Json]:
    """Return both tunnels and the connection-level fields."""
    first = connection.tunnels[0]
    shape = connection_level_shape(connection, _CALL)
    part: dict[str, Json] = {
        **shaped("IkeConfig", shape, _ike_config(first, is_text=False)),
        **shaped("IpsecConfig", shape, _ipsec_config(first, is_text=False)),
    }
    if shape in ("blank", "zeros", "copy"):
        part["Local"] = first.customer_ip if shape == "copy" else ""
        part["Remote"] = first.cloud_ip if shape == "copy" else ""
    is_text = pick(connection.vpn_connection_id, "numbers", 2) == 0
    tunnels = [_tunnel_config(tunnel, is_text=is_text) for tunnel in connection.tunnels]
    return part | {"TunnelsConfig": {"TunnelConfig": tunnels}}


def _tunnel_config(tunnel: EmulatedTunnel, *, is_text: bool) -> dict[str, Json]:
    return {
        "TunnelId": tunnel.tunnel_id,
        "Local": tunnel.customer_ip,
        "Remote": tunnel.cloud_ip,
        "IkeConfig": _ike_config(tunnel, is_text=is_text),
        "IpsecConfig": _ipsec_config(tunnel, is_text=is_text),
    }


def _ike_config(tunnel: EmulatedTunnel, *, is_text: bool) -> dict[str, Json]:
    proposal = tunnel.proposal
    config: dict[str, Json] = {
        "IkeVersion": proposal.ike_version,
        "IkeMode": proposal.ike_mode,
        "IkeEncAlg": proposal.ike_enc,
        "IkeAuthAlg": proposal.ike_auth,
        "IkePfs": proposal.ike_pfs,
        "IkeLifetime": _number(proposal.ike_lifetime, is_text=is_text),
        "LocalId": tunnel.customer_ike_id,
        "RemoteId": tunnel.cloud_ike_id,
    }
    return config if tunnel.psk is None else config | {"Psk": tunnel.psk}


def _ipsec_config(tunnel: EmulatedTunnel, *, is_text: bool) -> dict[str, Json]:
    proposal = tunnel.proposal
    return {
        "IpsecEncAlg": proposal.ipsec_enc,
        "IpsecAuthAlg": proposal.ipsec_auth,
        "IpsecPfs": proposal.ipsec_pfs,
        "IpsecLifetime": _number(proposal.ipsec_lifetime, is_text=is_text),
    }


def _number(value: int, *, is_text: bool) -> int | str:
    return str(value) if is_text else value


def _bgp_configs(connection: EmulatedConnection) -> list[Json]:
    """Return the device's BGP parameters; some regions do not send them yet."""
    if pick(connection.vpn_connection_id, "bgp", 4) == 0:
        return []
    return [_bgp_config(tunnel) for tunnel in connection.tunnels if tunnel.bgp is not None]


def _bgp_config(tunnel: EmulatedTunnel) -> dict[str, Json]:
    bgp = tunnel.bgp
    if bgp is None:
        return {}
    config: dict[str, Json] = {
        "TunnelCidr": bgp.tunnel_cidr,
        "LocalBgpIp": bgp.customer_ip,
        "PeerBgpIp": bgp.cloud_ip,
        "LocalAsn": str(bgp.customer_asn),
        "PeerAsn": str(bgp.cloud_asn),
    }
    return config if tunnel.tunnel_id is None else {"TunnelId": tunnel.tunnel_id} | config


def _older_keys(connection: EmulatedConnection) -> dict[str, Json]:
    """Return the additional keys of older answers."""
    first = connection.tunnels[0]
    keys: dict[str, Json] = {"CustomerGatewayId": first.customer_gateway_id}
    if connection.vpn_gateway_id is not None:
        keys["VpnGatewayId"] = connection.vpn_gateway_id
    if first.peer_ca is not None:
        keys["RightCaCert"] = first.peer_ca
    return keys
