"""List calls as data: path of the rows in the answer, encoding of a row, filters; and paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from vpnframe.emulator.connection_rows import connection_row
from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import EmulatedRoute, EmulatedVpc, Tag
from vpnframe.emulator.refusals import (
    UNKNOWN_CONNECTION,
    UNKNOWN_GATEWAY,
    Refusal,
    invalid_parameter,
)
from vpnframe.emulator.rows import (
    attachment_route_row,
    attachment_row,
    customer_gateway_row,
    policy_route_row,
    vpc_row,
    vpn_gateway_row,
    vpn_route_row,
)
from vpnframe.emulator.state import Holdings

Parameters: TypeAlias = Mapping[str, str]

DEFAULT_PAGE_SIZE = 10
MAX_PAGE_SIZE = 50

_TAG_PART = re.compile(r"Tag\.(\d{1,2})\.(Key|Value)")


Thing = TypeVar("Thing")


@dataclass(frozen=True)
class ListCall(Generic[Thing]):
    """One list call."""

    path: tuple[str, ...]  # path of the list in the answer; one name makes a bare array
    # Holdings and parameters -> the resources listed, or a refusal
    held: Callable[[Holdings, Parameters], Sequence[Thing] | Refusal]
    write: Callable[[Thing], Tree]  # one resource -> its row
    # Parameter -> attribute of the resource that must equal it, or contain it
    filters: Mapping[str, str] = field(default_factory=dict)
    has_tags: bool = False  # whether the call filters by tags
    required: tuple[str, ...] = ()  # mandatory parameters besides ``RegionId``

    def answer(
        self, holdings: Holdings, parameters: Parameters, *, finish: Callable[[Tree], Tree]
    ) -> Tree | Refusal:
        """Return one page of the selected resources, each row completed by ``finish``."""
        page = _read_page(parameters)
        if isinstance(page, Refusal):
            return page
        held = self.held(holdings, parameters)
        if isinstance(held, Refusal):
            return held
        number, size = page
        things = [thing for thing in held if self._selects(thing, parameters)]
        shown = things[(number - 1) * size : number * size]
        rows: list[Json] = [finish(self.write(thing)) for thing in shown]
        nested: Json = rows
        for name in reversed(self.path[1:]):
            nested = {name: nested}
        return {
            "TotalCount": len(things),
            "PageNumber": number,
            "PageSize": size,
            self.path[0]: nested,
        }

    def _selects(self, thing: Any, parameters: Parameters) -> bool:
        for name, attribute in self.filters.items():
            value = getattr(thing, attribute)
            values = value if isinstance(value, tuple) else (value,)
            if (wanted := parameters.get(name)) and wanted not in values:
                return False
        return not self.has_tags or _has_tags(thing.tags, parameters)


def _read_page(parameters: Parameters) -> tuple[int, int] | Refusal:
    """Read page number and size; refuse a value that is not a number or is too large."""
    number = _read_count(parameters.get("PageNumber"), default=1)
    size = _read_count(parameters.get("PageSize"), default=DEFAULT_PAGE_SIZE)
    if number is None:
        return invalid_parameter("PageNumber")
    if size is None or size > MAX_PAGE_SIZE:
        return invalid_parameter("PageSize")
    return number, size


def _read_count(text: str | None, *, default: int) -> int | None:
    """Read a number of at least 1; None for anything else."""
    if text is None or text == "":
        return default
    return int(text) if re.fullmatch(r"0*[1-9][0-9]{0,8}", text) else None


def _has_tags(tags: Sequence[Tag], parameters: Parameters) -> bool:
    """Check whether all tags that the parameters name are there; without a value any will do."""
    wanted: dict[str, dict[str, str]] = {}
    for name, value in parameters.items():
        if found := _TAG_PART.fullmatch(name):
            wanted.setdefault(found[1], {})[found[2]] = value
    return all(
        any(one.get("Key", t.key) == t.key and one.get("Value", t.value) == t.value for t in tags)
        for one in wanted.values()
    )


def _vpcs(holdings: Holdings, parameters: Parameters) -> list[EmulatedVpc]:
    """Return the VPCs; ``VpcId`` may name several, joined by commas."""
    named = parameters.get("VpcId", "")
    return [vpc for vpc in holdings.vpcs if not named or vpc.vpc_id in named.split(",")]


def _on_gateway(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    gateway_id = parameters["VpnGatewayId"]
    if all(gateway.vpn_gateway_id != gateway_id for gateway in holdings.vpn_gateways):
        return UNKNOWN_GATEWAY
    return holdings.routes_by_holder.get(gateway_id, ())


def _policies(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    held = _on_gateway(holdings, parameters)
    return held if isinstance(held, Refusal) else [r for r in held if r.kind == "policy"]


def _on_attachment(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute] | Refusal:
    """Return the routes of a connection; on a VPN gateway only the gateway has routes."""
    connection_id = parameters["VpnConnectionId"]
    if connection_id not in holdings.connection_by_id:
        return UNKNOWN_CONNECTION
    return _of_type(holdings.routes_by_holder.get(connection_id, ()), parameters)


def _of_type(
    held: Sequence[EmulatedRoute] | Refusal, parameters: Parameters
) -> Sequence[EmulatedRoute] | Refusal:
    """Return the routes of the requested type, custom by default."""
    kind = (parameters.get("RouteEntryType") or "custom").lower()
    if kind not in ("custom", "bgp"):
        return invalid_parameter("RouteEntryType")
    return held if isinstance(held, Refusal) else [route for route in held if route.kind == kind]


ROUTE_LISTS: Mapping[str, ListCall[EmulatedRoute]] = {
    "DescribeVpnRouteEntries": ListCall(
        path=("VpnRouteEntries", "VpnRouteEntry"),
        held=lambda holdings, given: _of_type(_on_gateway(holdings, given), given),
        write=vpn_route_row,
        required=("VpnGatewayId",),
    ),
    "DescribeVpnPbrRouteEntries": ListCall(
        path=("VpnPbrRouteEntries", "VpnPbrRouteEntry"),
        held=_policies,
        write=policy_route_row,
        required=("VpnGatewayId",),
    ),
    "DescribeVcoRouteEntries": ListCall(
        path=("VcoRouteEntries",),
        held=_on_attachment,
        write=attachment_route_row,
        required=("VpnConnectionId",),
    ),
}
LISTS: Mapping[str, ListCall[Any]] = {
    **ROUTE_LISTS,
    "DescribeVpcs": ListCall(
        path=("Vpcs", "Vpc"),
        held=_vpcs,
        write=vpc_row,
        filters={"VpcName": "name"},
    ),
    "DescribeVpnConnections": ListCall(
        path=("VpnConnections", "VpnConnection"),
        held=lambda holdings, _: holdings.connections,
        write=connection_row,
        filters={
            "VpnConnectionId": "vpn_connection_id",
            "VpnGatewayId": "vpn_gateway_id",
            "CustomerGatewayId": "customer_gateway_ids",
            "ResourceGroupId": "resource_group_id",
        },
        has_tags=True,
    ),
    "DescribeVpnGateways": ListCall(
        path=("VpnGateways", "VpnGateway"),
        held=lambda holdings, _: holdings.vpn_gateways,
        write=vpn_gateway_row,
        filters={
            "VpnGatewayId": "vpn_gateway_id",
            "VpcId": "vpc_id",
            "BusinessStatus": "business_status",
            "ResourceGroupId": "resource_group_id",
        },
        has_tags=True,
    ),
    "DescribeCustomerGateways": ListCall(
        path=("CustomerGateways", "CustomerGateway"),
        held=lambda holdings, _: holdings.customer_gateways,
        write=customer_gateway_row,
        filters={
            "CustomerGatewayId": "customer_gateway_id",
            "ResourceGroupId": "resource_group_id",
        },
        has_tags=True,
    ),
    "DescribeVpnAttachments": ListCall(
        path=("VpnAttachments",),
        held=lambda holdings, _: [c for c in holdings.connections if c.attach_type != "VPNGW"],
        write=attachment_row,
        filters={"VpnConnectionId": "vpn_connection_id", "AttachType": "attach_type"},
        has_tags=True,
    ),
}
