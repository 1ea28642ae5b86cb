"""Make one API call: from waiting for its turn to a decoded answer or a failure."""

from __future__ import annotations

import logging
import math
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from vpnframe.cloud import retries
from vpnframe.cloud.actions import ACTIONS
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.permissions import naming_permission
from vpnframe.cloud.rate_limits import Clock, Key, WaitingLanes
from vpnframe.cloud.retries import FailureVerdict, Remedy, RetryBudget
from vpnframe.cloud.signing import Call, Credentials, sign
from vpnframe.errors import (
    RequestError,
    SettingsError,
    StatusError,
    TransportError,
    VpnframeError,
)
from vpnframe.fetching.checkpoint import Checkpoint
from vpnframe.fetching.ending import Ending
from vpnframe.fetching.outages import PATIENCE_S, Line
from vpnframe.fetching.silence import Silence
from vpnframe.model.psk import FingerprintKey
from vpnframe.model.records import Failure

log = logging.getLogger("vpnframe")
T = TypeVar("T")
Send = Callable[[Request], Awaitable[Response]]

# Maximum number of attempts of one call, by the remedy for its failure.
_ATTEMPTS = {
    Remedy.SLOW_DOWN: 8,
    Remedy.AGAIN: 5,
    Remedy.SET_CLOCK: 2,
    Remedy.RENEW_CREDENTIALS: 2,
    Remedy.GIVE_UP: 1,
    Remedy.ABSENT: 1,
}
_LATE = "the run's deadline has passed"


@dataclass(frozen=True, slots=True)
class Place:
    """Destination of a call."""

    base_url: str  # scheme and host
    region_id: str | None = None  # None for calls outside of regions


@dataclass(slots=True)
class Tally:
    """Calls of one region, for its coverage row."""

    n_calls: int = 0
    n_throttled: int = 0


@dataclass(slots=True)
class _Last:
    """The last attempt of one call."""

    response: Response | None = None
    credentials: Credentials | None = None
    is_refused: bool = False


