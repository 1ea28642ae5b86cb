"""Declare the API actions that vpnframe calls, each once and for all modules, in ``ACTIONS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from vpnframe.cloud import route_rows, rows
from vpnframe.cloud.fields import Fields
from vpnframe.model.records import RouteType, Row


@dataclass(frozen=True, slots=True)
class Limit:
    """A published quota: ``count`` calls per ``per_s`` seconds."""

    count: int
    per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Action:
    """Declaration of an API action: its name, its quota, and how a response is decoded."""

    name: str  # for example ``DescribeVpnConnections``
    # Only of an action that returns a list:
    table: str = ""  # where the rows belong, for example the field ``vpcs`` of ``Records``
    row: str = ""  # name of one row; a few lists are plain arrays in JSON, and have it only in XML
    decode: Callable[[Fields, str], Row] | None = None  # makes a record of a row and the row's id
    record_id: str = ""  # the attribute that identifies the record in its list
    id_fields: tuple[str, ...] = ()  # fields that may contain a row's id, the usual one first
    stage: int | None = None  # of a list of a region: when a fetch reads it, 0 first
    is_paged: bool = False  # whether the action accepts ``PageNumber`` and ``PageSize``
    # Set if another action returns such a row alone: its response has one or more of these fields
    shown_with: tuple[str, ...] = ()
    # Set if a call is about one object: the type of the object, and the parameter for its id
    about: tuple[str, str] = ("", "")
    # Of a list of routes: the values of ``RouteEntryType`` to ask for, and the type of those routes
    route_types: Mapping[str, RouteType] = field(default_factory=dict)
    needs_permission: bool = True
    is_for_routes: bool = False  # whether a fetch without routes skips the action
    version: str = "2016-04-28"  # version of the API to which the action belongs
    limit: Limit = Limit(600)  # the quota of one main account in one region

    @property
    def list_path(self) -> tuple[str, ...]:
        """Path to the rows in an answer, such as ``("Vpcs", "Vpc")``; () without a list."""
        return (self.name.removeprefix("Describe"), self.row) if self.row else ()


VPC_HOST = "vpc.aliyuncs.com"
STS_HOST = "sts.aliyuncs.com"
STS_VERSION = "2015-04-01"
PAGE_SIZE = 50
CONNECTIONS = "DescribeVpnConnections"
ATTACHMENTS = "DescribeVpnAttachments"
DOWNLOAD = "DownloadVpnConnectionConfig"

_ON_GATEWAY = ("VPN gateway", "VpnGatewayId")
_ON_ROUTER = ("transit-router attachment", "VpnConnectionId")
_BY_DESTINATION: Mapping[str, RouteType] = {"custom": "destination", "bgp": "bgp"}
_list = partial(Action, is_paged=True)
_routes = partial(
    _list,
    table="routes",
    decode=route_rows.destination_route,
    record_id="entry_id",
    id_fields=("RouteDest",),
    is_for_routes=True,
    route_types=_BY_DESTINATION,
)
_free = partial(Action, needs_permission=False)
# The gateways have the first stages: pre-shared keys in the rows of connections are compared with
# the names of gateways.
_ALL = (
    _free("GetCallerIdentity", version=STS_VERSION),
    _free("DescribeRegions", "regions", "Region", rows.region, "region_id", ("RegionId",)),
    _list(
        *(CONNECTIONS, "connections", "VpnConnection", rows.listed_connection),
        *("vpn_connection_id", ("VpnConnectionId",)),
        stage=2,
        shown_with=("IkeConfig", "TunnelOptionsSpecification", "Status"),
    ),
    _list(
        *(ATTACHMENTS, "attachments", "VpnAttachment", rows.attachment),
        *("vpn_connection_id", ("InstanceId", "VpnConnectionId")),
        stage=1,
    ),
    _list(
        *("DescribeVpnGateways", "gateways", "VpnGateway", rows.vpn_gateway),
        *("gateway_id", ("VpnGatewayId",)),
        stage=0,
        shown_with=("Status", "InternetIp"),
    ),
    _list(
        *("DescribeCustomerGateways", "gateways", "CustomerGateway", rows.customer_gateway),
        *("gateway_id", ("CustomerGatewayId",)),
        stage=1,
        shown_with=("IpAddress",),
    ),
    _list(
        *("DescribeVpcs", "vpcs", "Vpc", route_rows.vpc, "vpc_id", ("VpcId",)),
        stage=3,
        is_for_routes=True,
    ),
    _routes("DescribeVpnRouteEntries", row="VpnRouteEntry", about=_ON_GATEWAY),
    _routes(
        "DescribeVpnPbrRouteEntries",
        row="VpnPbrRouteEntry",
        decode=route_rows.policy_route,
        about=_ON_GATEWAY,
        route_types={"": "policy"},
    ),
    _routes("DescribeVcoRouteEntries", row="VcoRouteEntry", about=_ON_ROUTER),
    Action(DOWNLOAD, about=("connection", "VpnConnectionId"), limit=Limit(30)),
)
ACTIONS = {action.name: action for action in _ALL}
LISTS = {name: action for name, action in ACTIONS.items() if action.row}
ROUTE_LISTS = {name: action for name, action in LISTS.items() if action.route_types}
# The lists of a region in the order in which a fetch reads them; one stage is read at once.
REGION_LISTS = sorted(
    (action for action in LISTS.values() if action.stage is not None),
    key=lambda action: action.stage or 0,
)
# The fields of Records that contain the rows of these lists as they are.
RECORD_TABLES = sorted({action.table for action in REGION_LISTS} - {"connections", "attachments"})

# Action by the top-level field of its response: a saved response does not name its action.
ACTION_BY_KEY = {action.list_path[0]: name for name, action in LISTS.items()} | {
    "VpnConnectionConfig": DOWNLOAD
}
# For each action that reads one resource, the list action whose rows have the same format.
LIST_OF_ONE = {f"Describe{action.row}": name for name, action in LISTS.items() if action.shown_with}
