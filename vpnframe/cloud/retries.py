"""Classify failed calls, compute the pauses between attempts, and limit the retries."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from vpnframe.errors import ResponseError, SettingsError, StatusError, TransportError, VpnframeError
from vpnframe.model.records import FailureKind

# Transient kinds of failure.
PASSING: frozenset[FailureKind] = frozenset(("network", "timeout", "server", "throttled"))


class Remedy(enum.Enum):
    """How to continue after a failed call."""

    SLOW_DOWN = "reduce the rate of this call's key and retry"
    AGAIN = "retry after a pause, with a new signature"
    SET_CLOCK = "retry with the server's clock"
    RENEW_CREDENTIALS = "retry with new credentials"
    GIVE_UP = "record the failure"


@dataclass(frozen=True, slots=True)
class FailureVerdict:
    """The kind of a failure, and how to continue after it."""

    remedy: Remedy  # what to do
    kind: FailureKind  # the ``kind`` column of the ``failures`` table, if the call is given up

    @property
    def is_silence(self) -> bool:
        """Whether the region may be down: the failure is transient, but not throttling."""
        return self.kind in PASSING and self.kind != "throttled"


# Pattern of the error code, remedy, kind: the first match wins. The cloud misspells forbidden.
_BY_CODE: tuple[tuple[str, Remedy, FailureKind], ...] = (
    (r"(rejected\.)?throttling(\..*)?", Remedy.SLOW_DOWN, "throttled"),
    (r"signaturenonceused", Remedy.AGAIN, "server"),
    (r"invalidtimestamp\.expired|illegaltimestamp", Remedy.SET_CLOCK, "credentials"),
    (r"invalidsecuritytoken\.expired", Remedy.RENEW_CREDENTIALS, "credentials"),
    (r"signaturedoesnotmatch|incompletesignature", Remedy.GIVE_UP, "credentials"),
    (r"invalidaccesskeyid.*|.*securitytoken.*", Remedy.GIVE_UP, "credentials"),
    (r".*(forb+id+en|nopermission|accessdenied|(not|un)authorized).*", Remedy.GIVE_UP, "denied"),
    (r"invalid(action|api|product|version)(\..*)?", Remedy.GIVE_UP, "unsupported"),
    (r"invalidoperation\.notsupport.*|(operation)?unsupported.*", Remedy.GIVE_UP, "unsupported"),
    (r"invalid\w*(connection|gateway|instance)\w*\.notfound", Remedy.GIVE_UP, "gone"),
    (r"invalidregionid(\.notfound)?", Remedy.GIVE_UP, "parameter"),
    (r"(serviceunavailable|internalerror|systembusy|unknownerror).*", Remedy.AGAIN, "server"),
)
_VERDICTS = [(re.compile(code), FailureVerdict(remedy, kind)) for code, remedy, kind in _BY_CODE]


def classify(error: VpnframeError) -> FailureVerdict:
    """Return the kind of a failed call, and how to continue."""
    if isinstance(error, SettingsError):
        return FailureVerdict(Remedy.GIVE_UP, "credentials")
    if isinstance(error, TransportError):
        return FailureVerdict(Remedy.AGAIN, "timeout" if error.is_timeout else "network")
    if isinstance(error, StatusError):
        code = error.code.lower()
        known = next((verdict for pattern, verdict in _VERDICTS if pattern.fullmatch(code)), None)
        return known or _by_status(error.http_status) or FailureVerdict(Remedy.GIVE_UP, "parameter")
    if isinstance(error, ResponseError) and error.is_empty:
        return FailureVerdict(Remedy.GIVE_UP, "empty")
    by_status = _by_status(getattr(error, "http_status", None) or 0)
    return by_status or FailureVerdict(Remedy.AGAIN, "malformed")


def _by_status(status: int) -> FailureVerdict | None:
    """Classify a failure by its HTTP status; None if the status alone is not enough."""
    if status == 403:
        return FailureVerdict(Remedy.GIVE_UP, "denied")
    if status == 429:
        return FailureVerdict(Remedy.SLOW_DOWN, "throttled")
    return FailureVerdict(Remedy.AGAIN, "server") if status >= 500 else None


def backoff_s(attempt: int, *, jitter: float, cap_s: float = 20.0) -> float:
    """Return the pause in seconds: the share ``jitter`` of a maximum that doubles every attempt."""
    # M. Brooker, "Exponential Backoff and Jitter", 2015.
    return max(0.05, jitter * min(cap_s, 0.5 * 2.0 ** (attempt - 1)))


@dataclass(slots=True)
class RetryBudget:
    """Limit retries with the remedy ``AGAIN`` to a share of the number of calls."""

    # Google, "Site Reliability Engineering", chapter 22, retry budgets.

    balance: float = 5.0  # retries that are left
    per_call: float = 0.15  # retries that every call adds

    def earn(self) -> None:
        """Add ``per_call`` retries to the budget, once per call and not per attempt."""
        self.balance += self.per_call

    def spend(self) -> bool:
        """Use one retry of the budget; return False if none is left."""
        if self.balance < 1 - 1e-9:  # in floating point 20 x 0.15 is slightly below 3
            return False
        self.balance -= 1
        return True
