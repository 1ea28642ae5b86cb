"""The events of a running fetch; their ``text`` is the format string of the log message."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from vpnframe.fetching.call_counts import Estimate, seconds_until_done

log = logging.getLogger("vpnframe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base class of all events."""

    account_id: str | None = None
    text: ClassVar[str]


@dataclass(frozen=True, slots=True)
class RegionsFound(Event):
    """The regions of an account were listed."""

    n_regions: int
    text: ClassVar[str] = "{0.n_regions} regions to read"


@dataclass(frozen=True, slots=True)
class RouteListsFound(Event):
    """All lists of a region except its routes were read; its route lists are read next."""

    region_id: str
    n_lists: int
    text: ClassVar[str] = "{0.region_id} has {0.n_lists} lists of routes"


@dataclass(frozen=True, slots=True)
class RouteListRead(Event):
    """A list of routes was read, or reading it failed."""

    region_id: str
    text: ClassVar[str] = "{0.region_id}: a list of routes was read"


@dataclass(frozen=True, slots=True)
class ConnectionsFound(Event):
    """All lists of a region were read; its configurations are downloaded next."""

    region_id: str
    n_connections: int
    text: ClassVar[str] = "{0.region_id} has {0.n_connections} configurations to download"


@dataclass(frozen=True, slots=True)
class EstimateMade(Event):
    """All lists were read, and the time of the downloads was estimated for each region."""

    estimates: tuple[Estimate, ...]
    text: ClassVar[str] = "the lists are read; {1} downloads will take about {2:.0f} s"


@dataclass(frozen=True, slots=True)
class ConnectionRead(Event):
    """A configuration was downloaded or, if ``is_read`` is False, its download failed."""

    region_id: str
    is_read: bool
    text: ClassVar[str] = "{0.region_id}: a configuration was {1}"


@dataclass(frozen=True, slots=True)
class Throttled(Event):
    """The cloud throttled ``n_calls`` calls since the last event of this class."""

    n_calls: int
    text: ClassVar[str] = "{0.n_calls} calls were throttled"


@dataclass(frozen=True, slots=True)
class RegionRead(Event):
    """All downloads of a region have ended; ``status`` is the region's status in ``coverage``."""

    region_id: str
    status: str
    text: ClassVar[str] = "{0.region_id} is {0.status}"


Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event; this is the default listener."""


def sentence(event: Event) -> str:
    """Describe an event for the log."""
    more: tuple[object, ...] = ()
    if isinstance(event, EstimateMade):
        n_downloads = sum(one.n_downloads for one in event.estimates)
        more = (n_downloads, seconds_until_done(event.estimates))
    elif isinstance(event, ConnectionRead):
        more = ("read" if event.is_read else "not read",)
    who = f"account {event.account_id}: " if event.account_id else ""
    return who + event.text.format(event, *more)


def tell(listener: Listener, event: Event) -> None:
    """Pass an event to a listener and to the log."""
    if log.isEnabledFor(logging.INFO):
        log.info("%s", sentence(event))
    listener(event)
