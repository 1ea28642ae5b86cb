"""One call until it is answered or given up, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from helpers import (
    Answer,
    FakeSend,
    ManualClock,
    caller_of,
    error_response,
    response,
    run_virtual,
)

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Response
from vpnframe.cloud.rate_limits import RateLimiter, WaitingLanes
from vpnframe.cloud.signing import Credentials
from vpnframe.cloud.trees import read_tree
from vpnframe.errors import ResponseError, SettingsError, StatusError, TransportError
from vpnframe.fetching.caller import Caller, Place
from vpnframe.model.records import Failure

PLACE = Place("https://vpc.test", "cn-shanghai")
GOOD = response({"ok": 1})
DOWNLOAD = "DownloadVpnConnectionConfig"


def decode(answer: Response) -> str:
    """Read an answer as the real decoders do: errors are raised."""
    return str(read_tree(answer)[0])


def ask(caller: Caller, action: str = DOWNLOAD, place: Place = PLACE) -> Any:
    return caller.ask(action, place, {"VpnConnectionId": "vco-1"}, decode)


def nonces(send: FakeSend) -> list[str]:
    return [request.headers["x-acs-signature-nonce"] for request in send.requests]


class Keys:
    """Credentials that change when they are renewed."""

    def __init__(self, *, is_broken: bool = False) -> None:
        self.renewals = 0
        self.is_broken = is_broken

    async def get(self, *, renew: bool = False) -> Credentials:
        """Give the current ones."""
        if renew and self.is_broken:
            raise SettingsError("the role is gone")
        self.renewals += renew
        return Credentials(f"LTAI-{self.renewals}", "hush", "token")


@pytest.mark.parametrize(
    "trouble",
    [
        error_response("Throttling.User", 400),
        error_response("Throttling", 429),
        error_response("throttling.api.concurrency", 503),
        error_response("Throttling.User", 200),
        error_response("ServiceUnavailable", 503),
        error_response("SignatureNonceUsed", 400),
        response("<html>502 Bad Gateway</html>", 502),
        response('{"RequestId": "1', 200),
        TransportError("vpc.test broke the connection"),
        TransportError("vpc.test did not answer in time", is_timeout=True),
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_passing_trouble_is_asked_again_signed_anew(trouble: Answer) -> None:
    """No signed request is ever sent twice."""
    send = FakeSend([trouble, trouble, GOOD])
    assert run_virtual(ask(caller_of(send))) == "{'ok': 1}"
    assert len(set(nonces(send))) == 3
    assert len({request.headers["authorization"] for request in send.requests}) == 3


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Forbbiden.SubUser", 403, "denied"),
        ("NoPermission", 403, "denied"),
        ("SignatureDoesNotMatch", 400, "credentials"),
        ("InvalidVpnConnectionInstanceId.NotFound", 404, "gone"),
        ("MissingParameter", 400, "parameter"),
        ("InvalidRegionId.NotFound", 404, "parameter"),
    ],
)
def test_what_would_not_change_is_asked_once(code: str, status: int, kind: str) -> None:
    """A refusal becomes a failure with all that a reader needs."""
    send = FakeSend([error_response(code, status)])
    failure = run_virtual(ask(caller_of(send, account_id="1234")))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.code, failure.http_status) == (kind, code, status)
    assert (failure.account_id, failure.region_id, failure.action) == (
        "1234",
        "cn-shanghai",
        DOWNLOAD,
    )
    assert (failure.request_id, failure.attempts) == ("REQ-1", 1)
    assert failure.at_ms == int(ManualClock().start.timestamp() * 1000)


def test_a_refusal_names_the_permission_of_its_call() -> None:
    """Of Sts and of the VPC API."""
    for action, permission in (
        (DOWNLOAD, "vpc:DownloadVpnConnectionConfig"),
        ("GetCallerIdentity", "sts:GetCallerIdentity"),
    ):
        send = FakeSend([error_response("Forbbiden.SubUser", 403)])
        failure = run_virtual(ask(caller_of(send), action))
        assert failure.message.endswith(f"; {action} needs the permission {permission}")


def test_a_refused_role_is_no_refusal_of_the_call() -> None:
    """What is missing is the permission to assume it: the call was never sent."""

    class Refused:
        async def get(self, *, renew: bool = False) -> Credentials:
            raise StatusError("the role is refused", code="NoPermission", http_status=403)

    failure = run_virtual(ask(caller_of(FakeSend([]), provider=Refused())))
    assert (failure.kind, failure.message) == ("denied", "the role is refused")


@pytest.mark.parametrize(
    ("trouble", "n_sent", "kind"),
    [
        (error_response("Throttling.User"), 8, "throttled"),
        (error_response("InternalError", 500), 5, "server"),
        (TransportError("no"), 5, "network"),
        (TransportError("no", is_timeout=True), 5, "timeout"),
        (response("{"), 5, "malformed"),
        (error_response("InvalidTimeStamp.Expired"), 2, "credentials"),
        (error_response("InvalidSecurityToken.Expired"), 2, "credentials"),
    ],
    ids=["throttled", "server", "network", "timeout", "malformed", "clock", "token"],
)
def test_attempts_are_bounded(trouble: Answer, n_sent: int, kind: str) -> None:
    """Trouble that does not pass ends in a failure that counts the attempts."""
    send = FakeSend(lambda _: trouble)
    failure = run_virtual(ask(caller_of(send)))
    assert (failure.kind, failure.attempts, len(send.requests)) == (kind, n_sent, n_sent)


def test_each_kind_of_trouble_has_its_own_attempts() -> None:
    """Throttling before it does not use up the one time that the clock is set."""
    slow = error_response("Throttling.User")
    send = FakeSend(
        [slow, slow, slow, error_response("IllegalTimestamp"), TransportError("no"), GOOD]
    )
    assert run_virtual(ask(caller_of(send))) == "{'ok': 1}"


def test_the_cloud_may_say_when_to_come_again() -> None:
    """The pause of x-acs-retry-after is kept to the millisecond."""
    send = FakeSend([error_response("Throttling.User", x_acs_retry_after="7250"), GOOD])
    run_virtual(ask(caller_of(send)))
    assert send.times == pytest.approx([0, 7.25])


@pytest.mark.parametrize("text", ["soon", "", "-5", "9" * 5000])
def test_a_pause_that_makes_no_sense_is_bounded(text: str) -> None:
    """An unreadable or endless pause neither fails nor hangs the call."""
    send = FakeSend([error_response("Throttling.User", x_acs_retry_after=text), GOOD])
    run_virtual(ask(caller_of(send)))
    assert 0 < send.times[1] <= 600


def test_a_throttled_key_slows_down() -> None:
    """Without a hint the key pauses for a tenth of its window, and at half its pace."""
    send = FakeSend([error_response("Throttling.User"), GOOD])
    caller = caller_of(send)
    run_virtual(ask(caller))
    assert send.times[1] == pytest.approx(6.0)
    assert caller.tallies["cn-shanghai"].n_throttled == 1
    assert caller.tallies["cn-shanghai"].n_calls == 2


def test_every_refused_request_is_counted() -> None:
    """The last of them too, after which the call is given up."""
    caller = caller_of(FakeSend(lambda _: error_response("Throttling.User")))
    run_virtual(ask(caller))
    assert caller.tallies["cn-shanghai"].n_throttled == 8


def test_pauses_grow_and_take_their_chance_from_an_argument() -> None:
    """Server faults are asked again after jittered, doubling pauses."""
    manual = ManualClock()
    send = FakeSend(lambda _: error_response("InternalError", 500))
    run_virtual(ask(caller_of(send, manual, jitter=lambda: 1.0)))
    assert manual.slept == [0.5, 1.0, 2.0, 4.0]


def test_the_clock_is_set_from_the_answers_date() -> None:
    """After a stale signature the next one bears the server's time, and so do all later ones."""
    manual = ManualClock()
    ahead = format_datetime(manual.start + timedelta(hours=3), usegmt=True)
    send = FakeSend([error_response("InvalidTimeStamp.Expired", date=ahead), GOOD, GOOD])
    caller = caller_of(send, manual)

    async def main() -> None:
        await ask(caller)
        await ask(caller)

    run_virtual(main())
    dates = [request.headers["x-acs-date"] for request in send.requests]
    assert dates == ["2026-01-02T03:04:05Z", "2026-01-02T06:04:05Z", "2026-01-02T06:04:05Z"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_an_unreadable_date_leaves_the_clock(date: str) -> None:
    """A bad Date header is a failed call, not a crash."""
    send = FakeSend(lambda _: error_response("IllegalTimestamp", date=date))
    assert run_virtual(ask(caller_of(send))).kind == "credentials"


def test_expired_credentials_are_renewed_once() -> None:
    """The next request is signed with the new key."""
    keys = Keys()
    send = FakeSend([error_response("InvalidSecurityToken.Expired", 403), GOOD])
    run_virtual(ask(caller_of(send, provider=keys)))
    assert [r.headers["x-acs-accesskey-id"] for r in send.requests] == ["LTAI-0", "LTAI-1"]


def test_calls_refused_together_renew_together() -> None:
    """Ten calls with one expired token cost one renewal."""
    keys = Keys()

    def answer(request: Any) -> Answer:
        is_old = request.headers["x-acs-accesskey-id"] == "LTAI-0"
        return error_response("InvalidSecurityToken.Expired", 403) if is_old else GOOD

    caller = caller_of(FakeSend(answer, latency_s=0.1), provider=keys)

    async def main() -> list[Any]:
        return await asyncio.gather(*(ask(caller) for _ in range(10)))

    assert run_virtual(main()) == ["{'ok': 1}"] * 10
    assert keys.renewals == 1


def test_credentials_that_cannot_be_renewed_are_a_failure() -> None:
    """The provider's own error becomes a row, not the end of the run."""
    send = FakeSend([error_response("InvalidSecurityToken.Expired", 403)])
    failure = run_virtual(ask(caller_of(send, provider=Keys(is_broken=True))))
    assert (failure.kind, failure.message) == ("credentials", "the role is gone")


def test_the_deadline_ends_a_failing_call() -> None:
    """Time spent on sending is bounded, whatever attempts are left."""
    send = FakeSend(lambda _: TransportError("slow", is_timeout=True), latency_s=60)
    failure = run_virtual(ask(caller_of(send, deadline_s=100)))
    assert (failure.kind, failure.attempts) == ("timeout", 2)


def test_waiting_for_ones_turn_is_on_no_deadline() -> None:
    """In a slow lane the last call has its retry as the first one has."""
    n_sent = 0

    def answer(_: Any) -> Answer:
        nonlocal n_sent
        n_sent += 1
        return TransportError("no") if n_sent == 8 else GOOD

    caller = caller_of(FakeSend(answer), deadline_s=5, limits={DOWNLOAD: Limit(1)})

    async def main() -> list[Any]:
        return await asyncio.gather(*(ask(caller) for _ in range(8)))

    assert run_virtual(main()) == ["{'ok': 1}"] * 8


def test_calls_of_one_key_go_out_in_their_order() -> None:
    """First come, first served, at the published pace."""
    order: list[int] = []
    caller = caller_of(FakeSend(lambda _: GOOD), limits={DOWNLOAD: Limit(2, 10.0)})

    async def one(number: int) -> None:
        await ask(caller)
        order.append(number)

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(7)))

    run_virtual(main())
    assert order == list(range(7))
    assert caller.send.times == pytest.approx([0, 0, 10, 10, 20, 20, 30])


