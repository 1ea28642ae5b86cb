"""What a crawl says of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionsFound:
    """The account's regions are known."""

    account_id: str | None
    n_regions: int


@dataclass(frozen=True, slots=True)
class ConnectionsFound:
    """A region was listed: so many downloads are to come."""

    region_id: str
    n_connections: int


@dataclass(frozen=True, slots=True)
class ConnectionRead:
    """One download is over."""

    region_id: str
    is_read: bool


@dataclass(frozen=True, slots=True)
class RegionRead:
    """A region is over."""

    region_id: str
    status: str


Event = RegionsFound | ConnectionsFound | ConnectionRead | RegionRead
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
