"""A budget for repeated requests, so that a dead service is not overloaded. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RetryBudget:
    """Allows repeated requests in proportion to successful calls.

    Throttled calls do not use the budget: their rate is reduced instead.
    """

    balance: float = 5.0  # repeats allowed before the first answer
    per_call: float = 0.15  # repeats that every successful answer adds

    def earn(self) -> None:
        """Count a successful answer."""
        self.balance += self.per_call

    def spend(self) -> bool:
        """Take one repeat from the budget; return False if it is used up."""
        if self.balance < 1 - 1e-9:  # in floating point 20 x 0.15 is slightly below 3
            return False
        self.balance -= 1
        return True
