"""Pair the peer's connections with tunnels: by addresses, else by ids."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from vpnframe.peers.identities import Identity, accepts, parse_identity
from vpnframe.peers.ike_fields import covers, is_private
from vpnframe.peers.model import Peer, PeerChild, PeerConnection
from vpnframe.peers.tunnels import OurTunnel


@dataclass(frozen=True, slots=True)
class Pairing:
    """A tunnel and the connection found for it."""

    tunnel: OurTunnel  # ours
    connection: PeerConnection | None  # the peer's, oriented so that its remote end is ours
    reason: str  # how it was found, or why not
    rivals: tuple[str, ...] = ()  # names of connections between which nothing decides
    is_certain: bool = True  # whether an address or an id confirms it


@dataclass(frozen=True, slots=True)
class _Index:
    """The peer's connections, indexed by addresses and ids."""

    by_address: dict[str, list[PeerConnection]] = field(default_factory=dict)
    by_block: list[PeerConnection] = field(default_factory=list)
    by_id: dict[Identity, list[PeerConnection]] = field(default_factory=dict)
    by_any: list[PeerConnection] = field(default_factory=list)


class _Fit(NamedTuple):
    """How well a connection fits a tunnel: by its source address, and by matching ids."""

    place: int  # 2: from the expected address; 1: unknown; 0: from another address
    n_ids: int


@dataclass(frozen=True, slots=True)
class _PeerCandidates:
    """The connections that may belong to a tunnel, and the reason."""

    reason: str
    fits: list[tuple[PeerConnection, _Fit]]


def pair(tunnels: Sequence[OurTunnel], peer: Peer) -> Iterator[Pairing]:
    """Find the peer's connection for each tunnel.

    Many tunnels share one VPN gateway, and several may share one customer gateway. A connection
    therefore belongs to the tunnels that it fits best: first by its source address, then by ids.
    If it fits tunnels of several customer gateways equally, it is not assigned.
    """
    index = _index(peer)
    by_address = [_by_address(tunnel, index) for tunnel in tunnels]
    # A connection from the address that one tunnel expects is not assigned to another by id.
    taken = {id(one) for found in by_address if found for one, fit in found.fits if fit.place == 2}
    found = [
        named or _by_identity(tunnel, index, taken)
        for tunnel, named in zip(tunnels, by_address, strict=True)
    ]
    best = _best_fits(tunnels, found)
    for tunnel, candidates in zip(tunnels, found, strict=True):
        yield _decide(tunnel, candidates, best) or _last_resort(tunnel, len(tunnels), peer)


def _best_fits(
    tunnels: Sequence[OurTunnel], found: Sequence[_PeerCandidates | None]
) -> dict[int, tuple[_Fit, set[str | None]]]:
    """Return the best fit of each connection, and the customer gateways with that fit."""
    best: dict[int, tuple[_Fit, set[str | None]]] = {}
    for tunnel, candidates in zip(tunnels, found, strict=True):
        for connection, fit in candidates.fits if candidates else ():
            known = best.get(id(connection))
            if known is None or fit > known[0]:
                best[id(connection)] = fit, {tunnel.customer_gateway_ip}
            elif fit == known[0]:
                known[1].add(tunnel.customer_gateway_ip)
    return best


def _decide(
    tunnel: OurTunnel,
    candidates: _PeerCandidates | None,
    best: dict[int, tuple[_Fit, set[str | None]]],
) -> Pairing | None:
    fits = [
        (one.refused is None, fit, one)
        for one, fit in (candidates.fits if candidates else ())
        if fit == best[id(one)][0]
    ]
    if candidates is None or not fits:
        return None
    strongest = max((is_loaded, fit) for is_loaded, fit, _ in fits)
    chosen = [one for is_loaded, fit, one in fits if (is_loaded, fit) == strongest]
    names = tuple(sorted(one.name for one in chosen))
    if len(chosen) > 1:
        reason = f"{candidates.reason}, as do others: {', '.join(names)}"
        return Pairing(tunnel, None, reason, names)
    _, addresses = best[id(chosen[0])]
    if strongest[1].place < 2 and len(addresses) > 1:
        reason = f"{candidates.reason}, and fits tunnels of {len(addresses)} customer gateways"
        return Pairing(tunnel, None, reason, names)
    return Pairing(tunnel, chosen[0], candidates.reason)


