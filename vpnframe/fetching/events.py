"""Events that a fetch emits while it runs; ``text`` is the format string of the log message."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from vpnframe.fetching.call_counts import Estimate, seconds_until_done

log = logging.getLogger("vpnframe")


@dataclass(frozen=True, slots=True)
class RegionsFound:
    """The account's regions are known."""

    account_id: str | None
    n_regions: int
    text: ClassVar[str] = "{0.n_regions} regions to read"


@dataclass(frozen=True, slots=True)
class RouteListsFound:
    """A region's gateways and attachments are known: ``n_lists`` route lists will be read."""

    region_id: str
    n_lists: int
    account_id: str | None = None
    text: ClassVar[str] = "{0.region_id} has {0.n_lists} lists of routes"


@dataclass(frozen=True, slots=True)
class RouteListRead:
    """A list of routes was read, or failed."""

    region_id: str
    account_id: str | None = None
    text: ClassVar[str] = "{0.region_id}: a list of routes was read"


@dataclass(frozen=True, slots=True)
class ConnectionsFound:
    """A region's lists were read: ``n_connections`` configurations will be downloaded."""

    region_id: str
    n_connections: int
    account_id: str | None = None
    text: ClassVar[str] = "{0.region_id} has {0.n_connections} configurations to download"


@dataclass(frozen=True, slots=True)
class EstimateMade:
    """Every list was read; the downloads are estimated by account and region."""

    estimates: tuple[Estimate, ...]
    text: ClassVar[str] = "the lists are read; {0} downloads will take about {1:.0f} s"


@dataclass(frozen=True, slots=True)
class ConnectionRead:
    """A download has succeeded or failed, as ``is_read`` tells."""

    region_id: str
    is_read: bool
    account_id: str | None = None
    text: ClassVar[str] = "{0.region_id}: a configuration was {1}"


@dataclass(frozen=True, slots=True)
class Throttled:
    """The cloud throttled ``n_calls`` calls since the last such event."""

    n_calls: int
    account_id: str | None = None
    text: ClassVar[str] = "{0.n_calls} calls were throttled"


@dataclass(frozen=True, slots=True)
class RegionRead:
    """All downloads of a region have ended; ``status`` is as in table ``coverage``."""

    region_id: str
    status: str
    account_id: str | None = None
    text: ClassVar[str] = "{0.region_id} is {0.status}"


Event = (
    RegionsFound
    | RouteListsFound
    | RouteListRead
    | ConnectionsFound
    | EstimateMade
    | ConnectionRead
    | Throttled
    | RegionRead
)
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event."""


def sentence(event: Event) -> str:
    """Describe an event in words, for a log."""
    if isinstance(event, EstimateMade):
        n_downloads = sum(one.n_downloads for one in event.estimates)
        return event.text.format(n_downloads, seconds_until_done(event.estimates))
    outcome = "read" if isinstance(event, ConnectionRead) and event.is_read else "not read"
    who = f"account {event.account_id}: " if event.account_id else ""
    return who + event.text.format(event, outcome)


def tell(listener: Listener, event: Event) -> None:
    """Pass an event to a listener and to the log."""
    if log.isEnabledFor(logging.INFO):
        log.info("%s", sentence(event))
    listener(event)
