"""Asynchronous work for code that blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop of its own, in a thread; wait for it, also in a notebook.

    Parameters
    ----------
    work : coroutine
        Cancelled when the wait is interrupted: a crawl of an hour must not go on behind one's back.

    Returns
    -------
    object
        What it returned; what it raised is raised.
    """
    started: Future[Callable[[], object]] = Future()

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        started.set_result(lambda: task and loop.call_soon_threadsafe(task.cancel))
        return await work

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="vpnframe") as pool:
        running = pool.submit(asyncio.run, run())
        try:
            return running.result()
        except BaseException:
            # Interrupted while waiting: a crawl of an hour must not go on behind one's back.
            if not running.done():
                started.result()()
            raise
