"""What several test files share: a scripted transport, virtual time, small builders of answers."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, product
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest
from pandas.testing import assert_frame_equal

from vpnframe import schema
from vpnframe.cloud.credentials import GivenCredentials
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.rate_limits import Clock, RateLimiter, WaitingLanes
from vpnframe.cloud.signing import Credentials, authorization
from vpnframe.emulator import State, handle
from vpnframe.emulator.faults import deliver
from vpnframe.errors import TransportError
from vpnframe.fetching.caller import Caller, Send
from vpnframe.fetching.crawl import AccountCrawl, FleetCrawl, Plan
from vpnframe.inventory import Inventory
from vpnframe.inventory.flattening import make_tables
from vpnframe.model.psk import FingerprintKey
from vpnframe.model.records import Records

T = TypeVar("T")
FINGERPRINT_KEY = FingerprintKey(bytes(range(32)))
Answer = Response | BaseException
Handler = Callable[[Request], Answer | Awaitable[Answer]]


def response(
    body: object = b"", status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Build a response; bytes and text are its body as they are, anything else becomes JSON."""
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return Response(status, dict(headers or {}), body)


def error_response(code: str, status: int = 400, **headers: str) -> Response:
    """Build an error of the cloud; ``x_acs_retry_after="500"`` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"RequestId": "REQ-1", "HostId": "vpc.test", "Code": code, "Message": f"{code} it is"}
    return response(body, status, headers=named)


def action_of(request: Request) -> str:
    """The action that a request asks for."""
    return request.headers["x-acs-action"]


def params_of(request: Request) -> dict[str, str]:
    """The parameters in a request's query, decoded."""
    return dict(
        parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(request.query))
    )


def refuse_to_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse one file, as it does to whoever has no right to it."""
    inner = os.open

    def refusing(name: Any, *args: Any, **options: Any) -> int:
        if Path(os.fsdecode(name)) == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return inner(name, *args, **options)

    monkeypatch.setattr(os, "open", refusing)


def by_action(handlers: Mapping[str, Answer | Handler]) -> Handler:
    """Build a handler that answers by the action asked for; an action not named is a mistake."""

    def handle(request: Request) -> Answer | Awaitable[Answer]:
        handler = handlers[action_of(request)]
        return handler(request) if callable(handler) else handler

    return handle


@dataclass
class FakeSend:
    """A transport without a network: ``await send(request)`` answers from a script.

    Parameters
    ----------
    script : callable, or list of Response and exceptions
        A callable is asked for each request; a list is used up in order. An exception is raised.
    latency_s : float or callable
        How long an answer takes; a callable is asked anew for each request.

    Attributes
    ----------
    requests : list of Request
        In the order of sending.
    times : list of float
        When each was sent, by the running loop's clock.
    """

    script: Handler | list[Answer]
    latency_s: float | Callable[[], float] = 0.0
    requests: list[Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())
        answer = self.script.pop(0) if isinstance(self.script, list) else self.script(request)
        await asyncio.sleep(self.latency_s() if callable(self.latency_s) else self.latency_s)
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def actions(self) -> list[str]:
        """The actions asked for, in order."""
        return [action_of(request) for request in self.requests]


@dataclass
class ManualClock:
    """Time for a crawl under :func:`run_virtual`: the loop's seconds, and a time of day with them.

    Parameters
    ----------
    start : datetime
        The time of day when the loop's clock shows 0.

    Attributes
    ----------
    slept : list of float
        Every pause asked for, in order.
    """

    start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        """The clock to hand to a Caller."""
        return Clock(monotonic=self.monotonic, utc_now=self.utc_now, sleep=self.sleep)

    def monotonic(self) -> float:
        """Virtual seconds since :func:`run_virtual` began."""
        return asyncio.get_running_loop().time()

    def utc_now(self) -> datetime:
        """The virtual time of day."""
        return self.start + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Pause without waiting."""
        self.slept.append(seconds)
        await asyncio.sleep(seconds)


