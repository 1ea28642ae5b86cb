"""Estimate the calls and time of a fetch from its lists, before any download. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vpnframe.cloud.actions import PAGE_SIZE
from vpnframe.cloud.permissions import DOWNLOAD
from vpnframe.cloud.rate_limits import RateLimiter
from vpnframe.model.records import Coverage


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated calls and time of one region of one account."""

    account_id: str | None
    region_id: str | None  # None for an account whose regions cannot be listed
    status: str  # the status of its lists, as in ``coverage``
    n_connections: int
    n_downloads: int  # configurations to download
    calls: Mapping[str, int]  # calls by action: lists (by their number of rows) and downloads
    allowed: int  # downloads allowed in one window
    window_s: float = 60.0  # its length in seconds
    latency_s: float = 0.0  # average seconds per answer, 0 if none was measured
    n_list_calls: int = 0  # calls that the lists took, measured
    lists_s: float = 0.0  # seconds that they took, measured

    def seconds_for(self, n_downloads: int) -> float:
        """Return the seconds for these downloads: one window per full share, except the last."""
        n_shares = math.ceil(n_downloads / self.allowed)
        return max(0, n_shares - 1) * self.window_s + n_shares * self.latency_s

    @property
    def downloads_s(self) -> float:
        """Seconds that all its downloads take."""
        return self.seconds_for(self.n_downloads)

    @property
    def longest_wait_s(self) -> float:
        """The longest pause in which no download goes out."""
        return self.window_s if self.n_downloads > self.allowed else 0.0

    def seconds_left(self, n_done: int, elapsed_s: float) -> float:
        """Return the seconds until all downloads are done, from those done and the elapsed time.

        If the cloud throttles or answers slowly, the pace observed so far is used.
        """
        if n_done >= self.n_downloads:
            return 0.0
        if self.longest_wait_s == 0:  # one share: only the answers take time
            return elapsed_s / n_done * (self.n_downloads - n_done) if n_done else self.downloads_s
        due_s = self.seconds_for(n_done + 1)
        slowness = max(1.0, elapsed_s / max(due_s, self.window_s))
        return self.downloads_s * slowness - min(elapsed_s, due_s * slowness)


def seconds_until_done(estimates: Iterable[Estimate]) -> float:
    """Return the seconds that all downloads take; regions run in parallel."""
    return max((one.downloads_s for one in estimates), default=0.0)


def estimate(
    row: Coverage, calls: Mapping[str, int], rate_limiter: RateLimiter, *, n_connections: int = 0
) -> Estimate:
    """Estimate a region from its coverage, the calls that it takes, and its connections."""
    return Estimate(
        account_id=row.account_id,
        region_id=row.region_id,
        status=row.status,
        n_connections=n_connections,
        n_downloads=calls.get(DOWNLOAD, 0),
        calls={action: n for action, n in calls.items() if n},
        allowed=rate_limiter.allowed(DOWNLOAD),
        window_s=rate_limiter.limits[DOWNLOAD].per_s,
        latency_s=row.elapsed_s / row.n_calls if row.n_calls else 0.0,
        n_list_calls=row.n_calls,
        lists_s=row.elapsed_s,
    )


def list_calls(n_rows: int) -> int:
    """Return the calls that a listing takes: one page is read once, a longer listing twice."""
    n_pages = max(1, math.ceil(n_rows / PAGE_SIZE))
    return n_pages if n_pages == 1 else 2 * n_pages
