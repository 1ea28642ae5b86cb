"""A crawl's events as a progress bar on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, TextIO

from vpnframe.crawl.events import (
    ConnectionRead,
    ConnectionsFound,
    Event,
    RegionRead,
    RegionsFound,
)


class ProgressBar:
    """Shows regions and connections read; on anything but a terminal it shows nothing.

    Parameters
    ----------
    stream : text file
        Usually standard error.

    Examples
    --------
    >>> import io
    >>> with ProgressBar(io.StringIO()) as bar:
    ...     bar(RegionsFound(None, 3))
    """

    def __init__(self, stream: TextIO) -> None:
        # Late: only those who watch pay for it.
        from tqdm import tqdm  # noqa: PLC0415

        self._bar: tqdm[Any] = tqdm(
            total=0,
            file=stream,
            disable=not stream.isatty(),
            unit=" connections",
            desc="listing",
            leave=False,
            dynamic_ncols=True,
        )
        self._n_regions = 0
        self._n_regions_read = 0

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
        if isinstance(event, RegionsFound):
            self._n_regions += event.n_regions
        elif isinstance(event, ConnectionsFound):
            self._bar.total = (self._bar.total or 0) + event.n_connections
        elif isinstance(event, RegionRead):
            self._n_regions_read += 1
        elif isinstance(event, ConnectionRead):
            self._bar.update(1)
        self._bar.set_description(f"region {self._n_regions_read} of {self._n_regions}")
