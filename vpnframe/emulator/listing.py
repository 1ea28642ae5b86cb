"""Definitions of the list calls, and the selection of one page of their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from vpnframe.emulator.connection_rows import connection_row
from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import EmulatedRoute, EmulatedVpc
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
class EmulatedListCall(Generic[Thing]):
    """Definition of one list call."""

    path: tuple[str, ...]  # names of the nested members that lead to the list in the answer
    # Holdings and parameters -> the resources before filtering, or a refusal
    held: Callable[[Holdings, Parameters], Sequence[Thing] | Refusal]
    write: Callable[[Thing], Tree]  # one resource -> its row
    # Parameter -> attribute; its value must equal the parameter's or be a tuple that contains it
    filters: Mapping[str, str] = field(default_factory=dict)
    has_tags: bool = False  # whether the call filters by tags
    required: tuple[str, ...] = ()  # mandatory parameters besides ``RegionId``

    def answer(
        self, holdings: Holdings, parameters: Parameters, *, finish: Callable[[Tree], Tree]
    ) -> Tree | Refusal:
        """Return the requested page of matching resources; ``finish`` completes each row."""
        page = _read_page(parameters)
        if isinstance(page, Refusal):
            return page
        held = self.held(holdings, parameters)
        if isinstance(held, Refusal):
            return held
        number, size = page
        things = self._select(held, parameters)
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

    def _select(self, held: Sequence[Thing], parameters: Parameters) -> list[Thing]:
        """Return the resources that pass every filter in the parameters."""
        things = list(held)
        for name, attribute in self.filters.items():
            if wanted := parameters.get(name):
                things = [one for one in things if wanted in _values(getattr(one, attribute))]
        if self.has_tags:
            for wanted_tag in _wanted_tags(parameters):
                things = [one for one in things if _has_tag(one, wanted_tag)]
        return things


def _values(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


def _wanted_tags(parameters: Parameters) -> Collection[Mapping[str, str]]:
    """Return the tags to filter by from the parameters, each with a key, a value or both."""
    wanted: dict[str, dict[str, str]] = {}
    for name, value in parameters.items():
        if found := _TAG_PART.fullmatch(name):
            wanted.setdefault(found[1], {})[found[2]] = value
    return wanted.values()


def _has_tag(thing: Any, wanted: Mapping[str, str]) -> bool:
    return any({"Key": tag.key, "Value": tag.value}.items() >= wanted.items() for tag in thing.tags)


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
    """Return the text as a number of at least 1, the default if it is empty, else None."""
    if text is None or text == "":
        return default
    return int(text) if re.fullmatch(r"0*[1-9][0-9]{0,8}", text) else None


def _vpcs(holdings: Holdings, parameters: Parameters) -> list[EmulatedVpc]:
    """Return all VPCs, or only those in ``VpcId``, which is one id or several with commas."""
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
    """Return the routes of a connection; it has none of its own if it is on a VPN gateway."""
    connection_id = parameters["VpnConnectionId"]
    if connection_id not in holdings.connection_by_id:
        return UNKNOWN_CONNECTION
    return _of_type(holdings.routes_by_holder.get(connection_id, ()), parameters)


def _of_type(
    held: Sequence[EmulatedRoute] | Refusal, parameters: Parameters
) -> Sequence[EmulatedRoute] | Refusal:
    """Return the routes of the type in ``RouteEntryType``, which is custom by default."""
    kind = (parameters.get("RouteEntryType") or "custom").lower()
    if kind not in ("custom", "bgp"):
        return invalid_parameter("RouteEntryType")
    return held if isinstance(held, Refusal) else [route for route in held if route.kind == kind]


ROUTE_LISTS: Mapping[str, EmulatedListCall[EmulatedRoute]] = {
    "DescribeVpnRouteEntries": EmulatedListCall(
        path=("VpnRouteEntries", "VpnRouteEntry"),
        held=lambda holdings, given: _of_type(_on_gateway(holdings, given), given),
        write=vpn_route_row,
        required=("VpnGatewayId",),
    ),
    "DescribeVpnPbrRouteEntries": EmulatedListCall(
        path=("VpnPbrRouteEntries", "VpnPbrRouteEntry"),
        held=_policies,
        write=policy_route_row,
        required=("VpnGatewayId",),
    ),
    "DescribeVcoRouteEntries": EmulatedListCall(
        path=("VcoRouteEntries",),
        held=_on_attachment,
        write=attachment_route_row,
        required=("VpnConnectionId",),
    ),
}
LISTS: Mapping[str, EmulatedListCall[Any]] = {
    **ROUTE_LISTS,
    "DescribeVpcs": EmulatedListCall(
        path=("Vpcs", "Vpc"),
        held=_vpcs,
        write=vpc_row,
        filters={"VpcName": "name"},
    ),
    "DescribeVpnConnections": EmulatedListCall(
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
    "DescribeVpnGateways": EmulatedListCall(
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
    "DescribeCustomerGateways": EmulatedListCall(
        path=("CustomerGateways", "CustomerGateway"),
        held=lambda holdings, _: holdings.customer_gateways,
        write=customer_gateway_row,
        filters={
            "CustomerGatewayId": "customer_gateway_id",
            "ResourceGroupId": "resource_group_id",
        },
        has_tags=True,
    ),
    "DescribeVpnAttachments": EmulatedListCall(
        path=("VpnAttachments",),
        held=lambda holdings, _: [c for c in holdings.connections if c.attach_type != "VPNGW"],
        write=attachment_row,
        filters={"VpnConnectionId": "vpn_connection_id", "AttachType": "attach_type"},
        has_tags=True,
    ),
}
