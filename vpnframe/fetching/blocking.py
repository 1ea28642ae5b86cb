"""Run coroutines in parallel or from synchronous code, and stop a fetch early."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from vpnframe.errors import VpnframeError

log = logging.getLogger("vpnframe")
T = TypeVar("T")
# The main thread wakes up this often, because only there Python runs signal handlers.
_LOOK_AGAIN_S = 0.1


class Interrupted(KeyboardInterrupt):
    """Raised after SIGINT or SIGTERM; ``result`` is the stopped coroutine's result or None."""

    def __init__(self, number: int, result: object = None) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
        self.result = result


def raise_interrupted(number: int, frame: object) -> None:
    """Handle a signal by raising Interrupted, so that SIGTERM ends a program as Ctrl-C does."""
    raise Interrupted(number)


def run_in_thread(work: Coroutine[Any, Any, T], *, stop: Callable[[], object] | None = None) -> T:
    """Run a coroutine in an event loop in a new thread, and return its result.

    This also works in a notebook, whose own thread already runs an event loop. If SIGINT or SIGTERM
    arrives, ``stop`` is called in the new thread; if ``stop`` is None, the coroutine is cancelled.
    """
    started: Future[Callable[[], object]] = Future()

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        end = stop or (lambda: task and (task.cancelling() or task.cancel()))
        started.set_result(lambda: loop.call_soon_threadsafe(end))
        return await work

    interrupt = partial(started.add_done_callback, _call)
    with (
        _interrupts(interrupt) as numbers,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="vpnframe") as pool,
    ):
        running = pool.submit(asyncio.run, run())
        try:
            # A signal that another thread receives does not wake this thread, so this thread polls.
            while wait([running], _LOOK_AGAIN_S).not_done:
                pass
            result = running.result()
        except BaseException as error:
            # A signal handler other than ours raised the error, and the work still runs.
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
    """Collect SIGINT and SIGTERM in the yielded list; the first also calls ``interrupt``."""
    numbers: list[int] = []

    def note(number: int, frame: object) -> None:
        # If another signal arrives between these lines, the work is stopped twice: no harm.
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
    """A way to end a fetch early; after :meth:`ask`, the fetch waits for no more API responses."""

    def __init__(self) -> None:
        self.is_asked = False
        self._waiting: set[asyncio.Timeout] = set()

    def ask(self) -> None:
        """End the fetch now; call this only in the event loop's thread."""
        if self.is_asked:
            return
        self.is_asked = True
        log.warning("interrupted: what was read so far is written now")
        for limit in self._waiting:
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def within(self, left_s: float) -> AsyncIterator[None]:
        """Run the ``with`` block; raise TimeoutError after ``left_s`` s or after :meth:`ask`."""
        async with asyncio.timeout(None if left_s == math.inf else left_s) as limit:
            self._waiting.add(limit)
            try:
                yield
            finally:
                self._waiting.discard(limit)


async def run_all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run coroutines in parallel; on a VpnframeError, cancel the others and raise the error."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as errors:
        ours = errors.subgroup(VpnframeError)
        if ours is None:
            raise
        raise ours.exceptions[0] from None
