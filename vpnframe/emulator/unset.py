"""Forms of unset fields in an answer: the fields are omitted, empty strings, or zeros.

The API does not document which form it sends; recorded answers contain all three. ``FIELDS`` lists
the fields of each action with their unset values, to add the fields that a row lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.quirks import pick

# Field name -> unset value; for a nested object, the mapping of its own fields.
Fields: TypeAlias = Mapping[str, Json]

SHAPES = ("plain", "blank", "zeros")


def _fields(**parts: Json) -> dict[str, Json]:
    """Return each named field with the unset value of its type; nested objects stay as given."""
    unset: Fields = {"texts": "", "numbers": 0, "flags": False}
    fields: dict[str, Json] = {}
    for name, part in parts.items():
        if isinstance(part, str):
            fields |= dict.fromkeys(part.split(), unset[name])
        else:
            fields[name] = part
    return fields


_IKE = _fields(
    texts="IkeVersion IkeMode IkeEncAlg IkeAuthAlg IkePfs Psk LocalId RemoteId",
    numbers="IkeLifetime",
)
_IPSEC = _fields(texts="IpsecEncAlg IpsecAuthAlg IpsecPfs", numbers="IpsecLifetime")
_BGP = _fields(texts="LocalBgpIp PeerBgpIp TunnelCidr", numbers="LocalAsn PeerAsn")
_TUNNEL = _fields(
    texts="TunnelId Role State Status ZoneNo CustomerGatewayId InternetIp "
    "EnableDpd EnableNatTraversal RemoteCaCertificate",
    numbers="TunnelIndex",
    TunnelIkeConfig=_IKE,
    TunnelIpsecConfig=_IPSEC,
    TunnelBgpConfig={**_BGP, "BgpStatus": ""},
)
_DESTINATION_ROUTE = _fields(
    texts="RouteDest NextHop RouteEntryType State Source AsPath Community",
    numbers="CreateTime Weight",
)
_DEVICE_TUNNEL = _fields(texts="TunnelId Local Remote", IkeConfig=_IKE, IpsecConfig=_IPSEC)

FIELDS: Mapping[str, Fields] = MappingProxyType(
    {
        "DescribeRegions": _fields(texts="RegionId RegionEndpoint LocalName"),
        "DescribeVpnConnections": _fields(
            texts="Name State Status VpnGatewayId CustomerGatewayId AttachType AttachInstanceId "
            "TransitRouterId TransitRouterName NetworkType InternetIp Spec TunnelBandwidth "
            "ResourceGroupId RemoteCaCertificate LocalSubnet RemoteSubnet",
            flags="CrossAccountAuthorized EffectImmediately EnableDpd EnableNatTraversal "
            "EnableTunnelsBgp",
            numbers="CreateTime",
            IkeConfig=_IKE,
            IpsecConfig=_IPSEC,
            VpnBgpConfig=_BGP | _fields(texts="Status AuthKey"),
            VcoHealthCheck=_fields(texts="Enable Sip Dip Policy Status", numbers="Interval Retry"),
            Tag={"Tag": []},
            TunnelOptionsSpecification={"TunnelOptions": [_TUNNEL]},
        ),
        "DescribeVpnAttachments": _fields(
            texts="Name Description AttachType TransitRouterId TransitRouterName TunnelBandwidth "
            "Tag",
            flags="CrossAccountAuthorized",
            Tags=[],
        ),
        "DescribeVpnGateways": _fields(
            texts="Name Description Status BusinessStatus VpcId VSwitchId InternetIp NetworkType "
            "DisasterRecoveryVSwitchId DisasterRecoveryInternetIp SslVpnInternetIp "
            "GatewayType VpnType Spec IpsecVpn SslVpn ChargeType ResourceGroupId Tag",
            numbers="SslMaxConnections CreateTime EndTime",
            flags="EnableBgp AutoPropagate",
            ReservationData=_fields(
                texts="ReservationEndTime ReservationIpsec ReservationOrderType ReservationSpec "
                "ReservationSsl Status",
                numbers="ReservationMaxConnections",
            ),
            EniInstanceIds={"EniInstanceId": []},
            Tags={"Tag": []},
        ),
        "DescribeCustomerGateways": _fields(
            texts="Name Description IpAddress AuthKey ResourceGroupId",
            numbers="Asn CreateTime",
            Tags={"Tag": []},
        ),
        "DescribeVpcs": _fields(
            texts="VpcName RegionId Status CidrBlock VRouterId Ipv6CidrBlock Description "
            "ResourceGroupId CreationTime",
            numbers="OwnerId",
            flags="IsDefault",
            SecondaryCidrBlocks={"SecondaryCidrBlock": []},
            UserCidrs={"UserCidr": []},
            VSwitchIds={"VSwitchId": []},
        ),
        "DescribeVpnRouteEntries": (
            _DESTINATION_ROUTE | _fields(texts="VpnInstanceId NextHopTunnelId")
        ),
        "DescribeVcoRouteEntries": (
            _DESTINATION_ROUTE | _fields(texts="VpnConnectionId", NextHopTunnelIdList=[])
        ),
        "DescribeVpnPbrRouteEntries": _fields(
            texts="VpnInstanceId RouteSource RouteDest NextHop NextHopTunnelId State",
            numbers="CreateTime Priority Weight",
        ),
        "DownloadVpnConnectionConfig": _fields(
            texts="Local Remote LocalSubnet RemoteSubnet",
            IkeConfig=_IKE,
            IpsecConfig=_IPSEC,
            TunnelsConfig={"TunnelConfig": [_DEVICE_TUNNEL]},
            BgpConfigs={"BgpConfig": [{**_BGP, "TunnelId": ""}]},
        ),
    }
)


def shape_of(thing_id: str, shape: str | None) -> str:
    """Return ``shape``, or if it is None a shape of unset fields selected by the row's id."""
    return shape or SHAPES[pick(thing_id, "unset", len(SHAPES))]


def fill(row: Mapping[str, Json], action: str, shape: str) -> dict[str, Json]:
    """Add the fields that a row of an answer lacks, with unset values in the given shape.

    Examples
    --------
    >>> fill({"RouteDest": "10.0.0.0/8"}, "DescribeVpnPbrRouteEntries", "zeros")["Priority"]
    0
    """
    return dict(row) if shape == "plain" else _filled(row, FIELDS[action], shape)


def _filled(row: Mapping[str, Json], fields: Fields, shape: str) -> dict[str, Json]:
    return {**row, **{name: _value(row.get(name), fields[name], shape) for name in fields}}


def _value(value: Json, unset: Json, shape: str) -> Json:
    """Return a value, or its unset value in the given shape; complete nested objects."""
    if isinstance(unset, Mapping):
        return _filled(value if isinstance(value, Mapping) else {}, unset, shape)
    if isinstance(unset, list):
        return [_row(one, unset, shape) for one in value] if isinstance(value, list | tuple) else []
    if value is None or value == "":
        return unset if shape == "zeros" else ""
    return value


def _row(value: Json, unset: list[Json], shape: str) -> Json:
    """Return an element of a list; add missing fields if it is an object with known fields."""
    fields = unset[0] if unset else None
    is_block = isinstance(value, Mapping) and isinstance(fields, Mapping)
    return _value(value, fields, shape) if is_block else value
