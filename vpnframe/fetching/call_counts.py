"""Estimate from the lists of resources how many API calls a fetch makes and how long it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vpnframe.cloud.actions import DOWNLOAD, PAGE_SIZE
from vpnframe.cloud.rate_limits import RateLimiter
from vpnframe.model.records import Coverage


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated number of API calls and seconds for one region of one account."""

    account_id: str | None
    region_id: str | None  # None for an account whose regions cannot be listed
    status: str  # the status of the region's lists, as in table ``coverage``
    n_connections: int
    n_downloads: int  # configurations to download
    calls: Mapping[str, int]  # number of calls by action: list calls and downloads
    allowed: int  # downloads that may start in one quota window
    window_s: float = 60.0  # length of that window in seconds
    latency_s: float = 0.0  # average seconds per call; 0 if no call was made
    n_list_calls: int = 0  # calls that were made to read the lists
    lists_s: float = 0.0  # seconds that reading the lists took

    def seconds_for(self, n_downloads: int) -> float:
        """Return how many seconds ``n_downloads`` downloads take under the quota."""
        n_shares = math.ceil(n_downloads / self.allowed)
        return max(0, n_shares - 1) * self.window_s + n_shares * self.latency_s

    @property
    def downloads_s(self) -> float:
        """The number of seconds that all downloads of the region take."""
        return self.seconds_for(self.n_downloads)

    @property
    def longest_wait_s(self) -> float:
        """The longest time in seconds during which the quota allows no download to start."""
        return self.window_s if self.n_downloads > self.allowed else 0.0

    def seconds_left(self, n_done: int, elapsed_s: float) -> float:
        """Estimate in how many seconds all downloads of the region will be done.

        ``n_done`` downloads took ``elapsed_s`` seconds. If they were slower than planned, the
        remaining downloads are expected to be equally slow.
        """
        if n_done >= self.n_downloads:
            return 0.0
        if self.longest_wait_s == 0:  # all start in one window: only the answers take time
            return elapsed_s / n_done * (self.n_downloads - n_done) if n_done else self.downloads_s
        due_s = self.seconds_for(n_done + 1)
        slowness = max(1.0, elapsed_s / max(due_s, self.window_s))
        return self.downloads_s * slowness - min(elapsed_s, due_s * slowness)


def seconds_until_done(estimates: Iterable[Estimate]) -> float:
    """Return how many seconds all downloads take if the regions are read in parallel."""
    return max((one.downloads_s for one in estimates), default=0.0)


def estimate(
    row: Coverage, calls: Mapping[str, int], rate_limiter: RateLimiter, *, n_connections: int = 0
) -> Estimate:
    """Combine a region's coverage row and its number of calls by action into an Estimate."""
    return Estimate(
        account_id=row.account_id,
        region_id=row.region_id,
        status=row.status,
        n_connections=n_connections,
        n_downloads=calls.get(DOWNLOAD, 0),
        calls={action: n for action, n in sorted(calls.items()) if n},
        allowed=rate_limiter.allowed(DOWNLOAD),
        window_s=rate_limiter.limits[DOWNLOAD].per_s,
        latency_s=row.elapsed_s / row.n_calls if row.n_calls else 0.0,
        n_list_calls=row.n_calls,
        lists_s=row.elapsed_s,
    )


def list_calls(n_rows: int) -> int:
    """Return how many API calls read a list; if it has several pages, each is read twice."""
    n_pages = max(1, math.ceil(n_rows / PAGE_SIZE))
    return n_pages if n_pages == 1 else 2 * n_pages
