"""Predict which of the peer's proposals matches the cloud's only proposal, whoever initiates.

Under IKEv2 an initiator offers all algorithms of its proposals, so the result does not depend on
the initiator. Under IKEv1 strongSwan as initiator offers only the first algorithm of each kind in a
proposal, and only one DH group in phase 2.

References
----------
RFC 7296, section 2.7 and 3.3: the responder chooses one proposal and one transform per kind.
RFC 2408, section 4.2; swanctl.conf(5), "proposals", for the transforms that IKEv1 omits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.peers.model import FieldComparison, FieldOutcome, Lifetime, PeerProposal
from vpnframe.peers.tokens import is_aead, offers
from vpnframe.peers.tunnels import OurTunnel

Answer = bool | None
Wanted = dict[str, object]

ONE_WAY = "the tunnel comes up when the cloud initiates, but not when the peer does"


@dataclass(frozen=True, slots=True)
class Choice:
    """The peer's proposal that is nearest to the cloud's proposal."""

    number: int  # position of the proposal in the list, from 1; 0 if the list is empty
    taken: dict[str, Answer]  # by kind, whether it offers the cloud's algorithm; None if unknown
    begun: dict[str, Answer]  # by kind, whether it does so when the peer initiates

    @property
    def distance(self) -> list[int]:
        """Four counts of the cloud's algorithms that the proposal lacks or possibly lacks.

        If the cloud initiates, the first count is of algorithms that are not offered, and the
        second of those for which this is unknown. The last two counts are the same for the peer as
        initiator. IKE is predicted to choose the proposal whose list of counts is the smallest.
        """
        answers = (list(self.taken.values()), list(self.begun.values()))
        return [kinds.count(answer) for kinds in answers for answer in (False, None)]


def wanted_of(encryption: str | None, integrity: str | None, **others: object) -> Wanted:
    """Return the wanted algorithms by kind, without an integrity algorithm for an AEAD cipher."""
    has_integrity = encryption is not None and is_aead(encryption)
    return {"encryption": encryption} | ({} if has_integrity else {"integrity": integrity}) | others


def choose(proposals: Sequence[PeerProposal], wanted: Wanted, *, strips: bool) -> Choice:
    """Choose the proposal of least ``distance``. Under IKEv1, a peer ``strips`` proposals."""
    found = [
        Choice(number, _answers(one, wanted), _answers(one, wanted, strips=strips))
        for number, one in enumerate(proposals, 1)
    ]
    none = Choice(0, dict.fromkeys(wanted, False), {})
    return min(found, key=lambda choice: choice.distance, default=none)


def first_group(proposals: Sequence[PeerProposal]) -> int | None:
    """Return the DH group that the peer uses first when it initiates; None if unknown."""
    for one in proposals:
        if one.is_default and one.protocol == "ike":
            return None
        if one.dh_groups:
            return one.dh_groups[0]
    return None


def phase2_group(proposals: Sequence[PeerProposal], ike_group: int | None) -> int:
    """Return the DH group that strongSwan offers as initiator of IKEv1's phase 2; 0 for none."""
    named = [group for one in proposals for group in one.dh_groups]
    if ike_group in named:
        return int(ike_group or 0)
    return named[0] if named else 0


def compare_algorithm(
    field: str, ours: object, kind: str, choice: Choice, proposals: Sequence[PeerProposal]
) -> FieldComparison:
    """Compare an algorithm of the cloud with the peer's proposal that was chosen."""
    mine = None if ours is None else str(ours)
    if not proposals:
        outcome = FieldOutcome("mismatch", "the peer has no proposal", "NO_PROPOSAL_CHOSEN")
        return FieldComparison(field, mine, None, *outcome)
    number, nearest = choice.number, proposals[choice.number - 1]
    taken, begun = choice.taken[kind], choice.begun[kind]
    place = f"proposal {number} of {len(proposals)}"
    lacks = f"no proposal has all algorithms of the cloud; the nearest, {number}, lacks this one"
    later = f"IKEv1 offers only the first algorithm of {place}, which is another one: {ONE_WAY}"
    default = "what the peer offers by default, and in which order, depends on its daemon's build"
    outcome = FieldOutcome.first(
        (nearest.problem, "unverifiable", f"the peer's daemon cannot read {place}"),
        (taken and begun, "match", f"{place} offers this algorithm"),
        (taken is False, "mismatch", lacks, "NO_PROPOSAL_CHOSEN"),
        (taken and begun is False, "unverifiable", later, "NO_PROPOSAL_CHOSEN"),
        (nearest.is_default, "unverifiable", default),
        (nearest.unknown, "unverifiable", f"{place} has an unknown keyword"),
        (True, "unverifiable", "the algorithm of the cloud is not known"),
    )
    return FieldComparison(field, mine, offered_text(nearest, kind), *outcome)


def compare_lifetimes(field: str, ours: OurTunnel, theirs: Lifetime) -> FieldComparison:
    """Compare two lifetimes; the result is always ``info``, as a difference does no harm."""
    parts = []
    if theirs.rekey_s is not None:
        parts.append(f"rekeyed after {theirs.rekey_s} s" if theirs.rekey_s else "never rekeyed")
    if theirs.hard_s:
        parts.append(f"ends after {theirs.hard_s} s")
    reason = "IKEv2 does not negotiate lifetimes: each end rekeys after its own lifetime"
    if ours.ike_version == 1:
        reason = "under IKEv1 the ends announce their lifetimes, and the shorter one applies"
    mine = getattr(ours, field)
    mine = None if mine is None else f"{mine} s"
    return FieldComparison(field, mine, ", ".join(parts) or None, "info", reason)


def offered_text(proposal: PeerProposal, kind: str) -> str:
    """Return the algorithms of one kind that a proposal offers, as a string for display."""
    values = getattr(proposal, kind) or ((0,) if kind == "dh_groups" else ())
    text = ", ".join(map(str, values))
    return f"default: {text}" if proposal.is_default else text


def _answers(proposal: PeerProposal, wanted: Wanted, *, strips: bool = False) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for kind, value in wanted.items():
        answer = None if value is None else offers(proposal, kind, value)
        listed = getattr(proposal, kind)
        # For phase 2 strongSwan chooses one group for all proposals that contain it: phase2_group.
        is_common = kind == "dh_groups" and proposal.protocol == "esp"
        if answer and strips and listed and not is_common:
            # Which default for IKE the daemon offers first depends on how it was built.
            is_unknown = proposal.is_default and proposal.protocol == "ike"
            answer = None if is_unknown else bool(listed[0] == value)
        found[kind] = answer
    return found
