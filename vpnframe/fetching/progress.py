"""Show a crawl's events as a progress bar on a terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TextIO

from vpnframe.fetching.call_counts import Estimate
from vpnframe.fetching.events import (
    ConnectionRead,
    ConnectionsFound,
    EstimateMade,
    Event,
    RegionRead,
    RegionsFound,
    RouteListRead,
    RouteListsFound,
    Throttled,
)

_Place = tuple[str | None, str | None]


class Progress:
    """Counts of a crawl's events, and the time that is left.

    Examples
    --------
    >>> progress = Progress(clock=lambda: 0.0)
    >>> progress.take(RegionsFound(None, 3))
    >>> progress.sentence()
    'region 0 of 3'
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._n_regions = 0
        self._regions_read: set[_Place] = set()
        self._n_lists = 0
        self._n_lists_read = 0
        self._n_throttled = 0
        self._estimates: dict[_Place, Estimate] = {}
        self._n_done: Counter[_Place] = Counter()
        self._started = 0.0

    def take(self, event: Event) -> None:
        """Count one event."""
        if isinstance(event, RegionsFound):
            self._n_regions += event.n_regions
        elif isinstance(event, RegionRead):
            self._regions_read.add((event.account_id, event.region_id))
        elif isinstance(event, RouteListsFound):
            self._n_lists += event.n_lists
        elif isinstance(event, RouteListRead):
            self._n_lists_read += 1
        elif isinstance(event, ConnectionRead):
            self._n_done[event.account_id, event.region_id] += 1
        elif isinstance(event, Throttled):
            self._n_throttled += event.n_calls
        elif isinstance(event, EstimateMade):
            self._estimates = {(one.account_id, one.region_id): one for one in event.estimates}
            self._started = self._clock()

    def seconds_left(self) -> float | None:
        """Seconds until the slowest region is done; None before the lists are read."""
        if not self._estimates:
            return None
        elapsed_s = self._clock() - self._started
        return max(
            one.seconds_left(self._n_done[place], elapsed_s)
            for place, one in self._estimates.items()
        )

    def sentence(self) -> str:
        """Return regions done, open route lists, throttled calls if any, and time left if known."""
        parts = [f"region {len(self._regions_read)} of {self._n_regions}"]
        if self._n_lists_read < self._n_lists:
            parts.append(f"routes {self._n_lists_read:,} of {self._n_lists:,}")
        if self._n_throttled:
            parts.append(f"{self._n_throttled} throttled")
        left_s = self.seconds_left()
        if left_s is not None:
            parts.append(f"{duration(left_s)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Format seconds for people.

    Examples
    --------
    >>> duration(41.6), duration(754), duration(7300)
    ('42 s', '12 min 34 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class ProgressBar:
    """Show regions and connections read; show nothing unless the stream is a terminal.

    Examples
    --------
    >>> import io
    >>> with ProgressBar(io.StringIO()) as bar:
    ...     bar(RegionsFound(None, 3))
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        # Imported late: only users of the bar pay for it.
        from tqdm import tqdm  # noqa: PLC0415

        self._bar: tqdm[Any] = tqdm(
            total=0,
            file=stream,
            disable=not stream.isatty(),
            unit=" connections",
            desc="listing",
            leave=False,
            dynamic_ncols=True,
            # The time left is our own: tqdm's average pace ignores quota windows.
            bar_format="{desc}: {n_fmt}/{total_fmt}{unit}|{bar}| {elapsed}",
        )
        self._progress = Progress(clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def __call__(self, event: Event) -> None:
        """Take one event of a crawl."""
        self._progress.take(event)
        if isinstance(event, ConnectionsFound):
            self._bar.total = (self._bar.total or 0) + event.n_connections
        elif isinstance(event, ConnectionRead | RouteListRead):
            self._bar.update(isinstance(event, ConnectionRead))
        self._bar.set_description_str(self._progress.sentence(), refresh=False)
        if not isinstance(event, ConnectionRead | RouteListRead):
            self._bar.refresh()
