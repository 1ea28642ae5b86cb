"""API actions as data: product version, path of the list in the answer, published quota."""

from __future__ import annotations

from dataclasses import dataclass


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
    version: str = "2016-04-28"  # the API version of its product
    # Outer and inner name of the list in the answer; empty if the answer has no list
    list_path: tuple[str, ...] = ()
    id_field: str = ""  # required field of a row; usually its identifier
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
