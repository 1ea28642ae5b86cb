"""Compare phase 2 of a tunnel with the peer's child SAs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vpnframe.model import terms
from vpnframe.peers.model import PeerChild, PeerConnection, PeerProposal
from vpnframe.peers.negotiating import (
    Wanted,
    both,
    choose,
    first_group,
    phase2_group,
    wanted_of,
)
from vpnframe.peers.proposal_fields import (
    ONE_WAY,
    lifetime_verdict,
    offered_text,
    proposal_verdict,
)
from vpnframe.peers.selector_fields import children_of_ours, selector_verdicts
from vpnframe.peers.tokens import offers
from vpnframe.peers.tunnels import OurTunnel, known
from vpnframe.peers.verdicts import FieldComparison


def child_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Compare the fields of the child SAs: proposals, PFS, mode, lifetime and selectors."""
    if not theirs.children:
        reason = "it has no child SA: nothing can be carried"
        yield FieldComparison("peer_child", "mismatch", None, None, reason, "TS_UNACCEPTABLE")
    mine, others = children_of_ours(ours, theirs)
    for child in mine:
        for found in _child(ours, child, len(theirs.children)):
            yield replace(found, child=child.name)
    yield from selector_verdicts(ours, replace(theirs, children=mine))
    for child in others:
        reason = "its blocks do not overlap ours: it carries nothing of this connection"
        yield FieldComparison("peer_child", "info", None, None, reason, child=child.name)


def _child(ours: OurTunnel, child: PeerChild, n_children: int) -> Iterator[FieldComparison]:
    cipher = known(ours.ipsec_encryption, terms.ENCRYPTION_WORDS)
    integrity = known(ours.ipsec_integrity, terms.INTEGRITY_WORDS)
    esp = [one for one in child.proposals if one.protocol == "esp"]
    strips = ours.ike_version == 1
    wanted = wanted_of(cipher, integrity)
    # IKEv1 chooses the group with the other transforms; IKEv2 uses it only when rekeying.
    searched = wanted | ({"dh_groups": ours.ipsec_pfs_group} if strips else {})
    choice = choose(esp, searched, strips=strips)
    texts = {"encryption": ours.ipsec_encryption, "integrity": ours.ipsec_integrity}
    for kind in wanted:
        yield proposal_verdict(f"ipsec_{kind}", texts[kind], kind, choice, esp)
    if esp:
        nearest = esp[choice.number - 1]
        group = _pfs_v1(ours, esp, nearest) if strips else _pfs(ours, wanted, esp, n_children)
        if nearest.problem:
            reason = "its daemon cannot read the nearest proposal"
            group = FieldComparison(group.field, "unverifiable", group.ours, group.theirs, reason)
        yield group
        if False not in nearest.esn:
            reason = "it requires extended sequence numbers; the cloud's support is not documented"
            yield FieldComparison(
                "ipsec_esn", "unverifiable", None, "esn", reason, "NO_PROPOSAL_CHOSEN"
            )
    if child.has_sha256_96 and ours.ipsec_integrity == "hmac-sha256":
        reason = "it truncates HMAC-SHA-256 to 96 bits without negotiation: packets are dropped"
        yield FieldComparison("ipsec_sha256_96", "mismatch", "128 bits", "96 bits", reason)
    if child.mode != "tunnel":
        reason = "the cloud supports only tunnel mode, which it may accept"
        yield FieldComparison("ipsec_mode", "unverifiable", "tunnel", child.mode, reason)
    yield lifetime_verdict(
        "ipsec_lifetime_s", ours.ipsec_lifetime_s, child.lifetime, ike_version=ours.ike_version
    )


def _pfs(
    ours: OurTunnel, wanted: Wanted, esp: Sequence[PeerProposal], n_children: int
) -> FieldComparison:
    """Compare PFS under IKEv2: the first child SA has no DH exchange, later ones have."""
    group = ours.ipsec_pfs_group
    able = [one for one in esp if both(choose([one], wanted, strips=False).taken) is not False]
    able = able or list(esp)
    answers = [offers(one, "dh_groups", group) for one in able]
    theirs = "; ".join(dict.fromkeys(offered_text(one, "dh_groups") for one in able))
    found = FieldComparison(
        "ipsec_pfs_group", "match", _text(group), theirs, "a proposal offers it"
    )
    if group is None:
        return replace(found, result="unverifiable", reason="ours is not known")
    if True not in answers and None in answers:
        return replace(found, result="unverifiable", reason="it contains an unknown word")
    guess = first_group(able)
    # If the first group is none, another one cannot be negotiated when rekeying.
    if True not in answers or (guess == 0 and group):
        reason = "the first child SA comes up without a group; its rekey fails"
        if n_children > 1:
            reason += ", and so does every child SA after the first"
        return replace(
            found, result="works-until-rekey", reason=reason, ike_error="NO_PROPOSAL_CHOSEN"
        )
    if guess and group and guess != group:
        reason = f"a rekey starts with group {guess}, retries with group {group}, and succeeds"
        return replace(found, result="info", reason=reason, ike_error="INVALID_KE_PAYLOAD")
    return found


def _pfs_v1(ours: OurTunnel, esp: Sequence[PeerProposal], nearest: PeerProposal) -> FieldComparison:
    """Compare PFS under IKEv1: phase 2 has a DH exchange, and the initiator offers one group."""
    group = ours.ipsec_pfs_group
    theirs = offered_text(nearest, "dh_groups")
    found = FieldComparison(
        "ipsec_pfs_group", "match", _text(group), theirs, "a proposal offers it"
    )
    answer = None if group is None else offers(nearest, "dh_groups", group)
    if answer is None:
        return replace(found, result="unverifiable", reason="a group is not known")
    if not answer:
        reason = "no proposal has all of ours; the nearest lacks this"
        return replace(found, result="mismatch", reason=reason, ike_error="NO_PROPOSAL_CHOSEN")
    begun = phase2_group(esp, ours.ike_dh_group)
    if begun != group:
        reason = f"it offers group {begun} only: {ONE_WAY}"
        return replace(found, result="unverifiable", reason=reason, ike_error="NO_PROPOSAL_CHOSEN")
    return found


def _text(group: int | None) -> str | None:
    return None if group is None else str(group)
