"""Define the list calls of the API, and answer each of them with one page of the list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vpnframe.emulator import refusals, rows
from vpnframe.emulator.connection_rows import connection_row
from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import EmulatedRoute, EmulatedVpc
from vpnframe.emulator.fleet.quirks import tag_list
from vpnframe.emulator.holdings import Holdings
from vpnframe.emulator.refusals import RefusalError, invalid_parameter

Parameters: TypeAlias = Mapping[str, str]

_TAG_PART = re.compile(r"Tag\.(\d{1,2})\.(Key|Value)")


@dataclass(frozen=True)
class EmulatedListCall:
    """The resources, rows, filters and mandatory parameters of one list call."""

    path: tuple[str, ...]  # names of the nested members that lead to the list in the answer
    write: Callable[[Any], Tree]  # one resource -> its row
    id_name: str  # name of the id in a row
    holds: str = ""  # attribute of Holdings that contains the resources; empty for routes
    # Holdings and parameters -> the resources before filtering; None: all that ``holds`` names
    find: Callable[[Holdings, Parameters], Sequence[Any]] | None = None
    # Parameter -> attribute that must equal the parameter, or be a tuple that contains it
    filters: Mapping[str, str] = field(default_factory=dict)
    has_tags: bool = False  # whether the call filters by tags
    required: tuple[str, ...] = ()  # mandatory parameters besides ``RegionId``

    def held(self, holdings: Holdings, parameters: Parameters) -> Sequence[Any]:
        """Return the resources before filtering."""
        return self.find(holdings, parameters) if self.find else getattr(holdings, self.holds)

    def answer(
        self, holdings: Holdings, parameters: Parameters, *, finish: Callable[[Tree], Tree]
    ) -> Tree:
        """Return the requested page of the resources; ``finish`` adds unset fields to each row."""
        number = _read_number(parameters, "PageNumber", default=1, largest=10**9)
        size = _read_number(parameters, "PageSize", default=10, largest=50)
        things = self._select(self.held(holdings, parameters), parameters)
        shown = things[(number - 1) * size : number * size]
        nested: Json = [finish(self.write(thing)) for thing in shown]
        for name in reversed(self.path[1:]):
            nested = {name: nested}
        return {
            "TotalCount": len(things),
            "PageNumber": number,
            "PageSize": size,
            self.path[0]: nested,
        }

    def _select(self, things: Sequence[Any], parameters: Parameters) -> Sequence[Any]:
        """Return the resources that satisfy all filters in ``parameters``."""
        for name, attribute in self.filters.items():
            if wanted := parameters.get(name):
                things = [one for one in things if _matches(getattr(one, attribute), wanted)]
        # Number of the tag in the parameters -> ``Key``, ``Value`` or both of the wanted tag.
        tags: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for name, value in parameters.items():
            if self.has_tags and (found := _TAG_PART.fullmatch(name)):
                tags[found[1]][found[2]] = value
        for tag in tags.values():
            things = [
                one
                for one in things
                if any(tag.items() <= held.items() for held in tag_list(one.tags))
            ]
        return things


def _matches(value: Any, wanted: str) -> bool:
    return wanted in value if isinstance(value, tuple) else wanted == value


def _read_number(parameters: Parameters, name: str, *, default: int, largest: int) -> int:
    """Return a parameter as an integer; raise RefusalError if it is not from 1 to ``largest``."""
    given = parameters.get(name) or str(default)
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", given) or int(given) > largest:
        raise RefusalError(invalid_parameter(name))
    return int(given)


def _vpcs(holdings: Holdings, parameters: Parameters) -> list[EmulatedVpc]:
    """Return the VPCs whose ids are in the comma-separated parameter ``VpcId``, else all VPCs."""
    named = parameters.get("VpcId", "")
    return [vpc for vpc in holdings.vpcs if not named or vpc.vpc_id in named.split(",")]


def _on_gateway(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute]:
    gateway_id = parameters["VpnGatewayId"]
    if all(gateway.vpn_gateway_id != gateway_id for gateway in holdings.vpn_gateways):
        raise RefusalError(refusals.UNKNOWN_GATEWAY)
    return holdings.routes_by_holder.get(gateway_id, ())


def _on_router(holdings: Holdings, parameters: Parameters) -> Sequence[EmulatedRoute]:
    """Return the routes of the requested connection, or none if it is not on a transit router."""
    connection_id = parameters["VpnConnectionId"]
    if connection_id not in holdings.connection_by_id:
        raise RefusalError(refusals.UNKNOWN_CONNECTION)
    return holdings.routes_by_holder.get(connection_id, ())


def _wanted_kind(parameters: Parameters) -> str:
    """Return ``custom`` or ``bgp``, the kind of routes that ``RouteEntryType`` requests."""
    kind = (parameters.get("RouteEntryType") or "custom").lower()
    if kind not in ("custom", "bgp"):
        raise RefusalError(invalid_parameter("RouteEntryType"))
    return kind


def _of_kind(*, kind: str, routes: Sequence[EmulatedRoute]) -> list[EmulatedRoute]:
    return [route for route in routes if route.kind == kind]


def _same_named(parameters: str) -> dict[str, str]:
    """Map each API parameter to the resource attribute of the same name in snake case."""
    return {name: re.sub(r"\B([A-Z])", r"_\1", name).lower() for name in parameters.split()}


# The order of the arguments of ``_of_kind`` is the order in which the parameters are checked.
LISTS: Mapping[str, EmulatedListCall] = {
    "DescribeVpnRouteEntries": EmulatedListCall(
        path=("VpnRouteEntries", "VpnRouteEntry"),
        write=rows.vpn_route_row,
        id_name="RouteDest",
        find=lambda held, given: _of_kind(
            kind=_wanted_kind(given), routes=_on_gateway(held, given)
        ),
        required=("VpnGatewayId",),
    ),
    "DescribeVpnPbrRouteEntries": EmulatedListCall(
        path=("VpnPbrRouteEntries", "VpnPbrRouteEntry"),
        write=rows.policy_route_row,
        id_name="RouteDest",
        find=lambda held, given: _of_kind(kind="policy", routes=_on_gateway(held, given)),
        required=("VpnGatewayId",),
    ),
    "DescribeVcoRouteEntries": EmulatedListCall(
        path=("VcoRouteEntries",),
        write=rows.attachment_route_row,
        id_name="RouteDest",
        find=lambda held, given: _of_kind(routes=_on_router(held, given), kind=_wanted_kind(given)),
        required=("VpnConnectionId",),
    ),
    "DescribeVpcs": EmulatedListCall(
        path=("Vpcs", "Vpc"),
        write=rows.vpc_row,
        id_name="VpcId",
        holds="vpcs",
        find=_vpcs,
        filters={"VpcName": "name"},
    ),
    "DescribeVpnConnections": EmulatedListCall(
        path=("VpnConnections", "VpnConnection"),
        write=connection_row,
        id_name="VpnConnectionId",
        holds="connections",
        filters=_same_named("VpnConnectionId VpnGatewayId ResourceGroupId")
        | {"CustomerGatewayId": "customer_gateway_ids"},
        has_tags=True,
    ),
    "DescribeVpnGateways": EmulatedListCall(
        path=("VpnGateways", "VpnGateway"),
        write=rows.vpn_gateway_row,
        id_name="VpnGatewayId",
        holds="vpn_gateways",
        filters=_same_named("VpnGatewayId VpcId BusinessStatus ResourceGroupId"),
        has_tags=True,
    ),
    "DescribeCustomerGateways": EmulatedListCall(
        path=("CustomerGateways", "CustomerGateway"),
        write=rows.customer_gateway_row,
        id_name="CustomerGatewayId",
        holds="customer_gateways",
        filters=_same_named("CustomerGatewayId ResourceGroupId"),
        has_tags=True,
    ),
    "DescribeVpnAttachments": EmulatedListCall(
        path=("VpnAttachments",),
        write=rows.attachment_row,
        id_name="InstanceId",
        holds="connections",
        find=lambda held, _: [one for one in held.connections if one.attach_type != "VPNGW"],
        filters=_same_named("VpnConnectionId AttachType"),
        has_tags=True,
    ),
}
