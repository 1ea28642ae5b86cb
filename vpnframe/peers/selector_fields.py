"""The blocks of both ends: narrowed under IKEv2, taken as they are under IKEv1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vpnframe.peers.ike_fields import covers
from vpnframe.peers.model import PeerChild, PeerConnection, PeerEnd
from vpnframe.peers.selectors import (
    Networks,
    collapse,
    find_uncovered,
    narrow,
    parse_block,
    parse_selector,
)
from vpnframe.peers.tunnels import OurTunnel
from vpnframe.peers.verdicts import Verdict

MAX_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a child SA as both ends have it; None where blocks are not known."""

    field: str
    ours: Networks | None
    theirs: Networks | None
    is_restricted: bool


def selector_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[Verdict]:
    """Compare the blocks behind both ends.

    Parameters
    ----------
    ours : OurTunnel
        A tunnel.
    theirs : PeerConnection
        The connection at its other end.

    Yields
    ------
    Verdict
        For each child of theirs the fields ``vpc_subnets`` and ``onprem_subnets``; where there
        are several, ``selectors``: what of ours none of them carries.
    """
    carried = []
    for child in theirs.children:
        sides = [_vpc(ours, theirs, child), _onprem(ours, theirs, child)]
        for side in sides:
            found = _exact(side) if ours.ike_version == 1 else _narrowed(side)
            yield replace(found, child=child.name)
        carried.append([side.theirs for side in sides])
    if len(theirs.children) > 1 and ours.ike_version != 1:
        yield _together(ours, carried)


def children_of_ours(
    ours: OurTunnel, theirs: PeerConnection
) -> tuple[tuple[PeerChild, ...], tuple[PeerChild, ...]]:
    """Part the children whose blocks are ours from those that serve another connection.

    Parameters
    ----------
    ours : OurTunnel
        A tunnel.
    theirs : PeerConnection
        The connection at its other end, which several of ours may share.

    Returns
    -------
    tuple of PeerChild, tuple of PeerChild
        Those of ours, and the others; where none is ours, all are held against it.
    """
    mine = [child for child in theirs.children if _has_ours(ours, theirs, child)]
    if not mine:
        return theirs.children, ()
    return tuple(mine), tuple(child for child in theirs.children if child not in mine)


def _has_ours(ours: OurTunnel, theirs: PeerConnection, child: PeerChild) -> bool:
    """Whether both sides have something in common, or that cannot be told."""
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
    """The address for which dynamic stands at the other end; none where it is assigned."""
    if end.has_virtual_ip:
        return ()
    address = ours.customer_gateway_ip
    is_named = address is not None and covers(end.addresses, address)
    return (address,) if is_named and address else end.addresses


def _side(
    field: str, ours: Sequence[str] | None, theirs: Sequence[str], own: Sequence[str]
) -> _Side:
    blocks = [parse_block(one) for one in ours or ()]
    selectors = [parse_selector(one) for one in theirs]
    networks: list[Networks | None] = []
    for one in selectors:
        if one is not None and one.is_dynamic:
            networks.append(parse_block(own[0]) if len(own) == 1 else None)
        else:
            networks.append(one.networks if one else None)
    return _Side(
        field=field,
        ours=_joined(blocks),
        theirs=_joined(networks),
        is_restricted=any(one is not None and one.is_restricted for one in selectors),
    )


def _joined(parts: Sequence[Networks | None]) -> Networks | None:
    """All blocks, in order; None where one is not known, or where there are none."""
    known = [part for part in parts if part is not None]
    return None if not parts or len(known) < len(parts) else sum(known, ())


def _narrowed(side: _Side) -> Verdict:
    found = Verdict(side.field, "match", _text(side.ours), _text(side.theirs), "both have the same")
    if side.ours is None or side.theirs is None:
        return replace(found, result="unverifiable", reason="not all blocks are known")
    common = narrow(side.ours, side.theirs)
    if not common:
        reason = "the blocks of both ends have nothing in common"
        return replace(found, result="mismatch", reason=reason, ike_error="TS_UNACCEPTABLE")
    if side.is_restricted:
        reason = "it is for one protocol or port alone: the rest is not carried"
        return replace(found, result="info", reason=reason)
    ours, theirs = collapse(side.ours), collapse(side.theirs)
    if common != ours:
        reason = f"narrowed to {_text(common)}: the rest of ours is not carried"
        return replace(found, result="info", reason=reason)
    if common != theirs:
        reason = f"narrowed to ours, {_text(common)}: it would carry more"
        return replace(found, result="info", reason=reason)
    return found


def _exact(side: _Side) -> Verdict:
    """Under IKEv1 one block a side is negotiated, as it is; strongSwan takes its first."""
    theirs = side.theirs[:1] if side.theirs else None
    found = Verdict(side.field, "match", _text(side.ours), _text(theirs), "both have the same")
    if side.ours is None or theirs is None:
        return replace(found, result="unverifiable", reason="not all blocks are known")
    if side.ours == theirs and not side.is_restricted:
        return found
    if theirs[0] in side.ours and not side.is_restricted:
        reason = "IKEv1 negotiates one block a side: which of ours it is, is not known"
        return replace(
            found, result="unverifiable", reason=reason, ike_error="INVALID_ID_INFORMATION"
        )
    reason = "IKEv1 takes blocks as they are; some ends narrow them, as strongSwan does"
    return replace(found, result="mismatch", reason=reason, ike_error="INVALID_ID_INFORMATION")


def _together(ours: OurTunnel, carried: Sequence[Sequence[Networks | None]]) -> Verdict:
    """What of our pairs of blocks all child SAs together leave out."""
    found = Verdict("selectors", "match", None, None, "all pairs of our blocks are carried")
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
