"""One call from waiting its turn to a decoded answer, or the failure that it ended in."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from vpnframe.cloud import retries
from vpnframe.cloud.actions import ACTIONS
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.quotas import Key, Pacer
from vpnframe.cloud.retries import Remedy
from vpnframe.cloud.signing import Call, sign
from vpnframe.errors import RequestError, StatusError
from vpnframe.records import Failure

log = logging.getLogger("vpnframe")
T = TypeVar("T")
Send = Callable[[Request], Awaitable[Response]]

# How often one call is sent at most, by what is done about its failure.
_ATTEMPTS = {
    Remedy.SLOW_DOWN: 8,
    Remedy.AGAIN: 5,
    Remedy.SET_CLOCK: 2,
    Remedy.RENEW_CREDENTIALS: 2,
    Remedy.GIVE_UP: 1,
    Remedy.ABSENT: 1,
}


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as arguments: seconds that only grow, the time of day, and how to wait."""

    monotonic: Callable[[], float] = time.monotonic
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Lanes:
    """Lets calls of one key out one after the other, as soon as its pace allows.

    Parameters
    ----------
    pacer : Pacer
        Says when.
    clock : Clock
        The time.
    """

    def __init__(self, pacer: Pacer, clock: Clock) -> None:
        self.pacer = pacer
        self._clock = clock
        self._turn: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answered: defaultdict[Key, asyncio.Event] = defaultdict(asyncio.Event)

    async def enter(self, key: Key) -> None:
        """Wait until a call of this key may go out, and count it."""
        async with self._turn[key]:
            while (delay := self.pacer.delay(key, now=self._clock.monotonic())) != 0:
                if delay is None:
                    self._answered[key].clear()
                    await self._answered[key].wait()
                else:
                    await self._clock.sleep(delay)
            self.pacer.start(key)

    def leave(self, key: Key) -> None:
        """Count the answer, or that none came."""
        self.pacer.finish(key, now=self._clock.monotonic())
        self._answered[key].set()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes.

    Parameters
    ----------
    base_url : str
        Scheme and host.
    region_id : str or None
        None for the calls that no region answers.
    """

    base_url: str
    region_id: str | None = None


@dataclass(slots=True)
class Tally:
    """Calls of one region, for its coverage row."""

    n_calls: int = 0
    n_throttled: int = 0


@dataclass(slots=True)
class Caller:
    """Asks the cloud on behalf of one account.

    Parameters
    ----------
    send : callable
        Request to Response; a coroutine function.
    provider : Provider
        The access key.
    lanes : Lanes
        The pace; shared by all callers of one main account.
    clock : Clock
        The time.
    account_id : str or None
        Filled in once it is known.
    """

    send: Send
    provider: Provider
    lanes: Lanes
    clock: Clock = field(default_factory=Clock)
    account_id: str | None = None
    deadline_s: float = 300.0
    tallies: defaultdict[str | None, Tally] = field(default_factory=lambda: defaultdict(Tally))
    _clock_offset: timedelta = field(default=timedelta(0))

    async def ask(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
    ) -> T | Failure:
        """Ask until there is an answer that can be read, or no hope of one.

        Parameters
        ----------
        action : str
            Of :data:`vpnframe.cloud.actions.ACTIONS`.
        place : Place
            Host and region.
        params : mapping of str to str
            Of the call; the region is added.
        decode : callable
            Response to answer; raises RequestError.

        Returns
        -------
        T or Failure
            What ``decode`` gave, or why there is nothing.
        """
        started, attempts = self.clock.monotonic(), 0
        renew = False
        while True:
            attempts += 1
            outcome, response = await self._attempt(action, place, params, decode, renew)
            if not isinstance(outcome, RequestError):
                return outcome
            verdict = retries.classify(outcome)
            log.debug("%s in %s: %s (attempt %d)", action, place.region_id, outcome, attempts)
            late = self.clock.monotonic() - started > self.deadline_s
            if late or attempts >= _ATTEMPTS[verdict.remedy]:
                return self._failure(action, place, outcome, attempts)
            renew = verdict.remedy is Remedy.RENEW_CREDENTIALS
            await self._prepare(verdict.remedy, self._key(action, place), response, attempts)

    async def _attempt(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
        renew: bool,
    ) -> tuple[T | RequestError, Response | None]:
        """One signed request: the answer or the error, and the response if there was one."""
        credentials = await self.provider.get(renew=renew)
        region = {"RegionId": place.region_id} if place.region_id else {}
        call = Call(place.base_url, action, ACTIONS[action].version, {**region, **params})
        key = self._key(action, place)
        await self.lanes.enter(key)
        response = None
        try:
            # Signed only now: a signature grows old while it waits.
            now = self.clock.utc_now() + self._clock_offset
            request = sign(call, credentials=credentials, now=now, nonce=secrets.token_hex(16))
            self.tallies[place.region_id].n_calls += 1
            response = await self.send(request)
            return decode(response), response
        except RequestError as error:
            return error, response
        finally:
            self.lanes.leave(key)

    async def _prepare(
        self, remedy: Remedy, key: Key, response: Response | None, attempts: int
    ) -> None:
        """Do what the next attempt needs."""
        if remedy is Remedy.SLOW_DOWN:
            self.tallies[key[1] or None].n_throttled += 1
            self.lanes.pacer.slow_down(
                key, now=self.clock.monotonic(), retry_after_s=_retry_after_s(response)
            )
        elif remedy is Remedy.SET_CLOCK:
            self._clock_offset = _offset(response, self.clock.utc_now()) or self._clock_offset
        elif remedy is Remedy.AGAIN:
            await self.clock.sleep(retries.backoff_s(attempts, jitter=random.random()))

    def _key(self, action: str, place: Place) -> Key:
        return (self.account_id or "", place.region_id or "", action)

    def _failure(self, action: str, place: Place, error: RequestError, attempts: int) -> Failure:
        verdict = retries.classify(error)
        status = isinstance(error, StatusError)
        return Failure(
            kind="parameter" if verdict.remedy is Remedy.ABSENT else verdict.kind,
            message=str(error),
            account_id=self.account_id,
            region_id=place.region_id,
            action=action,
            code=error.code if isinstance(error, StatusError) else None,
            http_status=getattr(error, "http_status", None),
            request_id=error.request_id if status and isinstance(error, StatusError) else None,
            attempts=attempts,
            at_ms=int(self.clock.utc_now().timestamp() * 1000),
        )


def _retry_after_s(response: Response | None) -> float | None:
    """The pause that the cloud asks for, in its own header, in milliseconds."""
    text = response.headers.get("x-acs-retry-after", "") if response else ""
    return min(int(text), 600_000) / 1000 if text.isdecimal() else None


def _offset(response: Response | None, now: datetime) -> timedelta | None:
    """How far the server's clock is ahead of ours."""
    text = response.headers.get("date") if response else None
    try:
        return parsedate_to_datetime(text) - now if text else None
    except (TypeError, ValueError):
        return None
