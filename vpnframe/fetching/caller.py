"""Make an API call: wait for the rate limit, sign, send, retry, and decode the response."""

from __future__ import annotations

import logging
import math
import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from vpnframe.cloud import retries
from vpnframe.cloud.actions import ACTIONS
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.permissions import naming_permission
from vpnframe.cloud.rate_limits import Clock, Key, WaitingLanes
from vpnframe.cloud.retries import FailureVerdict, Remedy, RetryBudget
from vpnframe.cloud.roles import clock_offset
from vpnframe.cloud.signing import Call, Credentials, sign
from vpnframe.errors import RequestError, SettingsError, StatusError, TransportError, VpnframeError
from vpnframe.fetching.blocking import Ending
from vpnframe.fetching.checkpoint import Checkpoint
from vpnframe.fetching.outages import PATIENCE_S, Line, Silence
from vpnframe.model.psk import FingerprintKey
from vpnframe.model.records import Failure, FailureKind

log = logging.getLogger("vpnframe")
T = TypeVar("T")
Send = Callable[[Request], Awaitable[Response]]

# Maximum number of attempts of one call, by the remedy for its failure; one for other remedies.
_ATTEMPTS = {Remedy.SLOW_DOWN: 8, Remedy.AGAIN: 5, Remedy.SET_CLOCK: 2, Remedy.RENEW_CREDENTIALS: 2}


@dataclass(frozen=True, slots=True)
class Place:
    """The host and the region to which an API call is sent."""

    base_url: str  # scheme and host
    region_id: str | None = None  # None for calls that belong to no region


@dataclass(slots=True)
class Tally:
    """The numbers of sent and of throttled calls in one region, for table ``coverage``."""

    n_calls: int = 0
    n_throttled: int = 0


@dataclass(slots=True)
class Caller:
    """A client that makes the API calls of one account, with rate limits and retries."""

    send: Send  # sends a signed request
    provider: Provider  # returns the credentials
    lanes: WaitingLanes  # rate limits; shared by all callers of one main account
    clock: Clock = field(default_factory=Clock)
    account_id: str | None = None  # filled in once it is known
    name: str = ""  # the account's name in the checkpoint and the rate limiter
    checkpoint: Checkpoint | None = None  # records calls, so that a resumed fetch keeps the quota
    deadline_s: float = 300.0  # seconds for all attempts of one call, without pauses between them
    run_deadline: float = math.inf  # latest end of the fetch in the clock's monotonic seconds
    ending: Ending = field(default_factory=Ending)  # ends the fetch before its deadline
    patience_s: float = PATIENCE_S  # seconds that calls wait for a region that stopped responding
    fingerprint_key: FingerprintKey | None = None  # for pre-shared keys; None: no key facts
    jitter: Callable[[], float] = random.random  # returns the fraction of a pause to wait
    tallies: defaultdict[str | None, Tally] = field(
        default_factory=lambda: defaultdict(Tally), init=False
    )
    budget: RetryBudget = field(default_factory=RetryBudget, init=False)
    clock_offset: timedelta = field(default=timedelta(0), init=False)  # cloud's clock minus ours
    silence: Silence = field(default_factory=Silence, init=False)
    _lines: dict[Place, Line] = field(default_factory=dict, init=False)

    async def ask(
        self,
        action: str,
        place: Place,
        params: Mapping[str, str],
        decode: Callable[[Response], T],
    ) -> T | Failure:
        """Send an API call, with retries; return the decoded response, or a Failure."""
        call = _OneCall(self, action, place, params, decode)
        if not self.is_over():  # a timeout of 0 would still send the request
            try:
                async with self.ending.within(self.run_deadline - self.clock.monotonic()):
                    return await call.repeat()
            except TimeoutError:
                pass
        was_asked = self.ending.is_asked
        why = "the run was interrupted" if was_asked else "the run's deadline has passed"
        return call.failure(TransportError(why, is_timeout=True), attempts=0)

    def is_over(self) -> bool:
        """Check whether the fetch was interrupted or its deadline has passed."""
        return self.ending.is_asked or self.clock.monotonic() >= self.run_deadline

    def now_ms(self) -> int:
        """Return the current time in milliseconds since the epoch."""
        return int(self.clock.utc_now().timestamp() * 1000)

    def key(self, action: str, place: Place) -> Key:
        """Return the rate-limit key of a call: account, region and action."""
        return (self.name, place.region_id or "", action)

    def failure(self, kind: FailureKind, message: str, **more: Any) -> Failure:
        """Return a Failure with this account's id and the current time."""
        at_ms = self.now_ms()
        return Failure(kind=kind, message=message, account_id=self.account_id, at_ms=at_ms, **more)

    def line(self, place: Place) -> Line:
        """Return the object that records whether a region responds to calls."""
        if place not in self._lines:
            self._lines[place] = Line(self.clock, self.jitter, self.patience_s)
        return self._lines[place]


