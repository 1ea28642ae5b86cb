"""Events that a crawl emits while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vpnframe.fetching.call_counts import Estimate, seconds_until_done


@dataclass(frozen=True, slots=True)
class RegionsFound:
    """The account's regions are known."""

    account_id: str | None
    n_regions: int


@dataclass(frozen=True, slots=True)
class RouteListsFound:
    """A region's gateways and attachments are known: ``n_lists`` route lists will be read."""

    region_id: str
    n_lists: int
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class RouteListRead:
    """A list of routes was read, or failed."""

    region_id: str
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionsFound:
    """A region was listed: ``n_connections`` configurations will be downloaded."""

    region_id: str
    n_connections: int
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class EstimateMade:
    """Every list was read; the downloads are estimated by account and region."""

    estimates: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True)
class ConnectionRead:
    """A download succeeded or failed."""

    region_id: str
    is_read: bool
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """The cloud throttled ``n_calls`` calls since the last such event."""

    n_calls: int
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class RegionRead:
    """A region is finished."""

    region_id: str
    status: str
    account_id: str | None = None


_OfAccount = (
    RegionsFound
    | RouteListsFound
    | RouteListRead
    | ConnectionsFound
    | ConnectionRead
    | Throttled
    | RegionRead
)
Event = _OfAccount | EstimateMade
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event."""


def sentence(event: Event) -> str:
    """Describe an event in words, for a log.

    Examples
    --------
    >>> sentence(ConnectionsFound("cn-shanghai", 12, account_id="1234"))
    'account 1234: cn-shanghai has 12 configurations to download'
    """
    if isinstance(event, EstimateMade):
        n_downloads = sum(one.n_downloads for one in event.estimates)
        left = seconds_until_done(event.estimates)
        return f"the lists are read; {n_downloads} downloads will take about {left:.0f} s"
    who = f"account {event.account_id}: " if event.account_id else ""
    return who + _what(event)


def _what(event: _OfAccount) -> str:
    if isinstance(event, RegionsFound):
        return f"{event.n_regions} regions to read"
    if isinstance(event, RouteListsFound):
        return f"{event.region_id} has {event.n_lists} lists of routes"
    if isinstance(event, RouteListRead):
        return f"{event.region_id}: a list of routes was read"
    if isinstance(event, ConnectionsFound):
        return f"{event.region_id} has {event.n_connections} configurations to download"
    if isinstance(event, ConnectionRead):
        return f"{event.region_id}: a configuration was {'read' if event.is_read else 'not read'}"
    if isinstance(event, Throttled):
        return f"{event.n_calls} calls were throttled"
    return f"{event.region_id} is {event.status}"
