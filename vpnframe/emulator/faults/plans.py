"""Select the calls into which a fault is injected, either at random or by position."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator.faults.kinds import KINDS, Kind
from vpnframe.emulator.parameters import ReceivedCall

# A function of a test, called with each request and the number of the request, counted from 1. It
# answers the request, or returns None to let the emulator answer.
Fault: TypeAlias = Callable[[Request, int], Response | None]


# Two plans are never equal, because calls are counted for each plan separately.
@dataclass(frozen=True, slots=True, eq=False)
class FaultPlan:
    """A kind of fault to inject, and the selection of the calls that get this fault."""

    kind: Kind  # the fault to inject
    rate: float = 0.0  # fraction of the matching calls that get the fault, from 0 to 1
    positions: frozenset[int] = frozenset()  # positions of these calls, counted from 1
    # If action or region is given, only calls of this action or to this region match
    action: str | None = None
    region: str | None = None
    seed: int = 0  # another seed selects other calls

    def matches(self, call: ReceivedCall) -> bool:
        """Check whether the plan's action, region and fault kind allow a fault in this call."""
        if self.action not in (None, call.action) or self.region not in (None, call.region_id):
            return False
        if self.kind.actions and call.action not in self.kind.actions:
            return False
        is_later_page = call.parameters.get("PageNumber", "1").lstrip("0") not in ("", "1")
        return is_later_page or not self.kind.is_for_later_pages

    def strikes(self, number: int) -> bool:
        """Check whether to inject the fault into matching call ``number``, counted from 1."""
        if number in self.positions:
            return True
        digest = hashlib.sha256(f"{self.seed}/{self.kind.name}/{number}".encode()).digest()
        return int.from_bytes(digest[:7]) < self.rate * 2**56


def fault(
    kind: str,
    *,
    rate: float | None = None,
    positions: Iterable[int] | None = None,
    action: str | None = None,
    region: str | None = None,
    seed: int = 0,
) -> FaultPlan:
    """Plan a fault in some calls; it takes effect once it is added to ``State.faults``."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of fault; the kinds are {', '.join(KINDS)}")
    found = KINDS[kind]
    if action is not None and found.actions and action not in found.actions:
        raise ValueError(
            f"the fault {kind} is possible only in {', '.join(sorted(found.actions))}, "
            f"not in {action}"
        )
    if (rate is None) == (positions is None):
        raise ValueError(f"the fault {kind} needs either a rate or positions, but not both")
    chosen = frozenset(positions or ())
    if rate is not None and not 0 <= rate <= 1:
        raise ValueError(f"a fault rate must be from 0 to 1, not {rate}")
    if positions is not None and (not chosen or min(chosen) < 1):
        raise ValueError(
            f"fault positions must be one or more numbers above 0, not {sorted(chosen)}"
        )
    return FaultPlan(found, rate or 0.0, chosen, action, region, seed)


def parse_fault(text: str, *, seed: int = 0) -> FaultPlan:
    """Parse a fault plan in the command-line syntax ``KIND=RATE`` or ``KIND@POSITION,...``.

    A rate is the fraction of the matching calls that get the fault. A position is the number of a
    matching call, counted from 1.

    Examples
    --------
    >>> parse_fault("hang=0.01").rate, sorted(parse_fault("hang@1,9").positions)
    (0.01, [1, 9])
    """
    is_at = "@" in text
    kind, _, numbers = text.partition("@" if is_at else "=")
    try:
        positions = [int(one) for one in numbers.split(",")] if is_at else None
        rate = None if is_at else float(numbers)
    except ValueError:
        if is_at:
            raise ValueError(f"{text!r}: the positions are not whole numbers") from None
        raise ValueError(
            f"{text!r} is neither KIND=RATE nor KIND@POSITION,...; --list-faults lists the kinds"
        ) from None
    return fault(kind, rate=rate, positions=positions, seed=seed)
