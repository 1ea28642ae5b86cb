"""Predict what IKE chooses between our one proposal and the peer's proposals.

Each answer covers both directions: the cloud as initiator, and the peer as initiator. Under
IKEv2 an initiator offers everything, so both are equal. As an IKEv1 initiator, strongSwan offers
only the first transform of each kind per proposal, and one group for all of phase 2.

References
----------
RFC 7296, section 2.7 and 3.3: the responder takes one proposal, and of each kind one transform.
RFC 2408, section 4.2; swanctl.conf(5), "proposals", for what IKEv1 strips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.peers.model import PeerProposal
from vpnframe.peers.tokens import is_aead, offers

Answer = bool | None
Wanted = dict[str, object]


@dataclass(frozen=True, slots=True)
class Choice:
    """The proposal nearest to ours, and how near it is."""

    number: int  # its position in the list, from 1; 0 if there is none
    taken: dict[str, Answer]  # by kind, whether it offers ours; None if unknown
    begun: dict[str, Answer]  # by kind, whether it offers ours when the peer initiates


def wanted_of(encryption: str | None, integrity: str | None, **others: object) -> Wanted:
    """Return what a proposal must offer to match ours, by kind; None is unknown.

    Examples
    --------
    >>> wanted_of("aes-128-gcm", "hmac-sha256", dh_groups=14)
    {'encryption': 'aes-128-gcm', 'dh_groups': 14}
    """
    wanted: Wanted = {"encryption": encryption}
    if encryption is None or not is_aead(encryption):
        wanted["integrity"] = integrity
    return wanted | others


def choose(proposals: Sequence[PeerProposal], wanted: Wanted, *, strips: bool) -> Choice:
    """Find the proposal that is nearest to ours.

    Examples
    --------
    >>> from vpnframe.peers.tokens import parse_proposal
    >>> listed = [parse_proposal(one, protocol="ike") for one in
    ...           ("aes256-sha256-modp2048", "aes128-sha1-modp2048")]
    >>> ours = wanted_of("aes-128-cbc", "hmac-sha256", dh_groups=14)
    >>> choose(listed, ours, strips=False).taken
    {'encryption': False, 'integrity': True, 'dh_groups': True}
    """
    found = [
        Choice(number, _answers(one, wanted), _answers(one, wanted, strips=strips))
        for number, one in enumerate(proposals, 1)
    ]
    return min(found, key=_distance, default=Choice(0, dict.fromkeys(wanted, False), {}))


def both(answers: dict[str, Answer]) -> Answer:
    """Combine the answers of all kinds: False if any is False, else None if any is None.

    Examples
    --------
    >>> both({"a": True, "b": None}), both({"a": None, "b": False}), both({})
    (None, False, True)
    """
    values = answers.values()
    return False if False in values else None if None in values else True


def first_group(proposals: Sequence[PeerProposal]) -> int | None:
    """Return the DH group that the peer uses first as initiator; None if unknown.

    Examples
    --------
    >>> from vpnframe.peers.tokens import parse_proposal
    >>> first_group([parse_proposal("aes128-sha256-ecp256-modp2048", protocol="ike")])
    19
    """
    for one in proposals:
        if one.is_default and one.protocol == "ike":
            return None
        if one.dh_groups:
            return one.dh_groups[0]
    return None


def phase2_group(proposals: Sequence[PeerProposal], ike_group: int | None) -> int:
    """Return the one group that strongSwan offers as initiator in phase 2 of IKEv1.

    Examples
    --------
    >>> from vpnframe.peers.tokens import parse_proposal
    >>> listed = [parse_proposal("aes128-sha256-modp1024-modp2048", protocol="esp")]
    >>> phase2_group(listed, 14), phase2_group(listed, 5)
    (14, 2)
    """
    named = [group for one in proposals for group in one.dh_groups]
    if ike_group in named:
        return int(ike_group or 0)
    return named[0] if named else 0


def _answers(proposal: PeerProposal, wanted: Wanted, *, strips: bool = False) -> dict[str, Answer]:
    return {
        kind: None if value is None else _answer(proposal, kind, value, strips=strips)
        for kind, value in wanted.items()
    }


def _answer(proposal: PeerProposal, kind: str, value: object, *, strips: bool) -> Answer:
    answer = offers(proposal, kind, value)
    listed = getattr(proposal, kind)
    if not answer or not strips or not listed or kind == "esn":
        return answer
    if kind == "dh_groups" and proposal.protocol == "esp":
        # One group is chosen for all proposals that contain it, see phase2_group.
        return answer
    if proposal.is_default and proposal.protocol == "ike":
        # The first of them depends on how the daemon was built.
        return None
    return bool(listed[0] == value)


def _distance(choice: Choice) -> tuple[int, ...]:
    taken, begun = list(choice.taken.values()), list(choice.begun.values())
    return taken.count(False), taken.count(None), begun.count(False), begun.count(None)
