"""Comparisons used by both phases: an algorithm in proposals, and lifetimes."""

from __future__ import annotations

from collections.abc import Sequence

from vpnframe.peers.model import Lifetime, PeerProposal
from vpnframe.peers.negotiating import Choice
from vpnframe.peers.verdicts import FieldComparison

_REFUSED = "its daemon cannot read it"
ONE_WAY = "it comes up when the cloud initiates, but not when the other end does"


def proposal_verdict(
    field: str, value: object, kind: str, choice: Choice, proposals: Sequence[PeerProposal]
) -> FieldComparison:
    """Compare one of our algorithms with the peer's proposals."""
    ours = None if value is None else str(value)
    if not choice.number:
        reason = "it has no proposal"
        return FieldComparison(field, "mismatch", ours, None, reason, "NO_PROPOSAL_CHOSEN")
    nearest = proposals[choice.number - 1]
    theirs = offered_text(nearest, kind)
    place = f"proposal {choice.number} of {len(proposals)}"
    if nearest.problem:
        return FieldComparison(
            field, "unverifiable", ours, theirs, f"{place} is not offered: {_REFUSED}"
        )
    taken, begun = choice.taken[kind], choice.begun[kind]
    if taken and begun:
        return FieldComparison(field, "match", ours, theirs, f"{place} offers it")
    if taken is False:
        reason = f"no proposal has all of ours; the nearest, {choice.number}, lacks this"
        return FieldComparison(field, "mismatch", ours, theirs, reason, "NO_PROPOSAL_CHOSEN")
    if taken and begun is False:
        reason = f"{place} offers it, but not first, and IKEv1 offers only the first: {ONE_WAY}"
        return FieldComparison(field, "unverifiable", ours, theirs, reason, "NO_PROPOSAL_CHOSEN")
    if nearest.is_default:
        reason = "what it offers by default, and in which order, depends on its build"
    elif nearest.unknown:
        reason = f"{place} has an unknown word"
    else:
        reason = "ours is not known, or is an unknown word"
    return FieldComparison(field, "unverifiable", ours, theirs, reason)


def lifetime_verdict(
    field: str, ours_s: int | None, theirs: Lifetime, *, ike_version: int | None
) -> FieldComparison:
    """Compare two lifetimes; the result is info, because different lifetimes break nothing."""
    parts = []
    if theirs.rekey_s is not None:
        parts.append(f"rekeyed after {theirs.rekey_s} s" if theirs.rekey_s else "never rekeyed")
    if theirs.hard_s:
        parts.append(f"ends after {theirs.hard_s} s")
    reason = "IKEv2 does not negotiate lifetimes: each end rekeys by its own"
    if ike_version == 1:
        reason = "IKEv1 announces lifetimes and rejects none: the shorter one applies"
    ours = None if ours_s is None else f"{ours_s} s"
    return FieldComparison(field, "info", ours, ", ".join(parts) or None, reason)


def offered_text(proposal: PeerProposal, kind: str) -> str:
    """Return what a proposal offers of one kind, as text."""
    values = getattr(proposal, kind) or ((0,) if kind == "dh_groups" else ())
    text = ", ".join(str(value) for value in values)
    return f"default: {text}" if proposal.is_default else text