def turned_round(connection: PeerConnection) -> PeerConnection:
    """Swap the ends of a connection, for files that are written for both ends."""

    def turn(child: PeerChild) -> PeerChild:
        return replace(
            child, local_subnets=child.remote_subnets, remote_subnets=child.local_subnets
        )

    own_id = connection.remote.ike_id
    return replace(
        connection,
        local=replace(connection.remote, ike_id=None if own_id == "%any" else own_id),
        remote=replace(connection.local, ike_id=connection.local.ike_id or "%any"),
        children=tuple(map(turn, connection.children)),
    )


def _index(peer: Peer) -> _Index:
    index = _Index()
    for connection in peer.connections:
        _add(index, connection)
        for text in (connection.local.ike_id, connection.remote.ike_id):
            identity = parse_identity(text or "%any")
            if identity.kind != "any":
                index.by_id.setdefault(identity, []).append(connection)
        if any(one.startswith("%") for one in connection.remote.addresses):
            index.by_any.append(connection)
        if peer.syntax == "ipsec.conf":
            _add(index, turned_round(connection))
    return index


def _add(index: _Index, connection: PeerConnection) -> None:
    for address in connection.remote.addresses:
        try:
            key = str(ipaddress.ip_address(address))
        except ValueError:
            if not address.startswith("%") and connection not in index.by_block:
                index.by_block.append(connection)
            continue
        index.by_address.setdefault(key, []).append(connection)


def _by_address(tunnel: OurTunnel, index: _Index) -> _PeerCandidates | None:
    """Return the connections that go to our address: the strongest evidence."""
    address = tunnel.vpn_gateway_ip
    if address is None:
        return None
    blocks = [one for one in index.by_block if covers(one.remote.addresses, address)]
    named = _fitting(tunnel, [*index.by_address.get(address, []), *blocks])
    return _PeerCandidates("it goes to the address of the VPN gateway", named) if named else None


def _by_identity(tunnel: OurTunnel, index: _Index, taken: set[int]) -> _PeerCandidates | None:
    """Return the connections that name one of our ids, else those that accept any address."""
    ids = [tunnel.vpn_gateway_ike_id or tunnel.vpn_gateway_ip, tunnel.customer_gateway_ike_id]
    named = [one for text in ids if text for one in index.by_id.get(parse_identity(text), [])]
    known = [one for one in named if id(one) not in taken]
    if known:
        return _PeerCandidates("it names an id of the tunnel", _fitting(tunnel, known))
    fits = [(one, fit) for one, fit in _fitting(tunnel, index.by_any) if fit.place == 2]
    return _PeerCandidates("it accepts any address, and comes from ours", fits) if fits else None


def _fitting(
    tunnel: OurTunnel, connections: Iterable[PeerConnection]
) -> list[tuple[PeerConnection, _Fit]]:
    once = {id(one): one for one in connections}
    return [(one, _fit(tunnel, one)) for one in once.values()]


def _last_resort(tunnel: OurTunnel, n_tunnels: int, peer: Peer) -> Pairing:
    if n_tunnels == 1 and len(peer.connections) == 1:
        reason = "it is the only one, but no address or id shows that it belongs to the tunnel"
        return Pairing(tunnel, peer.connections[0], reason, is_certain=False)
    return Pairing(tunnel, None, "no connection goes to its address or names its ids")


def _fit(tunnel: OurTunnel, one: PeerConnection) -> _Fit:
    address = tunnel.customer_gateway_ip
    comes_from = None if address is None else covers(one.local.addresses, address)
    place = 2 if comes_from else 1
    is_open = is_private(one.local.addresses) or any(a.startswith("%") for a in one.local.addresses)
    if comes_from is False and not is_open:
        place = 0
    pairs = [
        (one.remote.ike_id, tunnel.vpn_gateway_ike_id or tunnel.vpn_gateway_ip),
        (tunnel.customer_gateway_ike_id or address, one.local.ike_id),
    ]
    n_ids = sum(
        bool(accepts(parse_identity(expected), parse_identity(presented)))
        for expected, presented in pairs
        if expected and presented
    )
    return _Fit(place, n_ids)