@dataclass(slots=True)
class Caller:
    """Make API calls for one account."""

    send: Send  # request to Response; a coroutine function
    provider: Provider  # the access key
    lanes: WaitingLanes  # rate limits; shared by all callers of one main account
    clock: Clock = field(default_factory=Clock)  # the time
    account_id: str | None = None  # filled in once it is known
    # Name of the account in the checkpoint and the rate limiter, whether or not its id is known
    name: str = ""
    budget: RetryBudget = field(default_factory=RetryBudget)  # how many requests may be repeated
    # Records every call, so that a resumed crawl keeps the quota
    checkpoint: Checkpoint | None = None
    # Limit of one call, in seconds: sending and pausing, but not waiting for its turn
    deadline_s: float = 300.0
    # Of the whole run, by the clock's monotonic seconds; nothing is sent or waited for after it
    run_deadline: float = math.inf
    # Ends the run before that, when it is interrupted
    ending: Ending = field(default_factory=Ending)
    patience_s: float = PATIENCE_S  # how long calls wait for a region that does not answer
    # Key of the fingerprints of pre-shared keys; None if there are none
    fingerprint_key: FingerprintKey | None = None
    # jitter, nonce: sources of randomness: a fraction from 0 up to 1 of each pause, and unique text
    jitter: Callable[[], float] = random.random
    nonce: Callable[[], str] = secrets.token_hex
    tallies: defaultdict[str | None, Tally] = field(default_factory=lambda: defaultdict(Tally))
    _clock_offset: timedelta = field(default=timedelta(0))
    _lines: dict[Place, Line] = field(default_factory=dict)
    _silence: Silence = field(default_factory=Silence)

    async def ask(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
    ) -> T | Failure:
        """Send a call until it returns a decodable answer, or fails for good."""
        left_s = self.run_deadline - self.clock.monotonic()
        if not self.is_over():  # a timeout of 0 would still send the request
            try:
                async with self.ending.within(left_s):
                    return await self._ask(action, place, params, decode)
            except TimeoutError:
                pass
        problem = "the run was interrupted" if self.ending.is_asked else _LATE
        late = TransportError(problem, is_timeout=True)
        return self._failure(action, place, late, attempts=0)

    def is_over(self) -> bool:
        """Check whether the run is over, so that no more calls are sent."""
        return self.ending.is_asked or self.clock.monotonic() >= self.run_deadline

    async def _ask(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
    ) -> T | Failure:
        tried: Counter[Remedy] = Counter()
        last, spent_s = _Last(), 0.0
        self.budget.earn()
        line, failure = self._line(place), None
        while True:
            async with line.turn():
                if failure is not None and line.is_down and not line.is_awaited:
                    return failure  # waiting for the region was in vain
                # In order of arrival, without a deadline: a slow lane is not a failing call.
                await self.lanes.enter(self._key(action, place))
                started = self.clock.monotonic()
                outcome = await self._attempt(action, place, params, decode, last)
                _tell(line, outcome)
            if not isinstance(outcome, VpnframeError):
                return outcome
            verdict = _judge(outcome)
            tried[verdict.remedy] += 1
            attempts = tried.total()
            log.debug("%s in %s: %s (attempt %d)", action, place.region_id, outcome, attempts)
            if verdict.remedy is Remedy.SLOW_DOWN:
                self.tallies[place.region_id].n_throttled += 1
            spent_s += self.clock.monotonic() - started
            failure = self._failure(action, place, outcome, attempts)
            is_over = spent_s > self.deadline_s
            if is_over or not self._may_repeat(verdict, tried[verdict.remedy], line):
                # Without a response, credentials were refused, not this call.
                return failure if last.response is None else _naming_permission(failure, action)
            last.is_refused = verdict.remedy is Remedy.RENEW_CREDENTIALS
            if not line.is_awaited:  # otherwise it pauses with all others
                key = self._key(action, place)
                await self._prepare(verdict.remedy, key, last.response, attempts)

    def _may_repeat(self, verdict: FailureVerdict, n_tried: int, line: Line) -> bool:
        """Check whether a failed call is sent again; an outage uses neither attempts nor budget."""
        if verdict.is_silence and line.is_down:
            return line.is_awaited
        if n_tried >= _ATTEMPTS[verdict.remedy]:
            return False
        return verdict.remedy is not Remedy.AGAIN or self.budget.spend()

    def _line(self, place: Place) -> Line:
        if place not in self._lines:
            self._lines[place] = Line(self.clock, self.jitter, self.patience_s)
        return self._lines[place]

    async def _attempt(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
        last: _Last,
    ) -> T | VpnframeError:
        """Send one signed request; return the answer or the error."""
        refused = last.credentials if last.is_refused else None
        last.response = None
        try:
            # Credentials are read only now: keys and signatures expire while a call waits.
            credentials = await self.provider.get()
            if credentials == refused:  # otherwise another call renewed them meanwhile
                credentials = await self.provider.get(renew=True)
            last.credentials = credentials
            region = {"RegionId": place.region_id} if place.region_id else {}
            call = Call(place.base_url, action, ACTIONS[action].version, {**region, **params})
            now = self.clock.utc_now() + self._clock_offset
            request = sign(call, credentials=credentials, now=now, nonce=self.nonce())
            self.tallies[place.region_id].n_calls += 1
            last.response = await self._send(request, self._key(action, place))
            return decode(last.response)
        except (RequestError, SettingsError) as error:
            return error.with_traceback(None)
        finally:
            self.lanes.leave(self._key(action, place))

    async def _send(self, request: Request, key: Key) -> Response:
        """Send a request, and record in the checkpoint when it was sent and answered."""
        with self._silence.watching(request.host):
            if self.checkpoint is None:
                return await self.send(request)
            number = self.checkpoint.call_sent(key)
            try:
                await self.checkpoint.settle()
                return await self.send(request)
            finally:
                self.checkpoint.call_answered(number, at=self.clock.utc_now().timestamp())

    async def _prepare(
        self, remedy: Remedy, key: Key, response: Response | None, attempts: int
    ) -> None:
        """Apply the remedy that the next attempt needs."""
        if remedy is Remedy.SLOW_DOWN:
            self.lanes.rate_limiter.slow_down(
                key, now=self.clock.monotonic(), retry_after_s=_retry_after_s(response)
            )
        elif remedy is Remedy.SET_CLOCK:
            offset = _offset(response, self.clock.utc_now())
            self._clock_offset = self._clock_offset if offset is None else offset
        elif remedy is Remedy.AGAIN:
            await self.clock.sleep(retries.backoff_s(attempts, jitter=self.jitter()))

    def _key(self, action: str, place: Place) -> Key:
        return (self.name, place.region_id or "", action)

    def _failure(self, action: str, place: Place, error: VpnframeError, attempts: int) -> Failure:
        return Failure(
            kind=_judge(error).kind,
            message=str(error),
            account_id=self.account_id,
            region_id=place.region_id,
            action=action,
            code=error.code if isinstance(error, StatusError) else None,
            http_status=getattr(error, "http_status", None),
            request_id=error.request_id if isinstance(error, StatusError) else None,
            attempts=attempts,
            at_ms=int(self.clock.utc_now().timestamp() * 1000),
        )


def _naming_permission(failure: Failure, action: str) -> Failure:
    """Add the required permission to a denied call; return other failures unchanged."""
    if failure.kind != "denied":
        return failure
    message = naming_permission(failure.message, action)
    return msgspec.structs.replace(failure, message=message)


def _tell(line: Line, outcome: object) -> None:
    """Report an attempt to the line; torn answers and missing credentials are ignored."""
    verdict = _judge(outcome) if isinstance(outcome, VpnframeError) else None
    if verdict is not None and verdict.is_silence:
        line.failed()
    elif verdict is None or isinstance(outcome, StatusError):
        line.answered()


def _judge(error: VpnframeError) -> FailureVerdict:
    """Classify a failed attempt; missing credentials are not retried."""
    if isinstance(error, RequestError):
        return retries.classify(error)
    return FailureVerdict(Remedy.GIVE_UP, "credentials")


def _retry_after_s(response: Response | None) -> float | None:
    """Return the pause in seconds from the cloud's own header, which is in milliseconds."""
    text = response.headers.get("x-acs-retry-after", "") if response else ""
    return min(int(text[:12]), 600_000) / 1000 if text.isdecimal() else None


def _offset(response: Response | None, now: datetime) -> timedelta | None:
    """Return how far the server's clock is ahead of ours, None if unknown."""
    text = response.headers.get("date") if response else None
    try:
        return parsedate_to_datetime(text) - now if text else None
    except (TypeError, ValueError):
        return None
