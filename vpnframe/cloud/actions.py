"""Definitions of the API actions: API version, path of the list in the answer, published quota."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Limit:
    """A published quota: ``count`` calls per ``per_s`` seconds.

    Parameters
    ----------
    count : int
        Number of calls allowed in one window.
    per_s : float
        Length of the window in seconds.
    """

    count: int
    per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Action:
    """Definition of one action of the cloud's API."""

    name: str  # for example ``DescribeVpnConnections``
    # Outer and inner name of the list in the answer; empty if the answer has no list. A few lists
    # are plain arrays in JSON; their inner name occurs only in XML.
    list_path: tuple[str, ...] = ()
    id_fields: tuple[str, ...] = ()  # fields that may contain a row's id, the usual one first
    is_paged: bool = False  # whether the action accepts ``PageNumber`` and ``PageSize``
    version: str = "2016-04-28"  # the API version of its product
    limit: Limit = Limit(600)  # the quota of one main account in one region


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

# Action by the top-level field of its answer: a saved answer does not name its action.
ACTION_BY_KEY = {action.list_path[0]: action.name for action in _ALL if action.list_path} | {
    "VpnConnectionConfig": "DownloadVpnConnectionConfig"
}
# For each action that reads one resource, the list action whose rows have the same format.
LIST_OF_ONE = {
    "DescribeVpnConnection": "DescribeVpnConnections",
    "DescribeCustomerGateway": "DescribeCustomerGateways",
    "DescribeVpnGateway": "DescribeVpnGateways",
}
# Fields that identify the action of an answer without a list; the first match wins.
ACTION_BY_FIELDS = (
    (("VpnConnectionId", "IkeConfig"), "DescribeVpnConnection"),
    (("VpnConnectionId", "TunnelOptionsSpecification"), "DescribeVpnConnection"),
    (("VpnConnectionId", "Status"), "DescribeVpnConnection"),
    (("CustomerGatewayId", "IpAddress"), "DescribeCustomerGateway"),
    (("VpnGatewayId", "Status"), "DescribeVpnGateway"),
    (("VpnGatewayId", "InternetIp"), "DescribeVpnGateway"),
    (("AccountId", "Arn"), "GetCallerIdentity"),
)
