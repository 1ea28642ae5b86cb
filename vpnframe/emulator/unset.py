"""Add unset fields to answers, in one of the forms ``plain``, ``blank`` and ``zeros``.

In the form ``plain``, unset fields are omitted. In ``blank``, they are empty strings. In ``zeros``,
unset numbers are 0, unset flags are false, and unset strings are empty. The API does not document
which form it uses, and recorded answers contain all three. ``FIELDS`` lists the fields of each
action with their values in the form ``zeros``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from vpnframe.emulator.encoding import Json

# Field name -> unset value; for a nested object, the mapping of its own fields.
Fields: TypeAlias = Mapping[str, Json]

SHAPES = ("plain", "blank", "zeros")


def _fields(names: str, **nested: Json) -> dict[str, Json]:
    """Return the fields listed in ``names``, with their unset values in the form ``zeros``.

    In ``names``, ``#`` follows the name of a number and ``?`` the name of a flag; all other fields
    are strings. The objects and lists in ``nested`` are added unchanged.

    Examples
    --------
    >>> _fields("Name Asn# EnableDpd?", Tag={"Tag": []})
    {'Name': '', 'Asn': 0, 'EnableDpd': False, 'Tag': {'Tag': []}}
    """
    unset: Mapping[str, Json] = {"#": 0, "?": False}
    return {name.rstrip("#?"): unset.get(name[-1], "") for name in names.split()} | nested


_IKE = _fields("IkeVersion IkeMode IkeEncAlg IkeAuthAlg IkePfs Psk LocalId RemoteId IkeLifetime#")
_IPSEC = _fields("IpsecEncAlg IpsecAuthAlg IpsecPfs IpsecLifetime#")
_BGP = _fields("LocalBgpIp PeerBgpIp TunnelCidr LocalAsn# PeerAsn#")
_TUNNEL = _fields(
    "TunnelId Role State Status ZoneNo CustomerGatewayId InternetIp EnableDpd EnableNatTraversal "
    "RemoteCaCertificate TunnelIndex#",
    TunnelIkeConfig=_IKE,
    TunnelIpsecConfig=_IPSEC,
    TunnelBgpConfig={**_BGP, "BgpStatus": ""},
)
_ROUTE = _fields(
    "RouteDest NextHop RouteEntryType State Source AsPath Community CreateTime# Weight#"
)
_DEVICE_TUNNEL = _fields("TunnelId Local Remote", IkeConfig=_IKE, IpsecConfig=_IPSEC)

FIELDS: Mapping[str, Fields] = {
    "DescribeRegions": _fields("RegionId RegionEndpoint LocalName"),
    "DescribeVpnConnections": _fields(
        "Name State Status VpnGatewayId CustomerGatewayId AttachType AttachInstanceId "
        "TransitRouterId TransitRouterName NetworkType InternetIp Spec TunnelBandwidth "
        "ResourceGroupId RemoteCaCertificate LocalSubnet RemoteSubnet CrossAccountAuthorized? "
        "EffectImmediately? EnableDpd? EnableNatTraversal? EnableTunnelsBgp? CreateTime#",
        IkeConfig=_IKE,
        IpsecConfig=_IPSEC,
        VpnBgpConfig=_BGP | _fields("Status AuthKey"),
        VcoHealthCheck=_fields("Enable Sip Dip Policy Status Interval# Retry#"),
        Tag={"Tag": []},
        TunnelOptionsSpecification={"TunnelOptions": [_TUNNEL]},
    ),
    "DescribeVpnAttachments": _fields(
        "Name Description AttachType TransitRouterId TransitRouterName TunnelBandwidth Tag "
        "CrossAccountAuthorized?",
        Tags=[],
    ),
    "DescribeVpnGateways": _fields(
        "Name Description Status BusinessStatus VpcId VSwitchId InternetIp NetworkType "
        "DisasterRecoveryVSwitchId DisasterRecoveryInternetIp SslVpnInternetIp GatewayType "
        "VpnType Spec IpsecVpn SslVpn ChargeType ResourceGroupId Tag "
        "SslMaxConnections# CreateTime# EndTime# EnableBgp? AutoPropagate?",
        ReservationData=_fields(
            "ReservationEndTime ReservationIpsec ReservationOrderType ReservationSpec "
            "ReservationSsl Status ReservationMaxConnections#"
        ),
        EniInstanceIds={"EniInstanceId": []},
        Tags={"Tag": []},
    ),
    "DescribeCustomerGateways": _fields(
        "Name Description IpAddress AuthKey ResourceGroupId Asn# CreateTime#", Tags={"Tag": []}
    ),
    "DescribeVpcs": _fields(
        "VpcName RegionId Status CidrBlock VRouterId Ipv6CidrBlock Description "
        "ResourceGroupId CreationTime OwnerId# IsDefault?",
        SecondaryCidrBlocks={"SecondaryCidrBlock": []},
        UserCidrs={"UserCidr": []},
        VSwitchIds={"VSwitchId": []},
    ),
    "DescribeVpnRouteEntries": _ROUTE | _fields("VpnInstanceId NextHopTunnelId"),
    "DescribeVcoRouteEntries": _ROUTE | _fields("VpnConnectionId", NextHopTunnelIdList=[]),
    "DescribeVpnPbrRouteEntries": _fields(
        "VpnInstanceId RouteSource RouteDest NextHop NextHopTunnelId State "
        "CreateTime# Priority# Weight#"
    ),
    "DownloadVpnConnectionConfig": _fields(
        "Local Remote LocalSubnet RemoteSubnet",
        IkeConfig=_IKE,
        IpsecConfig=_IPSEC,
        TunnelsConfig={"TunnelConfig": [_DEVICE_TUNNEL]},
        BgpConfigs={"BgpConfig": [{**_BGP, "TunnelId": ""}]},
    ),
}


def fill(row: Mapping[str, Json], action: str, shape: str) -> dict[str, Json]:
    """Return a copy of an answer's row, in which unset fields have the form ``shape``."""
    return dict(row) if shape == "plain" else _filled(row, FIELDS[action], shape)


def _filled(row: Json, fields: Fields, shape: str) -> dict[str, Json]:
    known = row if isinstance(row, Mapping) else {}
    return {**known, **{name: _value(known.get(name), fields[name], shape) for name in fields}}


def _value(value: Json, unset: Json, shape: str) -> Json:
    """Return ``value``, in which unset fields at any depth have the form ``shape``."""
    if isinstance(unset, Mapping):
        return _filled(value, unset, shape)
    if isinstance(unset, list):
        elements = value if isinstance(value, list | tuple) else ()
        return [_value(one, unset[0], shape) for one in elements] if unset else list(elements)
    if value is None or value == "":
        return unset if shape == "zeros" else ""
    return value
