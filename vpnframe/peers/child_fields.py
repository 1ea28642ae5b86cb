"""Compare a tunnel's IPsec settings (phase 2) with the child SAs in the peer's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from vpnframe.peers import negotiating, selectors
from vpnframe.peers.ike_fields import covers
from vpnframe.peers.model import (
    FieldComparison,
    FieldOutcome,
    PeerChild,
    PeerConnection,
    PeerProposal,
)
from vpnframe.peers.negotiating import ONE_WAY
from vpnframe.peers.selectors import Networks, Selector
from vpnframe.peers.tokens import offers
from vpnframe.peers.tunnels import OurTunnel

MAX_SHOWN = 8

_CUT = "the peer's daemon reads a block and ignores what follows the block, also a netmask"


class _Side(NamedTuple):
    """The cloud's blocks and the peer's blocks for one side (VPC or on premises) of a child SA."""

    field: str
    ours: Networks | None
    theirs: Networks | None
    is_restricted: bool
    is_cut: bool

    def may_overlap(self) -> bool:
        """Check whether the cloud's and the peer's blocks overlap; True if some are unknown."""
        return (
            self.ours is None
            or self.theirs is None
            or bool(selectors.narrow(self.ours, self.theirs))
        )

    def narrowed(self) -> FieldOutcome:
        """Compare the blocks under IKEv2, where one common address prevents a mismatch."""
        ours, theirs = self.ours or (), self.theirs or ()
        common = selectors.narrow(ours, theirs)
        lost = f"the blocks are narrowed to {_text(common)}: the rest of the cloud's is not carried"
        idle = f"the blocks are narrowed to the cloud's, {_text(common)}: the peer would carry more"
        disjoint = "the blocks of both ends have nothing in common"
        limited = "the peer allows only one protocol or some ports: other traffic is not carried"
        return FieldOutcome.first(
            (None in (self.ours, self.theirs), "unverifiable", "not all blocks are known"),
            (not common, "mismatch", disjoint, "TS_UNACCEPTABLE"),
            (self.is_restricted, "info", limited),
            (common != selectors.collapse(ours), "info", lost),
            (common != selectors.collapse(theirs), "info", idle),
            (True, "match", "both ends have the same blocks"),
        )

    def exact(self) -> FieldOutcome:
        """Compare the blocks under IKEv1: they match only if both ends have the same one block."""
        ours = set(self.ours or ())
        several = f"IKEv1 carries at most one block per side, but the cloud has {len(ours)}"
        is_same = ours == set(self.theirs or ()) and not self.is_restricted
        never = (
            "and IKEv1 does not narrow traffic selectors, although some ends such as strongSwan do"
        )
        rejected = f"the blocks differ, {never}"
        limited = f"the peer allows only one protocol or some ports, {never}"
        return FieldOutcome.first(
            (len(ours) > 1, "mismatch", several, "INVALID_ID_INFORMATION"),
            (None in (self.ours, self.theirs), "unverifiable", "not all blocks are known"),
            (is_same, "match", "both ends have the same blocks"),
            (self.is_restricted, "mismatch", limited, "INVALID_ID_INFORMATION"),
            (True, "mismatch", rejected, "INVALID_ID_INFORMATION"),
        )


def child_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Yield the comparison of each phase 2 field, such as cipher, PFS group and lifetime."""
    if not theirs.children:
        reason = "the peer has no child SA, so the tunnel carries no traffic"
        yield FieldComparison("peer_child", None, None, "mismatch", reason, "TS_UNACCEPTABLE")
    children = [(child, _sides(ours, theirs, child)) for child in theirs.children]
    # A child SA whose blocks do not overlap ours serves another connection, unless all are so.
    mine = [one for one in children if all(map(_Side.may_overlap, one[1]))] or children
    for child, _ in mine:
        for found in _child(ours, child, len(theirs.children)):
            yield replace(found, child=child.name)
    yield from _selectors(ours, mine)
    for child, _ in [one for one in children if one not in mine]:
        reason = "the child SA has no block of this connection on at least one side: it is not used"
        yield FieldComparison("peer_child", None, None, "info", reason, child=child.name)


