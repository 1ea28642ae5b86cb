"""Values of unset fields in an answer: nothing, empty text, or zeros.

It is not documented which is sent; recorded answers have all three. Each table lists every field of
the API with its unset value, so that the missing fields of a row can be filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.quirks import pick

# Each field with its unset value; a block with its own fields.
Fields: TypeAlias = Mapping[str, Json]

SHAPES = ("plain", "blank", "zeros")


def _named(names: str, value: Json) -> dict[str, Json]:
    return dict.fromkeys(names.split(), value)


def _texts(names: str) -> dict[str, Json]:
    return _named(names, "")


_IKE = {
    **_texts("IkeVersion IkeMode IkeEncAlg IkeAuthAlg IkePfs Psk LocalId RemoteId"),
    "IkeLifetime": 0,
}
_IPSEC = {**_texts("IpsecEncAlg IpsecAuthAlg IpsecPfs"), "IpsecLifetime": 0}
_BGP = {
    **_texts("LocalBgpIp PeerBgpIp TunnelCidr"),
    **_named("LocalAsn PeerAsn", 0),
}
_TUNNEL = {
    **_texts("TunnelId Role State Status ZoneNo CustomerGatewayId InternetIp"),
    **_texts("EnableDpd EnableNatTraversal RemoteCaCertificate"),
    "TunnelIndex": 0,
    "TunnelIkeConfig": _IKE,
    "TunnelIpsecConfig": _IPSEC,
    "TunnelBgpConfig": {**_BGP, "BgpStatus": ""},
}
_CONNECTION: Fields = {
    **_texts("Name State Status VpnGatewayId CustomerGatewayId AttachType AttachInstanceId"),
    **_texts("TransitRouterId TransitRouterName NetworkType InternetIp Spec TunnelBandwidth"),
    **_texts("ResourceGroupId RemoteCaCertificate LocalSubnet RemoteSubnet"),
    **_named("CrossAccountAuthorized EffectImmediately EnableDpd EnableNatTraversal", False),
    **_named("EnableTunnelsBgp", False),
    "CreateTime": 0,
    "IkeConfig": _IKE,
    "IpsecConfig": _IPSEC,
    "VpnBgpConfig": {**_BGP, **_texts("Status AuthKey")},
    "VcoHealthCheck": {
        **_texts("Enable Sip Dip Policy Status"),
        **_named("Interval Retry", 0),
    },
    "Tag": {"Tag": []},
    "TunnelOptionsSpecification": {"TunnelOptions": [_TUNNEL]},
}
_ATTACHMENT: Fields = {
    **_texts("Name Description AttachType TransitRouterId TransitRouterName TunnelBandwidth Tag"),
    "CrossAccountAuthorized": False,
    "Tags": [],
}
_VPN_GATEWAY: Fields = {
    **_texts("Name Description Status BusinessStatus VpcId VSwitchId InternetIp NetworkType"),
    **_texts("DisasterRecoveryVSwitchId DisasterRecoveryInternetIp SslVpnInternetIp"),
    **_texts("GatewayType VpnType Spec IpsecVpn SslVpn ChargeType ResourceGroupId Tag"),
    **_named("SslMaxConnections CreateTime EndTime", 0),
    **_named("EnableBgp AutoPropagate", False),
    "ReservationData": {
        **_texts("ReservationEndTime ReservationIpsec ReservationOrderType ReservationSpec"),
        **_texts("ReservationSsl Status"),
        "ReservationMaxConnections": 0,
    },
    "EniInstanceIds": {"EniInstanceId": []},
    "Tags": {"Tag": []},
}
_CUSTOMER_GATEWAY: Fields = {
    **_texts("Name Description IpAddress AuthKey ResourceGroupId"),
    **_named("Asn CreateTime", 0),
    "Tags": {"Tag": []},
}
_VPC: Fields = {
    **_texts("VpcName RegionId Status CidrBlock VRouterId Ipv6CidrBlock Description"),
    **_texts("ResourceGroupId CreationTime"),
    **_named("OwnerId", 0),
    **_named("IsDefault", False),
    "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
    "UserCidrs": {"UserCidr": []},
    "VSwitchIds": {"VSwitchId": []},
}
_DESTINATION_ROUTE = {
    **_texts("RouteDest NextHop RouteEntryType State Source AsPath Community"),
    **_named("CreateTime Weight", 0),
}
_DOWNLOAD: Fields = {
    **_texts("Local Remote LocalSubnet RemoteSubnet"),
    "IkeConfig": _IKE,
    "IpsecConfig": _IPSEC,
    "TunnelsConfig": {
        "TunnelConfig": [
            {**_texts("TunnelId Local Remote"), "IkeConfig": _IKE, "IpsecConfig": _IPSEC}
        ]
    },
    "BgpConfigs": {"BgpConfig": [{**_BGP, "TunnelId": ""}]},
}

FIELDS: Mapping[str, Fields] = MappingProxyType(
    {
        "DescribeRegions": _texts("RegionId RegionEndpoint LocalName"),
        "DescribeVpnConnections": _CONNECTION,
        "DescribeVpnAttachments": _ATTACHMENT,
        "DescribeVpnGateways": _VPN_GATEWAY,
        "DescribeCustomerGateways": _CUSTOMER_GATEWAY,
        "DescribeVpcs": _VPC,
        "DescribeVpnRouteEntries": {
            **_DESTINATION_ROUTE,
            **_texts("VpnInstanceId NextHopTunnelId"),
        },
        "DescribeVcoRouteEntries": {
            **_DESTINATION_ROUTE,
            "VpnConnectionId": "",
            "NextHopTunnelIdList": [],
        },
        "DescribeVpnPbrRouteEntries": {
            **_texts("VpnInstanceId RouteSource RouteDest NextHop NextHopTunnelId State"),
            **_named("CreateTime Priority Weight", 0),
        },
        "DownloadVpnConnectionConfig": _DOWNLOAD,
    }
)


def shape_of(thing_id: str, shape: str | None) -> str:
    """Return the shape of a row: the requested one, else one selected by its id."""
    return shape or SHAPES[pick(thing_id, "unset", len(SHAPES))]


def fill(row: Mapping[str, Json], action: str, shape: str) -> dict[str, Json]:
    """Fill in the missing fields of a row of an answer.

    Examples
    --------
    >>> fill({"RouteDest": "10.0.0.0/8"}, "DescribeVpnPbrRouteEntries", "zeros")["Priority"]
    0
    """
    return dict(row) if shape == "plain" else _filled(row, FIELDS[action], shape)


def _filled(row: Mapping[str, Json], fields: Fields, shape: str) -> dict[str, Json]:
    return {**row, **{name: _value(row.get(name), fields[name], shape) for name in fields}}


def _value(value: Json, unset: Json, shape: str) -> Json:
    """Return a value, or its replacement if it is unset."""
    if isinstance(unset, Mapping):
        return _filled(value if isinstance(value, Mapping) else {}, unset, shape)
    if isinstance(unset, list):
        return [_row(one, unset, shape) for one in value] if isinstance(value, list | tuple) else []
    if value is None or value == "":
        return unset if shape == "zeros" else ""
    return value


def _row(value: Json, unset: list[Json], shape: str) -> Json:
    """Return an element of a list; a block is filled in if its fields are known."""
    fields = unset[0] if unset else None
    is_block = isinstance(value, Mapping) and isinstance(fields, Mapping)
    return _value(value, fields, shape) if is_block else value
