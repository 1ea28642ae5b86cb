"""Rows of the short list calls: regions, VPCs, both kinds of gateways, attachments."""

from __future__ import annotations

from vpnframe.emulator.connection_rows import tunnel_bandwidth
from vpnframe.emulator.encoding import Json, encode_json
from vpnframe.emulator.fleet.model import (
    CustomerGateway,
    EmulatedConnection,
    EmulatedRegion,
    EmulatedVpc,
    VpnGateway,
)
from vpnframe.emulator.fleet.quirks import pick, tag_list
from vpnframe.emulator.fleet.routes import has_priorities


def region_row(region: EmulatedRegion) -> dict[str, Json]:
    """Write one row of DescribeRegions.

    Examples
    --------
    >>> region_row(EmulatedRegion("cn-beijing", "华北2", "2ze"))["RegionEndpoint"]
    'vpc.cn-beijing.aliyuncs.com'
    """
    return {
        "RegionId": region.region_id,
        "RegionEndpoint": region.endpoint,
        "LocalName": region.local_name,
    }


def vpc_row(vpc: EmulatedVpc) -> dict[str, Json]:
    """Write one row of DescribeVpcs; a list without blocks is empty or omitted."""
    suffix = vpc.vpc_id.partition("-")[2]
    row: dict[str, Json] = {
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


def vpn_gateway_row(gateway: VpnGateway) -> dict[str, Json]:
    """Write one row of DescribeVpnGateways."""
    suffix = gateway.vpn_gateway_id.partition("-")[2]
    row: dict[str, Json] = {
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
    }
    if gateway.end_ms is not None:
        row["EndTime"] = gateway.end_ms
    if gateway.second_ip is not None:
        row["DisasterRecoveryVSwitchId"] = f"vsw-{suffix[::-1]}"
        row["DisasterRecoveryInternetIp"] = gateway.second_ip
    return row


def customer_gateway_row(gateway: CustomerGateway) -> dict[str, Json]:
    """Write one row of DescribeCustomerGateways, including the BGP key."""
    row: dict[str, Json] = {
        "CustomerGatewayId": gateway.customer_gateway_id,
        "Name": gateway.name,
        "Description": "",
        "IpAddress": gateway.ip_address,
        "CreateTime": gateway.created_ms,
        "ResourceGroupId": gateway.resource_group_id,
    }
    if gateway.asn is not None:
        row["Asn"] = gateway.asn
    if gateway.auth_key is not None:
        row["AuthKey"] = gateway.auth_key
    if gateway.tags or pick(gateway.customer_gateway_id, "tags", 2):
        row["Tags"] = {"Tag": tag_list(gateway.tags)}
    return row


def attachment_row(connection: EmulatedConnection) -> dict[str, Json]:
    """Write one row of DescribeVpnAttachments, where ``InstanceId`` is the connection's id."""
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


def _is_enhanced(gateway: VpnGateway) -> bool:
    """Check whether a gateway is of the newer kind, which has two addresses and no SSL."""
    is_standard = gateway.second_ip is not None and gateway.vpn_type == "Normal"
    return is_standard and pick(gateway.vpn_gateway_id, "generation", 2) == 0


def _system_tags(**tags: bool | str) -> str:
    """Return the cloud's own tags of a resource as one JSON text; users cannot set them."""
    words = {name: str(value).lower() for name, value in tags.items()}
    return encode_json(words).decode()