def test_a_waiting_key_holds_up_no_other() -> None:
    """Another region and another action have lanes of their own."""
    send = FakeSend(lambda _: GOOD)
    caller = caller_of(send, limits={DOWNLOAD: Limit(1, 100.0)})

    async def main() -> None:
        await asyncio.gather(
            ask(caller),
            ask(caller),
            ask(caller, place=Place("https://vpc.test", "cn-beijing")),
            ask(caller, action="DescribeVpnGateways"),
        )

    run_virtual(main())
    assert send.times == pytest.approx([0, 0, 0, 100])


@pytest.mark.parametrize("after_s", [0.5, 3.0, 12.0])
def test_cancelling_leaves_the_pace_consistent(after_s: float) -> None:
    """Cancelled while sending, waiting or pausing: nothing stays in flight, others go on."""
    send = FakeSend(lambda _: GOOD, latency_s=2.0)
    limit = {DOWNLOAD: Limit(1, 10.0)}
    caller = caller_of(send, limits=limit)
    key = ("", "cn-shanghai", DOWNLOAD)

    async def main() -> Any:
        tasks = [asyncio.create_task(ask(caller)) for _ in range(4)]
        await asyncio.sleep(after_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert caller.lanes.rate_limiter._lanes[key].in_flight == 0
        return await ask(caller)

    assert run_virtual(main()) == "{'ok': 1}"


def test_a_mistake_in_decoding_is_not_hidden() -> None:
    """Anything but our own errors comes through, and its slot is given back."""
    caller = caller_of(FakeSend(lambda _: GOOD))

    def broken(_: Response) -> str:
        raise KeyError("mistake")

    with pytest.raises(KeyError):
        run_virtual(caller.ask(DOWNLOAD, PLACE, {}, broken))
    assert caller.lanes.rate_limiter.delay(("", "cn-shanghai", DOWNLOAD), now=0.0) == 0


def test_an_answer_that_cannot_be_decoded_is_a_failure_row() -> None:
    """An error of decoding carries its HTTP status."""

    def refuse(_: Response) -> str:
        raise ResponseError("the answer is something else", http_status=418)

    failure = run_virtual(caller_of(FakeSend(lambda _: GOOD)).ask(DOWNLOAD, PLACE, {}, refuse))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.http_status) == ("malformed", 418)


def test_lanes_wait_for_an_answer_when_all_calls_are_out() -> None:
    """With as many calls in flight as are allowed, the next goes out after one was answered."""
    manual = ManualClock()
    lanes = WaitingLanes(RateLimiter(limits={DOWNLOAD: Limit(1, 5.0)}, share=1.0), manual.clock)
    key = ("1", "cn-shanghai", DOWNLOAD)
    entered: list[float] = []

    async def one() -> None:
        await lanes.enter(key)
        entered.append(manual.monotonic())
        await manual.sleep(3)
        lanes.leave(key)

    async def main() -> None:
        await asyncio.gather(one(), one())

    run_virtual(main())
    assert entered == pytest.approx([0, 8])
