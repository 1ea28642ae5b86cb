"""Failures and what to do about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.cloud.retries import FailureVerdict, Remedy, backoff_s, classify
from vpnframe.errors import ResponseError, StatusError, TransportError

CODES = [
    ("Throttling", 400, Remedy.SLOW_DOWN, "throttled"),
    ("Throttling.User", 400, Remedy.SLOW_DOWN, "throttled"),
    ("Throttling.User", 200, Remedy.SLOW_DOWN, "throttled"),
    ("Throttling.User", 429, Remedy.SLOW_DOWN, "throttled"),
    ("Throttling.Api", 503, Remedy.SLOW_DOWN, "throttled"),
    ("Throttling.Api.Concurrency", 400, Remedy.SLOW_DOWN, "throttled"),
    ("throttling.user", 400, Remedy.SLOW_DOWN, "throttled"),
    ("THROTTLING", 400, Remedy.SLOW_DOWN, "throttled"),
    ("Rejected.Throttling", 400, Remedy.SLOW_DOWN, "throttled"),
    ("ServiceUnavailable", 503, Remedy.AGAIN, "server"),
    ("ServiceUnavailable", 400, Remedy.AGAIN, "server"),
    ("InternalError", 500, Remedy.AGAIN, "server"),
    ("SystemBusy", 400, Remedy.AGAIN, "server"),
    ("SomethingNew", 500, Remedy.AGAIN, "server"),
    ("SomethingNew", 599, Remedy.AGAIN, "server"),
    ("SignatureNonceUsed", 400, Remedy.AGAIN, "server"),
    ("InvalidTimeStamp.Expired", 400, Remedy.SET_CLOCK, "credentials"),
    ("InvalidTimestamp.Expired", 400, Remedy.SET_CLOCK, "credentials"),
    ("IllegalTimestamp", 400, Remedy.SET_CLOCK, "credentials"),
    ("SignatureDoesNotMatch", 400, Remedy.GIVE_UP, "credentials"),
    ("IncompleteSignature", 400, Remedy.GIVE_UP, "credentials"),
    ("InvalidAccessKeyId.NotFound", 404, Remedy.GIVE_UP, "credentials"),
    ("InvalidAccessKeyId.Inactive", 403, Remedy.GIVE_UP, "credentials"),
    ("InvalidSecurityToken.Expired", 403, Remedy.RENEW_CREDENTIALS, "credentials"),
    ("InvalidSecurityToken.Malformed", 400, Remedy.GIVE_UP, "credentials"),
    ("Forbbiden.SubUser", 403, Remedy.GIVE_UP, "denied"),
    ("Forbbiden", 403, Remedy.GIVE_UP, "denied"),
    ("Forbidden", 403, Remedy.GIVE_UP, "denied"),
    ("Forbidden.RAM", 403, Remedy.GIVE_UP, "denied"),
    ("NoPermission", 403, Remedy.GIVE_UP, "denied"),
    ("InvalidVpnConnectionInstanceId.NotFound", 404, Remedy.GIVE_UP, "gone"),
    ("InvalidVpnGatewayInstanceId.NotFound", 404, Remedy.GIVE_UP, "gone"),
    ("InvalidVpnConnectionId.NotFound", 404, Remedy.GIVE_UP, "gone"),
    ("InvalidInstanceId.NotFound", 404, Remedy.GIVE_UP, "gone"),
    ("Forbiden", 400, Remedy.GIVE_UP, "denied"),
    ("Forbbidden.SubUser", 403, Remedy.GIVE_UP, "denied"),
    ("NoPermission.RAM", 400, Remedy.GIVE_UP, "denied"),
    ("SubAccountNoPermission", 400, Remedy.GIVE_UP, "denied"),
    ("AccessDenied", 403, Remedy.GIVE_UP, "denied"),
    ("SomethingNew", 403, Remedy.GIVE_UP, "denied"),
    ("Throttling.User", 403, Remedy.SLOW_DOWN, "throttled"),
    ("InvalidOperation.NotSupportedEndpoint", 404, Remedy.GIVE_UP, "unsupported"),
    ("InvalidOperation.NotSupportedEndpoint", 403, Remedy.GIVE_UP, "unsupported"),
    ("InvalidAction.NotFound", 404, Remedy.GIVE_UP, "unsupported"),
    ("InvalidAction", 400, Remedy.GIVE_UP, "unsupported"),
    ("InvalidVersion", 400, Remedy.GIVE_UP, "unsupported"),
    ("UnsupportedOperation", 400, Remedy.GIVE_UP, "unsupported"),
    ("InvalidRegionId.NotFound", 404, Remedy.GIVE_UP, "parameter"),
    ("InvalidRegionId", 404, Remedy.GIVE_UP, "parameter"),
    ("MissingParameter", 400, Remedy.GIVE_UP, "parameter"),
    ("InvalidParameter", 400, Remedy.GIVE_UP, "parameter"),
    ("OperationFailed.NormalInventoryNotEnough", 400, Remedy.GIVE_UP, "parameter"),
    ("TooManyRequests", 429, Remedy.SLOW_DOWN, "throttled"),
]


@pytest.mark.parametrize(("code", "status", "remedy", "kind"), CODES)
def test_codes(code: str, status: int, remedy: Remedy, kind: str) -> None:
    """The code decides; the status only where the code is unknown."""
    verdict = classify(StatusError("no", code=code, http_status=status))
    assert (verdict.remedy, verdict.kind) == (remedy, kind)


@pytest.mark.parametrize("code", sorted({code for code, *_ in CODES}))
def test_odd_casing_changes_nothing(code: str) -> None:
    """Codes come in any case."""
    as_is, odd = (StatusError("", code=c, http_status=400) for c in (code, code.swapcase()))
    assert classify(odd) == classify(as_is)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (None, FailureVerdict(Remedy.AGAIN, "malformed")),
        (200, FailureVerdict(Remedy.AGAIN, "malformed")),
        (404, FailureVerdict(Remedy.AGAIN, "malformed")),
        (403, FailureVerdict(Remedy.GIVE_UP, "denied")),
        (429, FailureVerdict(Remedy.SLOW_DOWN, "throttled")),
        (502, FailureVerdict(Remedy.AGAIN, "server")),
    ],
)
def test_unreadable_answers(status: int | None, verdict: FailureVerdict) -> None:
    """A load balancer's page is a fault of the server, a torn answer is asked for again."""
    assert classify(ResponseError("html", http_status=status)) == verdict


