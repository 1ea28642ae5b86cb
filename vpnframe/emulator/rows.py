"""Convert the emulator's resources, except connections, to rows of API responses."""

from __future__ import annotations

from vpnframe.emulator.connection_rows import tunnel_bandwidth
from vpnframe.emulator.encoding import Json, Tree, encode_json
from vpnframe.emulator.fleet import model
from vpnframe.emulator.fleet.quirks import given, pick, tag_list, tags_or_none
from vpnframe.emulator.fleet.routes import has_priorities

# A BGP route has no weight; the API does not document whether it sends the field.
_BGP_WEIGHTS = (None, 0, 100)


def region_row(region: model.EmulatedRegion) -> Tree:
    """Return a region as a row of DescribeRegions."""
    return {
        "RegionId": region.region_id,
        "RegionEndpoint": region.endpoint,
        "LocalName": region.local_name,
    }


def vpc_row(vpc: model.EmulatedVpc) -> Tree:
    """Return a VPC as a row of DescribeVpcs, which may omit empty lists of CIDR blocks."""
    suffix = vpc.vpc_id.partition("-")[2]
    row: Tree = {
        "VpcId": vpc.vpc_id,
        "VpcName": vpc.name,
        "RegionId": vpc.region_id,
        "OwnerId": int(vpc.account_id),
        "Status": "Available",
        "CidrBlock": vpc.cidr,
        "IsDefault": False,
        "VRouterId": f"vrt-{suffix}",
        "VSwitchIds": {"VSwitchId": [f"vsw-{suffix}"]},
        "Ipv6CidrBlock": "",
    }
    for outer, inner, blocks in (
        ("SecondaryCidrBlocks", "SecondaryCidrBlock", vpc.secondary_cidrs),
        ("UserCidrs", "UserCidr", vpc.user_cidrs),
    ):
        if blocks or pick(vpc.vpc_id, outer, 2):
            row[outer] = {inner: blocks}
    return row


def vpn_gateway_row(gateway: model.VpnGateway) -> Tree:
    """Return a VPN gateway as a row of DescribeVpnGateways."""
    suffix = gateway.vpn_gateway_id.partition("-")[2]
    return {
        "VpnGatewayId": gateway.vpn_gateway_id,
        "Name": gateway.name,
        "Description": "",
        "Status": "active",
        "BusinessStatus": gateway.business_status,
        "VpcId": gateway.vpc_id,
        "VSwitchId": f"vsw-{suffix}",
        "InternetIp": gateway.internet_ip,
        "NetworkType": "public",
        "GatewayType": "Enhanced.SiteToSite" if _is_enhanced(gateway) else "Traditional",
        "VpnType": gateway.vpn_type,
        "Spec": f"{gateway.bandwidth_mbps}M",
        "IpsecVpn": "enable",
        "SslVpn": "disable",
        "SslMaxConnections": 5,
        "EnableBgp": gateway.enable_bgp,
        "AutoPropagate": gateway.auto_propagate,
        "ChargeType": gateway.charge_type,
        "CreateTime": gateway.created_ms,
        "ResourceGroupId": gateway.resource_group_id,
        "Tag": _system_tags(
            VpnEnableBgp=gateway.enable_bgp,
            PbrPriority=has_priorities(gateway.vpn_gateway_id),
            VpnNewImage=_is_enhanced(gateway),
            VpnVersion="v1.2.4",
        ),
        "Tags": {"Tag": tag_list(gateway.tags)},
        **given(
            EndTime=gateway.end_ms,
            DisasterRecoveryVSwitchId=gateway.second_ip and f"vsw-{suffix[::-1]}",
            DisasterRecoveryInternetIp=gateway.second_ip,
        ),
    }


