"""Waiting for one's turn: order, independence, and giving the turn back."""

from __future__ import annotations

import asyncio

import pytest
from helpers import ManualClock, run_virtual

from vpnframe.cloud.actions import Limit
from vpnframe.cloud.rate_limits import RateLimiter, WaitingLanes

ACTION = "DescribeRegions"
HERE, THERE = ("1234", "cn-shanghai", ACTION), ("1234", "cn-beijing", ACTION)


def lanes_of(count: int, *, per_s: float = 60.0) -> WaitingLanes:
    return WaitingLanes(
        RateLimiter(limits={ACTION: Limit(count, per_s=per_s)}, share=1.0), ManualClock().clock
    )


def now() -> float:
    return asyncio.get_running_loop().time()


def test_calls_go_out_in_the_order_of_their_arrival() -> None:
    """Nobody overtakes, also when the pace lets only one out at a time."""
    lanes, order = lanes_of(1), list[tuple[int, float]]()

    async def call(number: int) -> None:
        await lanes.enter(HERE)
        order.append((number, now()))
        await asyncio.sleep(1.0)
        lanes.leave(HERE)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(call(number))

    run_virtual(main())
    assert order == [(0, 0.0), (1, 61.0), (2, 122.0), (3, 183.0)]


def test_a_region_at_its_limit_holds_no_other_up() -> None:
    """While one waits for a minute, the other goes at once."""
    lanes = lanes_of(1)

    async def main() -> float:
        await lanes.enter(HERE)
        lanes.leave(HERE)
        waiting = asyncio.create_task(lanes.enter(HERE))
        await asyncio.sleep(1.0)
        await lanes.enter(THERE)
        gone_at = now()
        await waiting
        return gone_at

    assert run_virtual(main()) == 1.0


@pytest.mark.parametrize("is_answered", [True, False])
def test_giving_up_the_wait_costs_nobody_a_turn(is_answered: bool) -> None:
    """Whether it waits for the window or for an answer; the next in line goes when it may."""
    lanes = lanes_of(1)

    async def main() -> float:
        await lanes.enter(HERE)
        if is_answered:
            lanes.leave(HERE)
        first, second = (asyncio.create_task(lanes.enter(HERE)) for _ in range(2))
        await asyncio.sleep(1.0)
        first.cancel()
        await asyncio.sleep(1.0)
        if not is_answered:
            lanes.leave(HERE)
        await second
        return now()

    assert run_virtual(main()) == (60.0 if is_answered else 62.0)