def _child(ours: OurTunnel, child: PeerChild, n_children: int) -> Iterator[FieldComparison]:
    yield from _proposals(ours, child, n_children)
    if child.has_sha256_96 and ours.ipsec_integrity == "hmac-sha256":
        reason = "the peer cuts HMAC-SHA-256 to 96 bits without negotiation: packets are dropped"
        yield FieldComparison("ipsec_sha256_96", "128 bits", "96 bits", "mismatch", reason)
    if child.mode != "tunnel":
        reason = "the cloud supports only tunnel mode; whether the peer accepts it is not known"
        yield FieldComparison("ipsec_mode", "tunnel", child.mode, "unverifiable", reason)
    yield negotiating.compare_lifetimes("ipsec_lifetime_s", ours, child.lifetime)


def _proposals(ours: OurTunnel, child: PeerChild, n_children: int) -> Iterator[FieldComparison]:
    esp = [one for one in child.proposals if one.protocol == "esp"]
    strips = ours.ike_version == 1
    cipher, integrity, group = ours.algorithms("esp")
    wanted = negotiating.wanted_of(cipher, integrity)
    # IKEv1 negotiates the DH group with the other transforms; IKEv2 uses it only when rekeying.
    searched = wanted | ({"dh_groups": group} if strips else {})
    choice = negotiating.choose(esp, searched, strips=strips)
    for kind in wanted:
        field = f"ipsec_{kind}"
        yield negotiating.compare_algorithm(field, getattr(ours, field), kind, choice, esp)
    if not esp:
        return
    nearest = esp[choice.number - 1]
    able = [nearest]
    if not strips:
        # Proposals that may offer our cipher and our integrity algorithm; all if none may.
        answers = [negotiating.choose([one], wanted, strips=False).taken.values() for one in esp]
        able = [one for one, all_kinds in zip(esp, answers, strict=True) if False not in all_kinds]
        able = able or esp
    outcome = _pfs_v1(ours, esp, nearest) if strips else _pfs(ours, able, n_children)
    if nearest.problem:
        outcome = FieldOutcome("unverifiable", "the peer's daemon cannot read the nearest proposal")
    mine = None if group is None else str(group)
    theirs = "; ".join(dict.fromkeys(negotiating.offered_text(one, "dh_groups") for one in able))
    yield FieldComparison("ipsec_pfs_group", mine, theirs, *outcome)
    if False not in nearest.esn:
        reason = "the peer requires extended sequence numbers; the cloud does not document them"
        outcome = FieldOutcome("unverifiable", reason, "NO_PROPOSAL_CHOSEN")
        yield FieldComparison("ipsec_esn", None, "esn", *outcome)


def _pfs(ours: OurTunnel, able: Sequence[PeerProposal], n_children: int) -> FieldOutcome:
    """Compare IKEv2 PFS groups; if they differ, only a rekey or a later child SA fails."""
    group = ours.ipsec_pfs_group
    answers = [offers(one, "dh_groups", group) for one in able]
    guess = negotiating.first_group(able)
    # If the peer's first group is 0 (none), a rekey cannot change to another group.
    fails = True not in answers or (guess == 0 and group)
    rekey = "the first child SA comes up without this group, but its rekey fails"
    later = ", and so does every child SA after the first" if n_children > 1 else ""
    retried = f"the peer rekeys with group {guess}, retries with group {group}, and succeeds"
    is_unknown = True not in answers and None in answers
    return FieldOutcome.first(
        (group is None, "unverifiable", "the PFS group of the cloud is not known"),
        (is_unknown, "unverifiable", "the peer's proposal has an unknown keyword"),
        (fails, "works-until-rekey", rekey + later, "NO_PROPOSAL_CHOSEN"),
        (guess and group and guess != group, "info", retried, "INVALID_KE_PAYLOAD"),
        (True, "match", "a proposal of the peer offers this group"),
    )


def _pfs_v1(ours: OurTunnel, esp: Sequence[PeerProposal], nearest: PeerProposal) -> FieldOutcome:
    """Compare the PFS groups under IKEv1, where an initiator offers only one group in phase 2."""
    group = ours.ipsec_pfs_group
    answer = None if group is None else offers(nearest, "dh_groups", group)
    begun = negotiating.phase2_group(esp, ours.ike_dh_group)
    lacks = "no proposal of the peer has all algorithms of the cloud; the nearest lacks this one"
    one_way = f"the peer offers only group {begun}: {ONE_WAY}"
    return FieldOutcome.first(
        (answer is None, "unverifiable", "the PFS group of one end is not known"),
        (not answer, "mismatch", lacks, "NO_PROPOSAL_CHOSEN"),
        (begun != group, "unverifiable", one_way, "NO_PROPOSAL_CHOSEN"),
        (True, "match", "a proposal of the peer offers this group"),
    )


