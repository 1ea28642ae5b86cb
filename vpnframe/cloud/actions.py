"""API actions as data: product version, path of the list in the answer, published quota."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Limit:
    """A published quota: ``count`` calls per ``per_s`` seconds.

    Parameters
    ----------
    count : int
        Calls allowed.
    per_s : float
        Length of the window in seconds.
    """

    count: int
    per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Action:
    """One call of the cloud's API."""

    name: str  # for example ``DescribeVpnConnections``
    # Outer and inner name of the list in the answer; empty if the answer has no list. A few lists
    # are bare arrays in JSON: the inner name is that of XML.
    list_path: tuple[str, ...] = ()
    id_fields: tuple[str, ...] = ()  # fields of a row with its identifier; the first one is usual
    is_paged: bool = False  # whether it takes ``PageNumber`` and ``PageSize``
    version: str = "2016-04-28"  # the API version of its product
    limit: Limit = Limit(600)  # per main account and region


VPC_HOST = "vpc.aliyuncs.com"
STS_HOST = "sts.aliyuncs.com"
STS_VERSION = "2015-04-01"
PAGE_SIZE = 50

_paged = partial(Action, is_paged=True)
_ALL = (
    Action("GetCallerIdentity", version=STS_VERSION),
    Action("DescribeRegions", ("Regions", "Region"), ("RegionId",)),
    _paged("DescribeVpnGateways", ("VpnGateways", "VpnGateway"), ("VpnGatewayId",)),
    _paged(
        "DescribeCustomerGateways", ("CustomerGateways", "CustomerGateway"), ("CustomerGatewayId",)
    ),
    _paged("DescribeVpnConnections", ("VpnConnections", "VpnConnection"), ("VpnConnectionId",)),
    _paged(
        "DescribeVpnAttachments",
        ("VpnAttachments", "VpnAttachment"),
        ("InstanceId", "VpnConnectionId"),
    ),
    _paged("DescribeVpcs", ("Vpcs", "Vpc"), ("VpcId",)),
    _paged("DescribeVpnRouteEntries", ("VpnRouteEntries", "VpnRouteEntry"), ("RouteDest",)),
    _paged(
        "DescribeVpnPbrRouteEntries", ("VpnPbrRouteEntries", "VpnPbrRouteEntry"), ("RouteDest",)
    ),
    _paged("DescribeVcoRouteEntries", ("VcoRouteEntries", "VcoRouteEntry"), ("RouteDest",)),
    Action("DownloadVpnConnectionConfig", limit=Limit(30)),
)
ACTIONS = {action.name: action for action in _ALL}

# Top-level key of an answer to its action: a saved answer does not name its action.
ACTION_BY_KEY = {action.list_path[0]: action.name for action in _ALL if action.list_path} | {
    "VpnConnectionConfig": "DownloadVpnConnectionConfig"
}
# Action for a single resource to the list action whose row format its answer has.
LIST_OF_ONE = {
    "DescribeVpnConnection": "DescribeVpnConnections",
    "DescribeCustomerGateway": "DescribeCustomerGateways",
    "DescribeVpnGateway": "DescribeVpnGateways",
}
# Fields that identify an answer without a list; the first match wins.
ACTION_BY_FIELDS = (
    (("VpnConnectionId", "IkeConfig"), "DescribeVpnConnection"),
    (("VpnConnectionId", "TunnelOptionsSpecification"), "DescribeVpnConnection"),
    (("VpnConnectionId", "Status"), "DescribeVpnConnection"),
    (("CustomerGatewayId", "IpAddress"), "DescribeCustomerGateway"),
    (("VpnGatewayId", "Status"), "DescribeVpnGateway"),
    (("VpnGatewayId", "InternetIp"), "DescribeVpnGateway"),
    (("AccountId", "Arn"), "GetCallerIdentity"),
)
