"""The calls as data: product, where the list stands, and the published quota."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A published quota: so many calls in so many seconds.

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
    version: str = "2016-04-28"  # the API version of its product
    # Outer and inner name of the list in the answer; empty when it is no list
    list_path: tuple[str, ...] = ()
    id_field: str = ""  # the field that a row cannot be without; mostly it identifies the row
    is_paged: bool = False  # whether it takes ``PageNumber`` and ``PageSize``
    limit: Limit = Limit(600)  # per main account and region


VPC_HOST = "vpc.aliyuncs.com"
STS_HOST = "sts.aliyuncs.com"
PAGE_SIZE = 50

_ALL = (
    Action("GetCallerIdentity", version="2015-04-01"),
    Action("DescribeRegions", list_path=("Regions", "Region"), id_field="RegionId"),
    Action(
        "DescribeVpnGateways",
        list_path=("VpnGateways", "VpnGateway"),
        id_field="VpnGatewayId",
        is_paged=True,
    ),
    Action(
        "DescribeCustomerGateways",
        list_path=("CustomerGateways", "CustomerGateway"),
        id_field="CustomerGatewayId",
        is_paged=True,
    ),
    Action(
        "DescribeVpnConnections",
        list_path=("VpnConnections", "VpnConnection"),
        id_field="VpnConnectionId",
        is_paged=True,
    ),
    Action(
        "DescribeVpnAttachments",
        # A bare array in JSON; the inner name is what XML would have.
        list_path=("VpnAttachments", "VpnAttachment"),
        id_field="InstanceId",
        is_paged=True,
    ),
    Action("DescribeVpcs", list_path=("Vpcs", "Vpc"), id_field="VpcId", is_paged=True),
    Action(
        "DescribeVpnRouteEntries",
        list_path=("VpnRouteEntries", "VpnRouteEntry"),
        id_field="RouteDest",
        is_paged=True,
    ),
    Action(
        "DescribeVpnPbrRouteEntries",
        list_path=("VpnPbrRouteEntries", "VpnPbrRouteEntry"),
        id_field="RouteDest",
        is_paged=True,
    ),
    Action(
        "DescribeVcoRouteEntries",
        # A bare array in JSON, too.
        list_path=("VcoRouteEntries", "VcoRouteEntry"),
        id_field="RouteDest",
        is_paged=True,
    ),
    Action("DownloadVpnConnectionConfig", limit=Limit(30)),
)
ACTIONS = {action.name: action for action in _ALL}

# By which key of an answer its action is known: a saved answer does not name it.
ACTION_BY_KEY = {action.list_path[0]: action.name for action in _ALL if action.list_path} | {
    "VpnConnectionConfig": "DownloadVpnConnectionConfig"
}
# The calls for one thing, and the list whose row their whole answer is.
LIST_OF_ONE = {
    "DescribeVpnConnection": "DescribeVpnConnections",
    "DescribeCustomerGateway": "DescribeCustomerGateways",
    "DescribeVpnGateway": "DescribeVpnGateways",
}
# Answers without a list, told by what stands in them; the first that fits.
ACTION_BY_FIELDS = (
    (("VpnConnectionId", "IkeConfig"), "DescribeVpnConnection"),
    (("VpnConnectionId", "TunnelOptionsSpecification"), "DescribeVpnConnection"),
    (("VpnConnectionId", "Status"), "DescribeVpnConnection"),
    (("CustomerGatewayId", "IpAddress"), "DescribeCustomerGateway"),
    (("VpnGatewayId", "Status"), "DescribeVpnGateway"),
    (("VpnGatewayId", "InternetIp"), "DescribeVpnGateway"),
    (("AccountId", "Arn"), "GetCallerIdentity"),
)