def _selectors(
    ours: OurTunnel, children: list[tuple[PeerChild, list[_Side]]]
) -> Iterator[FieldComparison]:
    """Yield a comparison of the blocks of each child SA, and one of all child SAs together."""
    is_v1 = ours.ike_version == 1
    for child, sides in children:
        for side in sides:
            # IKEv1 negotiates one block, without narrowing it; strongSwan uses its first block.
            used = side._replace(theirs=(side.theirs or ())[:1] or None) if is_v1 else side
            outcome = used.exact() if is_v1 else used.narrowed()
            if side.is_cut:
                outcome = outcome._replace(reason=f"{outcome.reason}; {_CUT}")
            found = FieldComparison(side.field, _text(used.ours), _text(used.theirs), *outcome)
            yield replace(found, child=child.name)
    n_pairs = len(set(ours.vpc_subnets or ())) * len(set(ours.onprem_subnets or ()))
    if is_v1 and n_pairs > 1:
        lost = f"at least {n_pairs - 1} of the cloud's {n_pairs} pairs carry nothing"
        reason = f"IKEv1 negotiates one pair of blocks: {lost}"
        outcome = FieldOutcome("mismatch", reason, "INVALID_ID_INFORMATION")
        yield FieldComparison("selectors", None, None, *outcome)
    elif not is_v1 and len(children) > 1:
        yield FieldComparison("selectors", None, None, *_together([one for _, one in children]))


def _sides(ours: OurTunnel, theirs: PeerConnection, child: PeerChild) -> list[_Side]:
    # The addresses that ``dynamic`` may mean at either end; a virtual IP is not known.
    remote = (ours.vpn_gateway_ip,) if ours.vpn_gateway_ip else theirs.remote.addresses
    own, local = ours.customer_gateway_ip, theirs.local.addresses
    if theirs.local.has_virtual_ip:
        local = ()
    elif own and covers(local, own):
        local = (own,)
    return [
        _side("vpc_subnets", ours.vpc_subnets, child.remote_subnets, remote),
        _side("onprem_subnets", ours.onprem_subnets, child.local_subnets, local),
    ]


def _side(
    field: str, ours: Sequence[str] | None, theirs: Sequence[Selector], own: Sequence[str]
) -> _Side:
    address = selectors.read_address(own[0]) if len(own) == 1 else None
    return _Side(
        field=field,
        ours=_joined([selectors.parse_block(one) for one in ours or ()]),
        theirs=_joined([address if one.is_dynamic else one.networks for one in theirs]),
        is_restricted=any(one.is_restricted for one in theirs),
        is_cut=any(one.is_cut for one in theirs),
    )


def _joined(parts: Sequence[Networks | None]) -> Networks | None:
    """Concatenate lists of blocks; return None if a list is None, or if there are no lists."""
    known = [part for part in parts if part is not None]
    return None if not parts or len(known) < len(parts) else sum(known, ())


def _together(children: Sequence[Sequence[_Side]]) -> FieldOutcome:
    """Check whether the child SAs together carry all pairs of a VPC and an on-premises block."""
    wanted = list(product(*(side.ours or () for side in children[0])))
    carried = [pair for sides in children for pair in product(*(one.theirs or () for one in sides))]
    left_out = selectors.find_uncovered(wanted, carried)  # type: ignore[arg-type]
    known = [None not in (one.ours, one.theirs) for sides in children for one in sides]
    is_unknown = left_out is None or not all(known)
    shown = _shortened([f"{vpc} - {onprem}" for vpc, onprem in left_out or ()])
    return FieldOutcome.first(
        (is_unknown, "unverifiable", "not all blocks are known, or they are too many"),
        (left_out, "info", f"no child SA carries {shown}"),
        (True, "match", "the child SAs carry all pairs of the cloud's blocks"),
    )


def _text(networks: Networks | None) -> str | None:
    return None if networks is None else _shortened(networks)


def _shortened(items: Sequence[object]) -> str:
    shown = ", ".join(map(str, items[:MAX_SHOWN]))
    return f"{shown} and {len(items) - MAX_SHOWN} more" if len(items) > MAX_SHOWN else shown