@dataclass(slots=True)
class _OneCall(Generic[T]):
    """One API call, and the state of its attempts."""

    caller: Caller
    action: str
    place: Place
    params: Mapping[str, str]
    decode: Callable[[Response], T]
    # State of the last attempt:
    response: Response | None = None
    credentials: Credentials | None = None
    is_refused: bool = False  # whether the cloud refused these credentials as expired

    async def repeat(self) -> T | Failure:
        """Send the call until it succeeds or no retry is left; return the response or a Failure."""
        caller, line = self.caller, self.caller.line(self.place)
        tried: Counter[Remedy] = Counter()
        failure, spent_s = None, 0.0
        caller.budget.earn()
        while True:
            async with line.turn():
                if failure is not None and line.is_down and not line.is_awaited:
                    return failure  # the wait for the region has ended without an answer
                # In order of arrival, without a deadline: a wait for the quota is no failure.
                await caller.lanes.enter(self._key)
                started = caller.clock.monotonic()
                outcome = await self._attempt()
                if not isinstance(outcome, VpnframeError):
                    line.answered()
                    return outcome
                verdict = retries.classify(outcome)
                if verdict.is_silence:
                    line.failed()
                elif isinstance(outcome, StatusError):
                    line.answered()
            tried[verdict.remedy] += 1
            n, where = tried.total(), self.place.region_id
            log.debug("%s in %s: %s (attempt %d)", self.action, where, outcome, n)
            if verdict.remedy is Remedy.SLOW_DOWN:
                caller.tallies[where].n_throttled += 1
            spent_s += caller.clock.monotonic() - started
            failure = self.failure(outcome, attempts=n)
            is_late = spent_s > caller.deadline_s
            if is_late or not self._may_repeat(verdict, tried[verdict.remedy], line):
                return failure
            self.is_refused = verdict.remedy is Remedy.RENEW_CREDENTIALS
            if not line.is_awaited:  # otherwise line.turn() makes the pause
                await self._prepare(verdict.remedy, n)

    @property
    def _key(self) -> Key:
        return self.caller.key(self.action, self.place)

    def _may_repeat(self, verdict: FailureVerdict, n_tried: int, line: Line) -> bool:
        """Check whether to retry a failed call; in an outage, only time limits the retries."""
        if verdict.is_silence and line.is_down:
            return line.is_awaited
        if n_tried >= _ATTEMPTS.get(verdict.remedy, 1):
            return False
        return verdict.remedy is not Remedy.AGAIN or self.caller.budget.spend()

    async def _attempt(self) -> T | VpnframeError:
        """Send one signed request; return the decoded response or the error."""
        caller, region_id = self.caller, self.place.region_id
        refused = self.credentials if self.is_refused else None
        self.response = None
        try:
            # Credentials are read only after the wait for the quota: they and signatures expire.
            credentials = await caller.provider.get()
            if credentials == refused:  # otherwise another call renewed them meanwhile
                credentials = await caller.provider.get(renew=True)
            self.credentials = credentials
            params = {**({"RegionId": region_id} if region_id else {}), **self.params}
            call = Call(self.place.base_url, self.action, ACTIONS[self.action].version, params)
            now = caller.clock.utc_now() + caller.clock_offset
            request = sign(call, credentials=credentials, now=now, nonce=secrets.token_hex())
            caller.tallies[region_id].n_calls += 1
            self.response = await self._send(request)
            return self.decode(self.response)
        except (RequestError, SettingsError) as error:
            return error.with_traceback(None)
        finally:
            caller.lanes.leave(self._key)

    async def _send(self, request: Request) -> Response:
        """Send a request, and record in the checkpoint when it started and ended."""
        caller, checkpoint = self.caller, self.caller.checkpoint
        with caller.silence.watching(request.host):
            if checkpoint is None:
                return await caller.send(request)
            number = checkpoint.call_sent(self._key)
            try:
                await checkpoint.settle()
                return await caller.send(request)
            finally:
                checkpoint.call_answered(number, at=caller.clock.utc_now().timestamp())

    async def _prepare(self, remedy: Remedy, attempts: int) -> None:
        """Prepare the next attempt: slow down, correct the clock offset, or pause."""
        caller = self.caller
        if remedy is Remedy.SLOW_DOWN:
            now, headers = caller.clock.monotonic(), self.response.headers if self.response else {}
            pause_ms = headers.get("x-acs-retry-after", "")
            is_given = pause_ms.isdecimal()
            retry_after_s = min(int(pause_ms[:12]), 600_000) / 1000 if is_given else None
            caller.lanes.rate_limiter.slow_down(self._key, now=now, retry_after_s=retry_after_s)
        elif remedy is Remedy.SET_CLOCK and self.response is not None:
            offset = clock_offset(self.response, caller.clock.utc_now())
            caller.clock_offset = caller.clock_offset if offset is None else offset
        elif remedy is Remedy.AGAIN:
            await caller.clock.sleep(retries.backoff_s(attempts, jitter=caller.jitter()))

    def failure(self, error: VpnframeError, *, attempts: int) -> Failure:
        """Return a Failure for this call; if access was denied, it names the missing permission."""
        kind, message = retries.classify(error).kind, str(error)
        # Without a response, the request for credentials was denied, not this call.
        if kind == "denied" and self.response is not None:
            message = naming_permission(message, self.action)
        names = ("code", "http_status", "request_id")
        details = {name: getattr(error, name, None) for name in names}
        details |= {"region_id": self.place.region_id, "action": self.action, "attempts": attempts}
        return self.caller.failure(kind, message, **details)