def test_a_whole_answer_that_holds_nothing_is_not_asked_for_again() -> None:
    """It would hold nothing again, and the quota of downloads is small."""
    error = ResponseError("nothing", http_status=200, is_empty=True)
    assert classify(error) == FailureVerdict(Remedy.GIVE_UP, "empty")


@pytest.mark.parametrize(("is_timeout", "kind"), [(True, "timeout"), (False, "network")])
def test_no_answer(is_timeout: bool, kind: str) -> None:
    """All our calls are reads: they may be asked again."""
    verdict = classify(TransportError("no", is_timeout=is_timeout))
    assert verdict == FailureVerdict(Remedy.AGAIN, kind)  # type: ignore[arg-type]


@given(attempt=st.integers(1, 60), jitter=st.floats(0, 1))
def test_backoff_stays_within_its_bounds(attempt: int, jitter: float) -> None:
    """Never below the floor, never above the cap or the exponential."""
    pause_s = backoff_s(attempt, jitter=jitter)
    assert 0.05 <= pause_s <= min(20.0, 0.5 * 2 ** (attempt - 1))


def test_backoff_doubles_up_to_its_cap() -> None:
    """At full jitter: a half, one, two, four ... twenty seconds."""
    pauses = [backoff_s(attempt, jitter=1.0) for attempt in range(1, 9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]
