"""Describe the types and known fields of a response, without private values, for publication."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from vpnframe.addresses.cidr import split_cidrs
from vpnframe.cloud.messages import Response
from vpnframe.cloud.trees import parse_body
from vpnframe.model.masked import key_state

_NAMES = frozenset(
    """
    AccountId Arn AsPath Asn AttachInstanceId AttachType AuthKey AutoPropagate BgpConfig BgpConfigs
    BgpStatus BusinessStatus CenStatus ChargeType CidrBlock Code Community CreateTime CreationTime
    CrossAccountAuthorized CustomerGateway CustomerGatewayId CustomerGateways Description
    DhcpOptionsSetId DhcpOptionsSetStatus Dip DisasterRecoveryInternetIp DisasterRecoveryVSwitchId
    DnsHostnameStatus EffectImmediately Enable EnableBgp EnableDpd EnableNatTraversal
    EnableTunnelsBgp EnabledIpv6 EndTime EniInstanceId EniInstanceIds GatewayType HostId
    IdentityType IkeAuthAlg IkeConfig IkeEncAlg IkeLifetime IkeMode IkePfs IkeVersion InstanceId
    InternetIp Interval IpAddress IpsecAuthAlg IpsecConfig IpsecEncAlg IpsecLifetime IpsecPfs
    IpsecVpn Ipv6CidrBlock Ipv6CidrBlocks Ipv6Isp IsDefault Key Local LocalAsn LocalBgpIp LocalId
    LocalName LocalSubnet Message Name NatGatewayIds NetworkType NextHop NextHopTunnelId
    NextHopTunnelIdList OwnerId PageNumber PageSize PeerAsn PeerBgpIp Policy PrincipalId Priority
    Psk Recommend Region RegionEndpoint RegionId Regions Remote RemoteCaCertificate RemoteId
    RemoteSubnet RequestId ReservationData ReservationEndTime ReservationIpsec
    ReservationMaxConnections ReservationOrderType ReservationSpec ReservationSsl ResourceGroupId
    Retry Role RoleId RouteCount RouteDest RouteEntryType RouteSource RouterTableIds
    SecondaryCidrBlock SecondaryCidrBlocks Sip Source Spec SslMaxConnections SslVpn SslVpnInternetIp
    State Status Tag Tags TotalCount TransitRouterId TransitRouterName TunnelBandwidth
    TunnelBgpConfig TunnelCidr TunnelConfig TunnelId TunnelIkeConfig TunnelIndex TunnelIpsecConfig
    TunnelOptions TunnelOptionsSpecification TunnelsConfig UserCidr UserCidrs UserId VRouterId
    VSwitchId VSwitchIds Value VcoHealthCheck VcoRouteEntries Vpc VpcId VpcName Vpcs VpnAttachments
    VpnBgpConfig VpnConnection VpnConnectionConfig VpnConnectionId VpnConnections VpnGateway
    VpnGatewayId VpnGateways VpnInstanceId VpnPbrRouteEntries VpnPbrRouteEntry VpnRouteCount
    VpnRouteCounts VpnRouteEntries VpnRouteEntry VpnType Weight ZoneNo
""".split()  # noqa: SIM905  a list would have a line for each
)
_SECRETS = frozenset({"Psk", "AuthKey"})
# Fields with a fixed set of values, and below these values in the vendor's spelling.
_ENUMERATED = frozenset(
    {
        *("AttachType", "BgpStatus", "BusinessStatus", "ChargeType", "GatewayType", "IkeAuthAlg"),
        *("IkeEncAlg", "IkeMode", "IkePfs", "IkeVersion", "IpsecAuthAlg", "IpsecEncAlg"),
        *("IpsecPfs", "NetworkType", "Role", "RouteEntryType", "Source", "Spec", "State"),
        *("Status", "TunnelBandwidth", "VpnType", "IpsecVpn", "SslVpn"),
    }
)
_WORDS = {
    word.lower(): word
    for word in """
    ike_sa_not_established ike_sa_established ipsec_sa_not_established ipsec_sa_established init
    provisioning active inactive updating deleting deleted attaching attached detaching detached
    financialLocked financial_locked Normal FinancialLocked locked pending success failed false true
    enable disable enabled disabled open close established unestablished ikev1 ikev2 main aggressive
    aes aes192 aes256 des 3des sm4 md5 sha1 sha256 sha384 sha512 sm3 group1 group2 group5 group14
    group15 group16 group19 group20 group21 group24 master slave public private CEN VPNGW
    NO_ASSOCIATED NationalStandard PREPAY POSTPAY PostpayByFlow PrePay PostPay published custom bgp
    static Standard Large 5M 10M 20M 50M 100M 200M 500M 1000M
    """.split()  # noqa: SIM905
}
_ROOT = re.compile(r"(Describe|Download|Get)[A-Z][A-Za-z]{2,40}Response")
_DEPTH = 20
_KINDS = {dict: "object", list: "list", str: "text", bool: "flag", int: "number", float: "number"}


def shape_of(response: Response) -> bytes:
    """Return the structure of a response as JSON."""
    parsed = parse_body(response.body)
    if isinstance(parsed, str):
        shape: Any = "neither JSON nor XML" if response.body.strip() else "empty"
        form = "unreadable"
    else:
        tree, root = parsed
        shape = _shape(tree, "", _DEPTH)
        named = root if root is not None and _ROOT.fullmatch(root) else "another root"
        form = "JSON" if root is None else f"XML: {named}"
    shown = {"http_status": response.status, "format": form, "body": shape}
    return json.dumps(shown, indent=1).encode() + b"\n"


def _shape(value: Any, name: str, depth: int) -> Any:
    if depth == 0:
        return "nested deeply"
    if isinstance(value, dict):
        known = {one: _shape(value[one], one, depth - 1) for one in sorted(_NAMES & value.keys())}
        others = sorted(_KINDS.get(type(value[one]), "null") for one in value if one not in _NAMES)
        return known | ({"(other fields)": others} if others else {})
    if isinstance(value, list):
        shapes = [_shape(one, name, depth - 1) for one in value]
        return [json.loads(one) for one in dict.fromkeys(map(json.dumps, shapes))]
    if name in _SECRETS:
        return f"key: {key_state(value)}"
    if isinstance(value, str):
        return _text(value, name)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kind = "whole number" if isinstance(value, int) else "fraction"
    return kind if value else "zero"


def _text(value: str, name: str) -> str:
    """Return what a string is: a known word, a number, an address, CIDR blocks or other."""
    text = value.strip()
    word = _WORDS.get(text.lower())
    if not text:
        return "empty text"
    if word is not None and (name in _ENUMERATED or word in ("true", "false")):
        return f"text: {word}"
    if "**" in text:
        return "text with stars"
    if re.fullmatch(r"[0-9]+", text):
        return "text of a whole number"
    if text[0] in "{[":
        return "text of JSON"
    try:
        blocks = [ipaddress.ip_network(one, strict=False) for one in split_cidrs(text)]
    except ValueError:
        return "text"
    if len(blocks) > 1:
        return "text of several blocks"
    return "text of a block" if "/" in text else "text of an address"
