"""The definition of a fault kind: name, description, effect and expected failure.

An effect is data; the service and the server execute it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from vpnframe.cloud.messages import Response
from vpnframe.emulator.encoding import Json
from vpnframe.emulator.faults.wire import Wire
from vpnframe.emulator.refusals import Refusal

Tree: TypeAlias = dict[str, Json]
FailureKind: TypeAlias = Literal[
    "throttled",
    "server",
    "network",
    "timeout",
    "malformed",
    "empty",
    "denied",
    "credentials",
    "gone",
    "unavailable",
    "unsupported",
    "parameter",
]

DOWNLOAD = "DownloadVpnConnectionConfig"
CONNECTIONS = "DescribeVpnConnections"
ROUTES = frozenset(
    {"DescribeVpnRouteEntries", "DescribeVpnPbrRouteEntries", "DescribeVcoRouteEntries"}
)
GATEWAYS = frozenset({"DescribeVpnGateways", "DescribeCustomerGateways"})
PAGED = ROUTES | GATEWAYS | {CONNECTIONS, "DescribeVpnAttachments", "DescribeVpcs"}
LISTS = PAGED | {"DescribeRegions"}
REGIONAL = PAGED | {DOWNLOAD}
DESCRIBING = frozenset({CONNECTIONS, DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Refuse:
    """The cloud refuses the call at its gate. The nonce is used up, but no quota."""

    refusal: Refusal
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_xml: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """The call is served and counted, but another response is returned."""

    response: Response


@dataclass(frozen=True, slots=True)
class Edit:
    """The answer is changed before it is encoded in JSON or XML; a refusal is not changed."""

    edit: Callable[[Tree], Tree]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The answer is changed after it was encoded: bytes and headers."""

    rewrite: Callable[[Response], Response]


@dataclass(frozen=True, slots=True)
class AsXml:
    """The answer is sent in XML, whatever format was requested."""

    content_type: str


@dataclass(frozen=True, slots=True)
class ShiftClock:
    """From now on the server's clock and its Date header are off by ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Vanish:
    """From now on the connection that the call names does not exist."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Before the page is encoded, the first row is deleted or a row is created, permanently."""

    is_deleting: bool = False
    creates_at: Literal["start", "end"] | None = None


Effect: TypeAlias = Refuse | Replace | Edit | Rewrite | AsXml | Wire | ShiftClock | Vanish | Drift


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str  # lower-case words joined by hyphens
    line: str  # what happens, in one line
    effect: Effect  # what the emulator does
    # The ``kind`` of the failure row, if any, of a call with this fault only: some clients read
    # more than others. None if a careful client reads the true answer
    failure: FailureKind | None = None
    # ``table.column`` that shows the fault in addition to or instead of a failure row
    shows_in: str | None = None
    actions: frozenset[str] = frozenset()  # the calls it can happen to; empty for all
    is_for_later_pages: bool = False  # whether it happens only from the second page of a listing on
