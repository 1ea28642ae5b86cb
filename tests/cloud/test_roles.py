"""Who an access key is, and the credentials of an assumed role. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import (
    FakeSend,
    ManualClock,
    emulated,
    error_response,
    leaks,
    params_of,
    response,
    run_virtual,
)

from vpnframe.cloud.messages import Response
from vpnframe.cloud.roles import AssumedRole, clock_offset, decode_identity, decode_session
from vpnframe.cloud.signing import Credentials
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import RequestError, ResponseError, StatusError, TransportError

ROLE = "acs:ram::1234567890123456:role/audit"
START = ManualClock().start


@dataclass
class Base:
    """Somebody who may assume a role; counts how often new credentials were asked for."""

    credentials: Credentials = field(
        default_factory=lambda: Credentials("LTAI-base", "base-secret")
    )
    renewals: list[bool] = field(default_factory=list)

    async def get(self, *, renew: bool = False) -> Credentials:
        """Give the access key."""
        self.renewals.append(renew)
        return self.credentials


def granted(number: int, *, minutes: float = 60, now: datetime = START) -> Response:
    ends = now + timedelta(minutes=minutes)
    keys = {
        "AccessKeyId": f"STS.{number}",
        "AccessKeySecret": f"secret-{number}",
        "SecurityToken": f"token-{number}",
        "Expiration": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
    }
    answer = response({"Credentials": keys})
    assert isinstance(answer, Response)
    return answer


def role(send: FakeSend, manual: ManualClock, base: Base | None = None) -> AssumedRole:
    return AssumedRole(
        ROLE,
        base=base or Base(),
        send=send,
        base_url="https://sts.test",
        utc_now=manual.utc_now,
    )


def ids_of(*calls: Coroutine[Any, Any, Credentials]) -> list[str]:
    async def main() -> list[str]:
        return [(await call).access_key_id for call in calls]

    return run_virtual(main())


def test_identity_is_account_and_arn() -> None:
    """Both stand in one answer."""
    answer = response({"AccountId": "12", "Arn": "acs:ram::12:user/audit", "UserId": "3"})
    assert isinstance(answer, Response)
    assert decode_identity(answer)[1] == "acs:ram::12:user/audit"


def test_the_call_names_role_session_and_duration() -> None:
    """It is signed with the base credentials and goes to the endpoint."""
    send = FakeSend([granted(1)])
    assert ids_of(role(send, ManualClock()).get()) == ["STS.1"]
    (request,) = send.requests
    assert request.url.startswith("https://sts.test/?")
    assert params_of(request) == {
        "RoleArn": ROLE,
        "RoleSessionName": "vpnframe",
        "DurationSeconds": "3600",
    }
    assert request.headers["x-acs-action"] == "AssumeRole"
    assert request.headers["x-acs-version"] == "2015-04-01"
    assert "Credential=LTAI-base," in request.headers["authorization"]


def test_concurrent_first_calls_assume_once() -> None:
    """Everybody waits for the one that asks."""
    send = FakeSend([granted(1)], latency_s=1.0)

    async def main() -> set[str]:
        assumed = role(send, ManualClock())
        found = await asyncio.gather(*(assumed.get() for _ in range(20)))
        return {one.access_key_id for one in found}

    assert run_virtual(main()) == {"STS.1"}


def test_it_is_renewed_a_quarter_of_an_hour_before_its_end() -> None:
    """After 45 of 60 minutes, and not before."""
    manual = ManualClock()
    send = FakeSend([granted(1), granted(2, minutes=105)])

    async def main() -> list[str]:
        assumed, ids = role(send, manual), []
        for pause_s in (0, 44 * 60 + 59, 1, 60):
            await asyncio.sleep(pause_s)
            ids.append((await assumed.get()).access_key_id)
        return ids

    assert run_virtual(main()) == ["STS.1", "STS.1", "STS.2", "STS.2"]


def test_calls_refused_together_renew_once() -> None:
    """A token that was revoked is noticed by many calls at a time."""
    send = FakeSend([granted(1), granted(2)])

    async def main() -> set[str]:
        assumed = role(send, ManualClock())
        await assumed.get()
        found = await asyncio.gather(*(assumed.get(renew=True) for _ in range(10)))
        return {one.access_key_id for one in found}

    assert run_virtual(main()) == {"STS.2"}


def test_expired_base_credentials_are_renewed_once() -> None:
    """Then the refusal stands."""
    expired, base = error_response("InvalidSecurityToken.Expired"), Base()
    send = FakeSend([expired, granted(1)])
    assert ids_of(role(send, ManualClock(), base).get()) == ["STS.1"]
    assert base.renewals == [False, True]
    with pytest.raises(StatusError):
        ids_of(role(FakeSend([expired, expired]), ManualClock()).get())


def test_a_clock_that_is_off_is_corrected() -> None:
    """The second request bears the server's time."""
    late = error_response("IllegalTimestamp", date="Fri, 02 Jan 2026 03:24:05 GMT")
    send = FakeSend([late, granted(1)])
    ids_of(role(send, ManualClock()).get())
    stamps = [request.headers["x-acs-date"] for request in send.requests]
    assert stamps == ["2026-01-02T03:04:05Z", "2026-01-02T03:24:05Z"]


