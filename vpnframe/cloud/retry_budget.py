"""A budget for repeated requests, so that a dead service is not hammered. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RetryBudget:
    """Repeated requests are paid for by first ones.

    Throttled calls do not draw on it: their pace falls instead.

    References
    ----------
    Google, "Site Reliability Engineering", chapter 22, retry budgets.

    Examples
    --------
    >>> budget = RetryBudget(balance=1.0)
    >>> budget.spend(), budget.spend()
    (True, False)
    """

    balance: float = 5.0  # repeats allowed before anything was asked
    per_call: float = 0.15  # repeats that every wanted answer adds

    def earn(self) -> None:
        """Count a wanted answer."""
        self.balance += self.per_call

    def spend(self) -> bool:
        """Pay for one repeat; False when there is nothing left."""
        if self.balance < 1 - 1e-9:  # twenty times 0.15 is a hair below 3
            return False
        self.balance -= 1
        return True
