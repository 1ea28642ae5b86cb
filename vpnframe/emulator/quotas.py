"""Limit the number of calls per account, region and action in a sliding or fixed window."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PUBLISHED_LIMITS: Mapping[str, int] = MappingProxyType({"DownloadVpnConnectionConfig": 30})
DEFAULT_LIMIT = 600

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class QuotaSettings:
    """Number of allowed calls per window, and type of the window."""

    window_s: float = 60.0  # length of the window in seconds; the published one is 60
    # ``sliding`` counts the calls of the last ``window_s`` seconds; ``fixed`` starts a new count at
    # each multiple of ``window_s``
    mode: str = "sliding"
    # Action -> allowed calls per window, instead of the published limit
    limits: Mapping[str, int] = field(default_factory=dict)
    default_limit: int = DEFAULT_LIMIT  # allowed calls per window of every other action
    is_on: bool = True  # whether calls are counted and limited
    # Whether a refusal states, in ``x-acs-retry-after``, when the next call would be admitted
    has_retry_after: bool = False

    def __post_init__(self) -> None:
        if self.mode not in ("sliding", "fixed"):
            raise ValueError(f"quota mode must be 'sliding' or 'fixed', not {self.mode!r}")
        if self.window_s <= 0:
            raise ValueError(f"quota window must be above 0 seconds, not {self.window_s}")

    def limit_of(self, action: str) -> int:
        """Return how many calls of an action are allowed in one window."""
        return self.limits.get(action, PUBLISHED_LIMITS.get(action, self.default_limit))


class QuotaMeter:
    """Counts admitted calls per account, region and action; refused calls do not count."""

    def __init__(self, settings: QuotaSettings) -> None:
        self.settings = settings
        self._admitted: defaultdict[Key, deque[float]] = defaultdict(deque)

    def admit(self, key: Key, *, now: float) -> float | None:
        """Admit a call and return None, or return the seconds until a call would be admitted."""
        if not self.settings.is_on:
            return None
        admitted, window_s = self._admitted[key], self.settings.window_s
        while admitted and self._is_past(admitted[0], now):
            admitted.popleft()
        limit = self.settings.limit_of(key[2])
        if len(admitted) < limit:
            admitted.append(now)
            return None
        if self.settings.mode == "fixed" or not admitted:
            return window_s - now % window_s
        return admitted[0] + window_s - now

    def _is_past(self, called_at: float, now: float) -> bool:
        """Check whether an earlier call no longer counts against the limit."""
        window_s = self.settings.window_s
        if self.settings.mode == "fixed":
            return called_at // window_s < now // window_s
        return now - called_at >= window_s
