"""Compare the blocks of both ends: narrowed under IKEv2, taken exactly under IKEv1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vpnframe.peers.ike_fields import covers
from vpnframe.peers.model import PeerChild, PeerConnection, PeerEnd
from vpnframe.peers.selector_syntax import read_address
from vpnframe.peers.selectors import (
    Networks,
    Selector,
    collapse,
    find_uncovered,
    narrow,
    parse_block,
)
from vpnframe.peers.tunnels import OurTunnel
from vpnframe.peers.verdicts import FieldComparison, IkeError

MAX_SHOWN = 8

_V1_ERROR: IkeError = "INVALID_ID_INFORMATION"
_CUT = "its daemon reads a block and ignores the text after it, netmasks included"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a child SA at both ends; None if blocks are unknown."""

    field: str
    ours: Networks | None
    theirs: Networks | None
    is_restricted: bool
    is_cut: bool


def selector_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Compare the blocks behind both ends, by child SA and in total."""
    carried = []
    for child in theirs.children:
        sides = [_vpc(ours, theirs, child), _onprem(ours, theirs, child)]
        for side in sides:
            found = _exact(side) if ours.ike_version == 1 else _narrowed(side)
            if side.is_cut:
                found = replace(found, reason=f"{found.reason}; {_CUT}")
            yield replace(found, child=child.name)
        carried.append([side.theirs for side in sides])
    if ours.ike_version == 1:
        yield from _one_pair(ours)
    elif len(theirs.children) > 1:
        yield _together(ours, carried)


def children_of_ours(
    ours: OurTunnel, theirs: PeerConnection
) -> tuple[tuple[PeerChild, ...], tuple[PeerChild, ...]]:
    """Separate the children with blocks of ours from those that serve another connection."""
    mine = [child for child in theirs.children if _has_ours(ours, theirs, child)]
    if not mine:
        return theirs.children, ()
    return tuple(mine), tuple(child for child in theirs.children if child not in mine)


def _has_ours(ours: OurTunnel, theirs: PeerConnection, child: PeerChild) -> bool:
    """Check whether both sides have blocks in common; true if that is unknown."""
    sides = (_vpc(ours, theirs, child), _onprem(ours, theirs, child))
    return all(
        side.ours is None or side.theirs is None or bool(narrow(side.ours, side.theirs))
        for side in sides
    )


def _vpc(ours: OurTunnel, theirs: PeerConnection, child: PeerChild) -> _Side:
    own = (ours.vpn_gateway_ip,) if ours.vpn_gateway_ip else theirs.remote.addresses
    return _side("vpc_subnets", ours.vpc_subnets, child.remote_subnets, own)


def _onprem(ours: OurTunnel, theirs: PeerConnection, child: PeerChild) -> _Side:
    return _side(
        "onprem_subnets", ours.onprem_subnets, child.local_subnets, _own(ours, theirs.local)
    )


def _own(ours: OurTunnel, end: PeerEnd) -> tuple[str, ...]:
    """Return the address that ``dynamic`` means at the peer; empty for a virtual IP."""
    if end.has_virtual_ip:
        return ()
    address = ours.customer_gateway_ip
    is_named = address is not None and covers(end.addresses, address)
    return (address,) if is_named and address else end.addresses


def _side(
    field: str, ours: Sequence[str] | None, theirs: Sequence[Selector], own: Sequence[str]
) -> _Side:
    address = read_address(own[0]) if len(own) == 1 else None
    return _Side(
        field=field,
        ours=_joined([parse_block(one) for one in ours or ()]),
        theirs=_joined([address if one.is_dynamic else one.networks for one in theirs]),
        is_restricted=any(one.is_restricted for one in theirs),
        is_cut=any(one.is_cut for one in theirs),
    )


def _joined(parts: Sequence[Networks | None]) -> Networks | None:
    """Concatenate all blocks in order; None if a part is unknown or there are none."""
    known = [part for part in parts if part is not None]
    return None if not parts or len(known) < len(parts) else sum(known, ())


def _narrowed(side: _Side) -> FieldComparison:
    found = FieldComparison(
        side.field, "match", _text(side.ours), _text(side.theirs), "both have the same"
    )
    if side.ours is None or side.theirs is None:
        return replace(found, result="unverifiable", reason="not all blocks are known")
    common = narrow(side.ours, side.theirs)
    if not common:
        reason = "the blocks of both ends have nothing in common"
        return replace(found, result="mismatch", reason=reason, ike_error="TS_UNACCEPTABLE")
    if side.is_restricted:
        reason = "it allows only one protocol or port: the rest is not carried"
        return replace(found, result="info", reason=reason)
    ours, theirs = collapse(side.ours), collapse(side.theirs)
    if common != ours:
        reason = f"narrowed to {_text(common)}: the rest of ours is not carried"
        return replace(found, result="info", reason=reason)
    if common != theirs:
        reason = f"narrowed to ours, {_text(common)}: it would carry more"
        return replace(found, result="info", reason=reason)
    return found


def _exact(side: _Side) -> FieldComparison:
    """Compare one side under IKEv1: one block is negotiated exactly; strongSwan uses its first."""
    theirs = side.theirs[:1] if side.theirs else None
    found = FieldComparison(
        side.field, "match", _text(side.ours), _text(theirs), "both have the same"
    )
    n_blocks = len(set(side.ours or ()))
    if n_blocks > 1:
        reason = f"IKEv1 negotiates one block a side: of our {n_blocks} at most one is carried"
        return replace(found, result="mismatch", reason=reason, ike_error=_V1_ERROR)
    if side.ours is None or theirs is None:
        return replace(found, result="unverifiable", reason="not all blocks are known")
    if set(side.ours) == set(theirs) and not side.is_restricted:
        return found
    reason = "IKEv1 does not narrow blocks, although some ends such as strongSwan do"
    return replace(found, result="mismatch", reason=reason, ike_error=_V1_ERROR)


def _one_pair(ours: OurTunnel) -> Iterator[FieldComparison]:
    """Report that the cloud negotiates only one pair of blocks under IKEv1."""
    n_pairs = len(set(ours.vpc_subnets or ())) * len(set(ours.onprem_subnets or ()))
    if n_pairs > 1:
        reason = (
            f"IKEv1 negotiates one pair of blocks: at least {n_pairs - 1} of our {n_pairs} carry"
        )
        yield FieldComparison("selectors", "mismatch", None, None, f"{reason} nothing", _V1_ERROR)


def _together(ours: OurTunnel, carried: Sequence[Sequence[Networks | None]]) -> FieldComparison:
    """Compare our pairs of blocks with those that all child SAs carry together."""
    found = FieldComparison("selectors", "match", None, None, "all pairs of our blocks are carried")
    vpc = _joined([parse_block(one) for one in ours.vpc_subnets or ()])
    onprem = _joined([parse_block(one) for one in ours.onprem_subnets or ()])
    pairs = [
        (left, right) for remote, local in carried for left in remote or () for right in local or ()
    ]
    left_out = find_uncovered([(v, o) for v in vpc or () for o in onprem or ()], pairs)
    is_known = vpc is not None and onprem is not None and all(None not in one for one in carried)
    if left_out is None or not is_known:
        return replace(found, result="unverifiable", reason="not all blocks are known, or too many")
    if left_out:
        shown = ", ".join(f"{v} - {o}" for v, o in left_out[:MAX_SHOWN])
        more = f" and {len(left_out) - MAX_SHOWN} more" if len(left_out) > MAX_SHOWN else ""
        reason = f"no child SA carries {shown}{more}"
        return replace(found, result="info", reason=reason)
    return found


def _text(networks: Networks | None) -> str | None:
    if networks is None:
        return None
    shown = ", ".join(map(str, networks[:MAX_SHOWN]))
    return f"{shown} and {len(networks) - MAX_SHOWN} more" if len(networks) > MAX_SHOWN else shown
