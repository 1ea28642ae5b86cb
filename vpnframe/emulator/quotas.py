"""Limit the number of calls per account, region, action and time window."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

PUBLISHED_LIMITS: Mapping[str, int] = {"DownloadVpnConnectionConfig": 30}
DEFAULT_LIMIT = 600

Key: TypeAlias = tuple[str, str, str]  # account, region and action


@dataclass
class QuotaMeter:
    """Counts the admitted calls per account, region and action, and limits their number."""

    window_s: float = 60.0  # length of the window in seconds; the vendor documents 60
    # ``sliding`` counts the calls of the last ``window_s`` seconds; ``fixed`` starts a new count at
    # each multiple of ``window_s``
    mode: str = "sliding"
    # Action -> calls allowed per window; other actions have the limit that the vendor documents
    limits: Mapping[str, int] = field(default_factory=dict)
    is_on: bool = True  # whether calls are counted and limited
    _admitted: defaultdict[Key, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        if self.mode not in ("sliding", "fixed"):
            raise ValueError(f"the quota mode must be 'sliding' or 'fixed', not {self.mode!r}")
        if self.window_s <= 0:
            raise ValueError(f"the quota window must be longer than 0 seconds, not {self.window_s}")

    def admit(self, key: Key, *, now: float) -> float | None:
        """Return None if the call is admitted, else the seconds until a call is admitted again."""
        if not self.is_on:
            return None
        admitted = self._admitted[key]
        while admitted and self._is_past(admitted[0], now):
            admitted.popleft()
        limits = {**PUBLISHED_LIMITS, **self.limits}
        if len(admitted) < limits.get(key[2], DEFAULT_LIMIT):
            admitted.append(now)
            return None
        if self.mode == "fixed" or not admitted:
            return self.window_s - now % self.window_s
        return admitted[0] + self.window_s - now

    def _is_past(self, called_at: float, now: float) -> bool:
        """Check whether a call made at ``called_at`` no longer counts against the limit."""
        if self.mode == "fixed":
            return called_at // self.window_s < now // self.window_s
        return now - called_at >= self.window_s