class _SkippingSelector(selectors.DefaultSelector):
    """Instead of waiting for a timer it moves the clock there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.n_steps = 0
        self.at_step: tuple[int, Callable[[], object]] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.n_steps += 1
        if self.at_step is not None and self.n_steps == self.at_step[0]:
            self.at_step[1]()
            timeout = 0
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:  # only another thread can wake the loop now
            ready = super().select(5.0)
            if not ready:
                raise RuntimeError("every task waits for something that nobody will do")
            return ready
        self.now += max(timeout, 0.0)
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing can run."""

    def __init__(self) -> None:
        self.skipping = _SkippingSelector()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time: ``asyncio.sleep(60)`` takes no time at all.

    The loop's clock starts at 0. A deadlock raises RuntimeError instead of hanging.
    """
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(main)


def run_cancelled(main: Coroutine[Any, Any, object], *, step: int) -> bool:
    """Run a coroutine in virtual time and cancel it at the loop's step of that number.

    False when it was over before. A task that it leaves behind is an AssertionError.
    """

    async def watch() -> bool:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _VirtualLoop)
        task = asyncio.ensure_future(main)
        loop.skipping.at_step = (loop.skipping.n_steps + step, task.cancel)
        await asyncio.wait([task])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        if not task.cancelled():
            task.result()
        return task.cancelled()

    return run_virtual(watch())


def emulated(state: State, manual: ManualClock) -> FakeSend:
    """Build a transport that asks the emulator without a socket, by the virtual clock."""
    return FakeSend(lambda request: handle(state, request, manual.utc_now().timestamp()))


@dataclass
class DeliveringSend:
    """A transport as :func:`emulated` gives one, on which faults of the wire show, too."""

    state: State
    manual: ManualClock
    timeout_s: float = 30.0
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self.requests.append(request)
        answer = handle(self.state, request, self.manual.utc_now().timestamp())
        delivery = deliver(answer, timeout_s=self.timeout_s)
        await asyncio.sleep(delivery.after_s)
        if isinstance(delivery.outcome, Response):
            return delivery.outcome
        is_timeout = isinstance(delivery.outcome, TimeoutError)
        raise TransportError(f"{request.host} broke the connection", is_timeout=is_timeout)


def keys_of(state: State) -> GivenCredentials:
    """The keys of an emulator's first account."""
    account = state.fleet.accounts[0]
    return GivenCredentials(Credentials(account.access_key_id, account.access_key_secret))


def caller_of(send: Send, manual: ManualClock | None = None, **options: Any) -> Caller:
    """Build a Caller in virtual time that judges keys; the limiter has ``limits`` and ``share``."""
    options.setdefault("fingerprint_key", FINGERPRINT_KEY)
    options.setdefault("jitter", random.Random(0).random)
    clock = (manual or ManualClock()).clock
    rate_limiter = RateLimiter(limits=options.pop("limits", None), share=options.pop("share", 1.0))
    provider = options.pop("provider", None) or GivenCredentials(Credentials("LTAI-id", "hush"))
    return Caller(
        send=send,
        provider=provider,
        lanes=WaitingLanes(rate_limiter, clock),
        clock=clock,
        **options,
    )


def merge_records(parts: Iterable[Records]) -> Records:
    """Join records of several regions or accounts, in their order."""
    parts = list(parts)
    names = Records.__struct_fields__
    return Records(**{name: tuple(chain(*(getattr(p, name) for p in parts))) for name in names})


async def crawl_account(caller: Caller, plan: Plan | None = None) -> Records:
    """Crawl one account as a fetch does, and give all records in one."""
    fleet = FleetCrawl([AccountCrawl(caller, plan or Plan())])
    await fleet.list_all()
    await fleet.download()
    return merge_records(fleet.parts())


def crawl(state: State, *, fault: Handler | None = None, plan: Plan | None = None) -> Records:
    """Crawl the first account of an emulator in virtual time.

    A ``fault`` sees each request first; where it gives None the emulator answers.
    """
    manual, account = ManualClock(), state.fleet.accounts[0]
    inner = emulated(state, manual)

    async def send(request: Request) -> Response:
        answer = fault(request) if fault else None
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Response) else await inner(request)

    credentials = Credentials(account.access_key_id, account.access_key_secret)
    caller = caller_of(send, manual, provider=GivenCredentials(credentials))
    return run_virtual(crawl_account(caller, plan or Plan()))


