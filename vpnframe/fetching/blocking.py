"""Run coroutines: in parallel, from blocking code, and until a run ends early."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from vpnframe.errors import VpnframeError

log = logging.getLogger("vpnframe")
T = TypeVar("T")
# A signal handler runs only in the main thread, and only while that thread runs.
_LOOK_AGAIN_S = 0.1


class Interrupted(KeyboardInterrupt):
    """An interrupt, raised after the work that it stopped has ended."""

    def __init__(self, number: int, result: object = None) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
        self.result = result


def raise_interrupted(number: int, frame: object) -> None:
    """Handle a signal as Python handles Ctrl-C; for programs that SIGTERM should stop this way."""
    raise Interrupted(number)


def run_in_thread(work: Coroutine[Any, Any, T], *, stop: Callable[[], object] | None = None) -> T:
    """Run a coroutine in a new event loop in a thread, and wait for it; works in notebooks too."""
    started: Future[Callable[[], object]] = Future()

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        end = stop or (lambda: task and (task.cancelling() or task.cancel()))
        started.set_result(lambda: loop.call_soon_threadsafe(end))
        return await work

    def interrupt() -> None:
        started.add_done_callback(_call)

    with (
        _interrupts(interrupt) as numbers,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="vpnframe") as pool,
    ):
        running = pool.submit(asyncio.run, run())
        try:
            # A signal that another thread received does not wake this one, so it polls.
            while wait([running], _LOOK_AGAIN_S).not_done:
                pass
            result = running.result()
        except BaseException as error:
            # A foreign signal handler raised it, while the work goes on.
            if not running.done():
                interrupt()
                raise
            if not numbers:
                raise
            raise Interrupted(numbers[0]) from (error if isinstance(error, Exception) else None)
    if numbers:
        raise Interrupted(numbers[0], result)
    return result


def _call(started: Future[Callable[[], object]]) -> None:
    with suppress(RuntimeError):  # the loop is closed: the work is over
        started.result()()


@contextmanager
def _interrupts(interrupt: Callable[[], None]) -> Iterator[list[int]]:
    """Record signals that would raise KeyboardInterrupt at an arbitrary point of this thread.

    The first one stops the work.
    """
    numbers: list[int] = []

    def note(number: int, frame: object) -> None:
        # Another signal may arrive between these lines: stopping twice is better than never.
        is_first = not numbers
        numbers.append(number)
        if is_first:
            interrupt()

    ours = {
        number: handler
        for number in (signal.SIGINT, signal.SIGTERM)
        if (handler := signal.getsignal(number)) in (signal.default_int_handler, raise_interrupted)
        and threading.current_thread() is threading.main_thread()
    }
    for number in ours:
        signal.signal(number, note)
    try:
        yield numbers
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


class Ending:
    """Request to end a run now; calls that wait for the cloud then stop waiting."""

    def __init__(self) -> None:
        self.is_asked = False
        self._waiting: set[asyncio.Timeout] = set()

    def ask(self) -> None:
        """End the run now; call this in the thread of the event loop. Repeated calls do nothing."""
        if self.is_asked:
            return
        self.is_asked = True
        log.warning("interrupted: what was read so far is written now")
        for limit in self._waiting:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def within(self, left_s: float) -> AsyncIterator[None]:
        """Run the body for at most ``left_s``, or until the end; raise TimeoutError after that."""
        async with asyncio.timeout(None if left_s == math.inf else left_s) as limit:
            self._waiting.add(limit)
            try:
                yield
            finally:
                self._waiting.discard(limit)


async def run_all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run work in parallel; raise the first VpnframeError itself, after the rest is cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as errors:
        ours = errors.subgroup(VpnframeError)
        if ours is None:
            raise
        raise ours.exceptions[0] from None
