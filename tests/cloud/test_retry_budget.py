"""The budget for repeated requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vpnframe.cloud.retries import RetryBudget


def n_repeats(budget: RetryBudget) -> int:
    n = 0
    while budget.spend():
        n += 1
    return n


def test_a_few_repeats_are_free() -> None:
    """A crawl of one call may be unlucky, too."""
    assert n_repeats(RetryBudget()) == 5


def test_wanted_answers_earn_repeats() -> None:
    """Three for every twenty."""
    budget = RetryBudget(balance=0.0)
    for _ in range(20):
        budget.earn()
    assert n_repeats(budget) == 3


@given(moves=st.lists(st.booleans(), max_size=300))
def test_repeats_never_outrun_what_was_earned(moves: list[bool]) -> None:
    """Whatever the order of wanted answers and failures."""
    budget, n_earned, n_spent = RetryBudget(), 0, 0
    for is_wanted in moves:
        if is_wanted:
            budget.earn()
            n_earned += 1
        else:
            n_spent += budget.spend()
        assert n_spent <= 5 + 0.15 * n_earned + 1e-9
