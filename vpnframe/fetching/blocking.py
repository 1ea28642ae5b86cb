"""Asynchronous work for code that blocks."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
# A handler of signals runs in the main thread alone, and only when that one runs.
_LOOK_AGAIN_S = 0.1


class Interrupted(KeyboardInterrupt):
    """An interrupt, raised once the work that it stopped has come to its end."""

    def __init__(self, number: int, result: object = None) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number
        self.result = result


def raise_interrupted(number: int, frame: object) -> None:
    """Handle a signal as Python handles Ctrl-C; for programs that SIGTERM is to stop like that."""
    raise Interrupted(number)


def run_in_thread(work: Coroutine[Any, Any, T], *, stop: Callable[[], object] | None = None) -> T:
    """Run a coroutine in an event loop of its own, in a thread; wait for it, also in a notebook."""
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
            # A signal that another thread received does not wake this one: it looks for itself.
            while wait([running], _LOOK_AGAIN_S).not_done:
                pass
            result = running.result()
        except BaseException as error:
            # A handler of somebody else's raised it, while the work goes on.
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
    """Signals that would raise KeyboardInterrupt here, wherever this thread is just then.

    They are noted, and the first one stops the work.
    """
    numbers: list[int] = []

    def note(number: int, frame: object) -> None:
        # Another signal may come between any two of these lines: twice is better than never.
        is_first = not numbers
        numbers.append(number)
        if is_first:
            interrupt()

    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ours = {
        number: handler
        for number, handler in before.items()
        if is_main and handler in (signal.default_int_handler, raise_interrupted)
    }
    for number in ours:
        signal.signal(number, note)
    try:
        yield numbers
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