def test_a_refusal_names_the_role() -> None:
    """With the cloud's code, by which it is classified."""
    send = FakeSend([error_response("NoPermission", 403)])
    with pytest.raises(StatusError, match=rf"{ROLE} cannot be assumed: NoPermission") as caught:
        ids_of(role(send, ManualClock()).get())
    assert caught.value.code == "NoPermission"
    assert str(caught.value).endswith("AssumeRole needs the permission sts:AssumeRole")


def test_no_answer_is_handed_on_for_another_attempt() -> None:
    """Whoever asked tries again."""
    with pytest.raises(TransportError):
        ids_of(role(FakeSend([TransportError("gone")]), ManualClock()).get())


@pytest.mark.parametrize("part", ["AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"])
def test_a_part_that_is_missing_is_named(part: str) -> None:
    """And no other part is shown."""
    parts = {
        "AccessKeyId": "STS.1",
        "AccessKeySecret": "hush-secret",
        "SecurityToken": "hush-token",
        "Expiration": "2026-01-02T04:04:05Z",
    }
    answer = response({"Credentials": {n: v for n, v in parts.items() if n != part}})
    assert isinstance(answer, Response)
    with pytest.raises(ResponseError, match=f"has no {part}") as caught:
        decode_session(answer)
    assert not leaks(caught.value, "hush")


@pytest.mark.parametrize(
    "changes", [{"Expiration": "soon"}, {"AccessKeySecret": "hush hush"}, {"SecurityToken": 3.5}]
)
def test_parts_that_cannot_be_used_show_nothing(changes: dict[str, object]) -> None:
    """Neither in the error nor in the frames of our own modules."""
    parts = {
        "AccessKeyId": "STS.1",
        "AccessKeySecret": "hush-secret",
        "SecurityToken": "hush-token",
        "Expiration": "2026-01-02T04:04:05Z",
    }
    answer = response({"Credentials": parts | changes})
    assert isinstance(answer, Response)
    with pytest.raises(Exception, match=r"not a time|access_key_secret|has no Sec") as caught:
        decode_session(answer)
    assert not leaks(caught.value, "hush")


def test_the_emulator_grants_a_role_of_its_fleet() -> None:
    """The session signs, and is who it says."""
    state, manual = make_state(make_fleet(connections=0, regions=1, accounts=2)), ManualClock()
    first, other = state.fleet.accounts
    base = Base(credentials=Credentials(first.access_key_id, first.access_key_secret))
    assumed = AssumedRole(
        f"acs:ram::{other.account_id}:role/audit",
        base=base,
        send=emulated(state, manual),
        base_url="https://sts.test",
        utc_now=manual.utc_now,
    )
    found = run_virtual(assumed.get())
    assert state.credentials[found.access_key_id].account_id == other.account_id


@pytest.mark.parametrize("arn", ["acs:ram::1:role/audit", "audit"])
def test_the_emulator_refuses_a_role_of_nobody(arn: str) -> None:
    """By the code that Sts has for it."""
    state, manual = make_state(make_fleet(connections=0, regions=1)), ManualClock()
    first = state.fleet.accounts[0]
    base = Base(credentials=Credentials(first.access_key_id, first.access_key_secret))
    assumed = AssumedRole(
        arn,
        base=base,
        send=emulated(state, manual),
        base_url="https://sts.test",
        utc_now=manual.utc_now,
    )
    with pytest.raises(RequestError, match=r"EntityNotExist\.Role"):
        run_virtual(assumed.get())


def test_the_clock_of_the_server() -> None:
    """How far it is ahead; None without a date."""
    answer = Response(200, {"date": "Mon, 23 Nov 2026 06:24:05 GMT"})
    offset = clock_offset(answer, datetime(2026, 11, 23, 6, 24, tzinfo=UTC))
    assert offset == timedelta(seconds=5)
    assert clock_offset(Response(200, {}), datetime(2026, 11, 23, tzinfo=UTC)) is None
