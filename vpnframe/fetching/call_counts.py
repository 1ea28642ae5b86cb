"""Estimate the calls and time of a crawl from its lists, before any download. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vpnframe.cloud.actions import PAGE_SIZE
from vpnframe.cloud.rate_limits import RateLimiter
from vpnframe.model.records import Coverage

DOWNLOAD = "DownloadVpnConnectionConfig"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated calls and time of one region of one account.

    Examples
    --------
    >>> region = Estimate(None, "cn-shanghai", "complete", 40, 40, {}, allowed=15)
    >>> region.seconds_for(40), region.seconds_for(15), region.longest_wait_s
    (120.0, 0.0, 60.0)
    """

    # account_id, region_id: where; the region is None for an account whose regions cannot be listed
    account_id: str | None
    region_id: str | None
    status: str  # the status of its lists, as in ``coverage``
    # n_connections, n_downloads: numbers of connections, and of configurations to download
    n_connections: int
    n_downloads: int
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


@dataclass(frozen=True, slots=True)
class Listed:
    """Results of the lists of one region."""

    coverage: Coverage  # its row in ``coverage``
    n_connections: int = 0  # connections that the lists name
    # Rows by list call; empty for a region that is not queried
    n_rows: Mapping[str, int] = field(default_factory=dict)
    # Calls that the lists of routes take; empty if they are not read
    route_calls: Mapping[str, int] = field(default_factory=dict)


def estimate_regions(
    listed: Iterable[Listed], *, share: float, rate_limiter_of: Callable[[str | None], RateLimiter]
) -> Iterator[Estimate]:
    """Estimate the calls and time of each region from its lists."""
    for one in listed:
        row = one.coverage
        n_downloads = math.ceil(share * (one.n_connections - row.n_unattached))
        is_asked = row.status in ("complete", "partial")
        lists = {action: list_calls(n) for action, n in one.n_rows.items()} if is_asked else {}
        calls = {**lists, **one.route_calls, DOWNLOAD: n_downloads}
        yield _estimate(row, calls, one.n_connections, rate_limiter_of(row.account_id))


def _estimate(
    row: Coverage, calls: Mapping[str, int], n_connections: int, rate_limiter: RateLimiter
) -> Estimate:
    return Estimate(
        account_id=row.account_id,
        region_id=row.region_id,
        status=row.status,
        n_connections=n_connections,
        n_downloads=calls[DOWNLOAD],
        calls={action: n for action, n in calls.items() if n},
        allowed=rate_limiter.allowed(DOWNLOAD),
        window_s=rate_limiter.limits[DOWNLOAD].per_s,
        latency_s=row.elapsed_s / row.n_calls if row.n_calls else 0.0,
        n_list_calls=row.n_calls,
        lists_s=row.elapsed_s,
    )


def list_calls(n_rows: int) -> int:
    """Return the calls that a listing takes: one page is read once, a longer listing twice.

    Examples
    --------
    >>> list_calls(0), list_calls(50), list_calls(51)
    (1, 1, 4)
    """
    n_pages = max(1, math.ceil(n_rows / PAGE_SIZE))
    return n_pages if n_pages == 1 else 2 * n_pages