def customer_gateway_row(gateway: model.CustomerGateway) -> Tree:
    """Return a customer gateway as a row of DescribeCustomerGateways, with its BGP key."""
    return {
        "CustomerGatewayId": gateway.customer_gateway_id,
        "Name": gateway.name,
        "Description": "",
        "IpAddress": gateway.ip_address,
        "CreateTime": gateway.created_ms,
        "ResourceGroupId": gateway.resource_group_id,
        **given(
            Asn=gateway.asn,
            AuthKey=gateway.auth_key,
            Tags=tags_or_none(gateway.customer_gateway_id, gateway.tags),
        ),
    }


def attachment_row(connection: model.EmulatedConnection) -> Tree:
    """Return a connection as a row of DescribeVpnAttachments, with its id as ``InstanceId``."""
    return {
        "InstanceId": connection.vpn_connection_id,
        "Name": connection.name,
        "Description": "",
        "AttachType": connection.attach_type,
        "CrossAccountAuthorized": False,
        "TransitRouterId": connection.transit_router_id,
        "TransitRouterName": connection.transit_router_name,
        "TunnelBandwidth": tunnel_bandwidth(connection),
        "Tag": _system_tags(BGPSupport=True),
        "Tags": tag_list(connection.tags),
    }


def _is_enhanced(gateway: model.VpnGateway) -> bool:
    """Check whether a VPN gateway has the newer type ``Enhanced.SiteToSite``."""
    is_standard = gateway.second_ip is not None and gateway.vpn_type == "Normal"
    return is_standard and pick(gateway.vpn_gateway_id, "generation", 2) == 0


def _system_tags(**tags: bool | str) -> str:
    """Return the tags that the cloud itself sets on a resource, encoded as a JSON string."""
    return encode_json({name: str(value).lower() for name, value in tags.items()}).decode()


def vpn_route_row(route: model.EmulatedRoute) -> Tree:
    """Return a destination or BGP route of a VPN gateway as a row of DescribeVpnRouteEntries."""
    hop = given(NextHopTunnelId=next(iter(route.tunnel_ids), None))
    return {"VpnInstanceId": route.vpn_gateway_id, **_destination_part(route), **hop}


def policy_route_row(route: model.EmulatedRoute) -> Tree:
    """Return a policy route as a row of DescribeVpnPbrRouteEntries."""
    return {
        "VpnInstanceId": route.vpn_gateway_id,
        "RouteSource": route.source,
        "RouteDest": route.destination,
        "NextHop": route.next_hop,
        "Weight": _number(route, route.weight),
        "State": route.state,
        "CreateTime": _number(route, route.created_ms),
        **given(
            Priority=_number(route, route.priority),
            NextHopTunnelId=next(iter(route.tunnel_ids), None),
        ),
    }


def attachment_route_row(route: model.EmulatedRoute) -> Tree:
    """Return a route of a connection on a transit router as a row of DescribeVcoRouteEntries."""
    hops = given(NextHopTunnelIdList=route.tunnel_ids or None)
    return {"VpnConnectionId": route.vpn_connection_id, **_destination_part(route), **hops}


def _destination_part(route: model.EmulatedRoute) -> Tree:
    """Return the fields that DescribeVpnRouteEntries and DescribeVcoRouteEntries have in common."""
    # Older gateways capitalize the type of a route.
    is_older = pick(route.vpn_gateway_id or "", "route-type", 4) == 0
    part: Tree = {
        "RouteDest": route.destination,
        "NextHop": route.next_hop,
        "RouteEntryType": route.kind.capitalize() if is_older else route.kind,
        "State": route.state,
        "CreateTime": _number(route, route.created_ms),
    }
    if route.kind != "bgp":
        return part | {"Weight": _number(route, route.weight)}
    weight = _BGP_WEIGHTS[pick(route.destination, "bgp-weight", len(_BGP_WEIGHTS))]
    origin = given(AsPath=route.as_path, Source=route.learned_from, Community=route.community)
    return part | origin | given(Weight=weight)


def _number(route: model.EmulatedRoute, value: int | None) -> Json:
    is_text = pick(f"{route.next_hop}/{route.destination}", "numbers", 3) == 0
    return value if value is None or not is_text else str(value)
