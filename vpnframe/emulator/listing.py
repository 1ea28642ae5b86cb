"""List calls as data: path of the rows in the answer, encoding of a row, filters; and paging."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from vpnframe.emulator.connection_rows import connection_row
from vpnframe.emulator.encoding import Json, Tree
from vpnframe.emulator.fleet.model import (
    CustomerGateway,
    EmulatedConnection,
    EmulatedVpc,
    Tag,
    VpnGateway,
)
from vpnframe.emulator.refusals import Refusal, invalid_parameter
from vpnframe.emulator.rows import attachment_row, customer_gateway_row, vpc_row, vpn_gateway_row
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
    # Parameter -> resource -> values; the parameter must equal one of them
    filters: Mapping[str, Callable[[Thing], Collection[str | None]]] = field(default_factory=dict)
    # The tags of a resource; None if the call does not filter by tags
    tags_of: Callable[[Thing], Sequence[Tag]] | None = None
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

    def _selects(self, thing: Thing, parameters: Parameters) -> bool:
        for name, values_of in self.filters.items():
            if (wanted := parameters.get(name)) and wanted not in values_of(thing):
                return False
        return self.tags_of is None or _has_tags(self.tags_of(thing), parameters)


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
    """Check whether all tags that the parameters name are among the given ones."""
    wanted: dict[str, dict[str, str]] = {}
    for name, value in parameters.items():
        if found := _TAG_PART.fullmatch(name):
            wanted.setdefault(found[1], {})[found[2]] = value
    return all(_has_tag(tags, part) for part in wanted.values())


def _has_tag(tags: Sequence[Tag], wanted: Mapping[str, str]) -> bool:
    """Check for one wanted tag; without a value only the key counts."""
    return any(
        tag.key == wanted.get("Key", tag.key) and tag.value == wanted.get("Value", tag.value)
        for tag in tags
    )


def _attachments(holdings: Holdings, _: Parameters) -> list[EmulatedConnection]:
    return [connection for connection in holdings.connections if connection.attach_type != "VPNGW"]


def _vpcs(holdings: Holdings, parameters: Parameters) -> list[EmulatedVpc]:
    """Return the VPCs; ``VpcId`` may name several, joined by commas."""
    named = parameters.get("VpcId", "")
    return [vpc for vpc in holdings.vpcs if not named or vpc.vpc_id in named.split(",")]


VPN_CONNECTIONS: ListCall[EmulatedConnection] = ListCall(
    path=("VpnConnections", "VpnConnection"),
    held=lambda holdings, _: holdings.connections,
    tags_of=lambda thing: thing.tags,
    write=connection_row,
    filters={
        "VpnConnectionId": lambda c: [c.vpn_connection_id],
        "VpnGatewayId": lambda c: [c.vpn_gateway_id],
        "CustomerGatewayId": lambda c: [tunnel.customer_gateway_id for tunnel in c.tunnels],
        "ResourceGroupId": lambda c: [c.resource_group_id],
    },
)
VPN_GATEWAYS: ListCall[VpnGateway] = ListCall(
    path=("VpnGateways", "VpnGateway"),
    held=lambda holdings, _: holdings.vpn_gateways,
    tags_of=lambda thing: thing.tags,
    write=vpn_gateway_row,
    filters={
        "VpnGatewayId": lambda g: [g.vpn_gateway_id],
        "VpcId": lambda g: [g.vpc_id],
        "BusinessStatus": lambda g: [g.business_status],
        "ResourceGroupId": lambda g: [g.resource_group_id],
    },
)
CUSTOMER_GATEWAYS: ListCall[CustomerGateway] = ListCall(
    path=("CustomerGateways", "CustomerGateway"),
    held=lambda holdings, _: holdings.customer_gateways,
    tags_of=lambda thing: thing.tags,
    write=customer_gateway_row,
    filters={
        "CustomerGatewayId": lambda g: [g.customer_gateway_id],
        "ResourceGroupId": lambda g: [g.resource_group_id],
    },
)
VPN_ATTACHMENTS: ListCall[EmulatedConnection] = ListCall(
    path=("VpnAttachments",),
    held=_attachments,
    tags_of=lambda connection: connection.tags,
    write=attachment_row,
    filters={
        "VpnConnectionId": lambda c: [c.vpn_connection_id],
        "AttachType": lambda c: [c.attach_type],
    },
)
VPCS: ListCall[EmulatedVpc] = ListCall(
    path=("Vpcs", "Vpc"),
    held=_vpcs,
    write=vpc_row,
    filters={"VpcName": lambda vpc: [vpc.name]},
)