def leaks(error: BaseException, secret: str) -> list[str]:
    """Where an error shows a secret: in its texts, or in the locals of a frame of ours.

    Tools that print the locals of a traceback would show it there. What it was raised from counts.
    """
    texts = [("error", f"{error!r} {error} {error.args!r} {vars(error)!r}")]
    for step in _steps(error):
        if str(step.tb_frame.f_globals.get("__name__")).startswith("vpnframe."):
            name = step.tb_frame.f_code.co_name
            texts += [(name, repr(value)) for value in step.tb_frame.f_locals.values()]
    return [name for name, text in texts if secret in text]


def _steps(error: BaseException | None) -> Iterator[TracebackType]:
    """Every frame of an error and of what it was raised from."""
    while error is not None:
        step = error.__traceback__
        while step is not None:
            yield step
            step = step.tb_next
        error = error.__cause__ or error.__context__


def in_xml(state: State) -> Handler:
    """Build a fault for :func:`crawl` that asks the same emulator for XML, signed anew."""
    account = state.fleet.accounts[0]
    credentials = Credentials(account.access_key_id, account.access_key_secret)

    def ask(request: Request) -> Response:
        headers = {n: v for n, v in request.headers.items() if n != "authorization"}
        headers["accept"] = "application/xml"
        unsigned = Request(request.method, request.url, headers)
        signature = {"authorization": authorization(unsigned, credentials=credentials)}
        asked = Request(request.method, request.url, headers | signature)
        answer = handle(state, asked, ManualClock().start.timestamp())
        assert answer.body.startswith(b"<?xml")
        return answer

    return ask


def inventory_of(state: State, **options: Any) -> Inventory:
    """Crawl an emulator as :func:`crawl` does, and make the tables."""
    return Inventory(**make_tables(crawl(state, **options)))


def as_written(inventory: Inventory) -> Inventory:
    """The tables as they are read back: sorted by account, region and connection."""
    tables = {}
    for name, table in inventory.tables(with_key_facts=True).items():
        key = [*schema.find(name).key[:3]]
        rows = table.astype(dict.fromkeys(key, "str")).reset_index(drop=True)
        order = (
            rows.sort_values(key, kind="stable", na_position="first").index if key else rows.index
        )
        tables[name] = schema.cast(name, table.iloc[order])
    return Inventory(**tables, snapshot=inventory.snapshot)


def record_of(folder: Path) -> Path:
    """The record of the only snapshot of a folder."""
    (path,) = folder.glob("snapshots/*/snapshot.json")
    return path


def assert_same_inventory(left: Inventory, right: Inventory, *, but: tuple[str, ...] = ()) -> None:
    """Check that two inventories are equal in every table, dtypes included, but some columns."""
    # Fingerprints of two crawls are made under two keys.
    but = (*but, "psk_fingerprint", "psk_fingerprint_key_id")
    for name, table in left.tables(with_key_facts=True).items():
        other = right.tables(with_key_facts=True)[name]
        found = [one.drop(columns=list(but), errors="ignore") for one in (table, other)]
        assert_frame_equal(*found, obj=name)


def each_once(*axes: Sequence[Any]) -> list[Any]:
    """All combinations as parameters: enough to have each value once, the others marked slow."""
    longest = max(map(len, axes))
    quick = {tuple(n % len(axis) for axis in axes) for n in range(longest)}
    return [
        pytest.param(*values, marks=() if places in quick else pytest.mark.slow)
        for values, places in zip(
            product(*axes), product(*(range(len(axis)) for axis in axes)), strict=True
        )
    ]


def slow_after(n: int, values: Iterable[Any]) -> list[Any]:
    """Values as parameters; all but the first n are slow."""
    return [
        pytest.param(value, marks=() if number < n else pytest.mark.slow)
        for number, value in enumerate(values)
    ]
