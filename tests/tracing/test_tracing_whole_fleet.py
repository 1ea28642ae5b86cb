"""One outcome of those at several routers."""

from __future__ import annotations

from vpnframe.tracing.facts import Outcome
from vpnframe.tracing.whole_fleet import choose


def ambiguous(place: str, *rivals: str) -> Outcome:
    return Outcome(
        verdict="ambiguous", certainty="unknown", reason="a tie", rivals=rivals, place=place
    )


def test_ties_at_two_places_between_others_are_all_rivals():
    """Neither tie is the answer: each could be, so the rivals of both may take the packet."""
    answer = choose((ambiguous("vpc-1", "vco-1", "vco-2"), ambiguous("vpc-2", "vco-3")))
    assert answer.verdict == "ambiguous"
    assert answer.rivals == ("vco-1", "vco-2", "vco-3")


def test_the_same_tie_at_two_places_is_one():
    """It keeps its own reason."""
    same = [ambiguous(place, "vco-1", "vco-2") for place in ("vpc-1", "vpc-2")]
    assert choose(same).reason == "a tie"
