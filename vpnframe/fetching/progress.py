"""Show the events of a fetch as a progress bar on a terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self, TextIO

from vpnframe.fetching import events
from vpnframe.fetching.call_counts import Estimate

_Where = tuple[str | None, str | None]  # account and region


class Progress:
    """Count the events of a fetch, and estimate the remaining time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._n_regions = 0
        self._regions_read: set[_Where] = set()
        self._n_lists_read = self._n_lists = 0
        self._n_throttled = 0
        self._estimates: dict[_Where, Estimate] = {}
        self._n_done: Counter[_Where] = Counter()
        self._started = 0.0

    def take(self, event: events.Event) -> None:
        """Update the counts and time estimates of the fetch with one event."""
        match event:
            case events.RegionsFound():
                self._n_regions += event.n_regions
            case events.RegionRead():
                self._regions_read.add((event.account_id, event.region_id))
            case events.RouteListsFound():
                self._n_lists += event.n_lists
            case events.RouteListRead():
                self._n_lists_read += 1
            case events.ConnectionRead():
                self._n_done[event.account_id, event.region_id] += 1
            case events.Throttled():
                self._n_throttled += event.n_calls
            case events.EstimateMade():
                self._estimates = {(one.account_id, one.region_id): one for one in event.estimates}
                self._started = self._clock()

    def sentence(self) -> str:
        """Describe the regions and route lists read, the throttled calls and the remaining time."""
        parts = [f"region {len(self._regions_read)} of {self._n_regions}"]
        if self._n_lists_read < self._n_lists:
            parts.append(f"routes {self._n_lists_read:,} of {self._n_lists:,}")
        if self._n_throttled:
            parts.append(f"{self._n_throttled} throttled")
        if self._estimates:  # the slowest region decides
            elapsed_s, regions = self._clock() - self._started, self._estimates.items()
            left_s = max(one.seconds_left(self._n_done[at], elapsed_s) for at, one in regions)
            parts.append(f"{duration(left_s)} left")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Format seconds for people, such as ``12 min 34 s``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class ProgressBar:
    """Show how many regions and connections were read, if the stream is a terminal."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        # Imported late, so that only users of the bar wait for the import.
        from tqdm import tqdm  # noqa: PLC0415

        self._bar: tqdm[Any] = tqdm(
            total=0,
            file=stream,
            disable=not stream.isatty(),
            unit=" connections",
            desc="listing",
            leave=False,
            dynamic_ncols=True,
            # We estimate the time left: tqdm uses the average pace, which ignores quota windows.
            bar_format="{desc}: {n_fmt}/{total_fmt}{unit}|{bar}| {elapsed}",
        )
        self._progress = Progress(clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def __call__(self, event: events.Event) -> None:
        """Update the bar for one event of a fetch."""
        self._progress.take(event)
        if isinstance(event, events.ConnectionsFound):
            self._bar.total = (self._bar.total or 0) + event.n_connections
        elif isinstance(event, events.ConnectionRead | events.RouteListRead):
            self._bar.update(isinstance(event, events.ConnectionRead))
        self._bar.set_description_str(self._progress.sentence(), refresh=False)
        if not isinstance(event, events.ConnectionRead | events.RouteListRead):
            self._bar.refresh()
