"""Find the connection of the peer for each tunnel: by address, or by IKE id if no address fits."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from vpnframe.peers.identities import Identity, accepts, parse_identity
from vpnframe.peers.ike_fields import accepts_any, covers, is_private
from vpnframe.peers.model import Peer, PeerConnection
from vpnframe.peers.tunnels import OurTunnel


@dataclass(frozen=True, slots=True)
class Pairing:
    """A tunnel, and the peer's connection for it, or the reason why no connection was found."""

    tunnel: OurTunnel  # ours
    connection: PeerConnection | None  # the peer's; its remote end is our end
    reason: str  # how the connection was found, or why none was found
    rivals: tuple[str, ...] = ()  # names of connections that fit, if none can be chosen
    is_certain: bool = True  # whether an address or an id confirms the connection


class _Fit(NamedTuple):
    """How well a connection fits a tunnel; the source address counts first, then the IKE ids."""

    place: int  # source address: 2 is the expected one, 1 is unknown, 0 is another one
    n_ids: int


# The connections that may belong to a tunnel, and the reason why they may.
_Candidates = tuple[str, list[tuple[PeerConnection, _Fit]]]
# By Python id of a connection: its best fit, and the customer gateways of tunnels with this fit.
_BestFits = dict[int, tuple[_Fit, set[str | None]]]


def pair(tunnels: Sequence[OurTunnel], peer: Peer) -> Iterator[Pairing]:
    """Find the peer's connection for each tunnel.

    Many tunnels share a VPN gateway, and several can share a customer gateway. A connection is
    therefore assigned only to the tunnels that it fits best: the source address decides first, then
    the number of matching IKE ids. A connection that fits tunnels of several customer gateways
    equally well is not assigned.
    """
    index = _Index(peer)
    by_address = [index.by_address(tunnel) for tunnel in tunnels]
    # A connection whose source address fits one tunnel is not assigned to another tunnel by IKE id.
    taken = {id(one) for _, fits in by_address for one, fit in fits if fit.place == 2}
    found = [
        (reason, fits) if fits else index.by_identity(tunnel, taken)
        for tunnel, (reason, fits) in zip(tunnels, by_address, strict=True)
    ]
    best: _BestFits = {}
    for tunnel, (_, fits) in zip(tunnels, found, strict=True):
        for connection, fit in fits:
            known, gateways = best.get(id(connection), (fit, set()))
            if fit >= known:
                gateways = {*(gateways if fit == known else ()), tunnel.customer_gateway_ip}
                best[id(connection)] = fit, gateways
    only, reason = None, "no connection goes to the tunnel's address or names one of its IKE ids"
    if len(tunnels) == len(peer.connections) == 1:
        only = peer.connections[0]
        reason = "the peer has only this connection, but no address or IKE id confirms the match"
    for tunnel, candidates in zip(tunnels, found, strict=True):
        last = Pairing(tunnel, only, reason, is_certain=only is None)
        yield _decide(tunnel, candidates, best) or last


def _decide(tunnel: OurTunnel, candidates: _Candidates, best: _BestFits) -> Pairing | None:
    reason, fits = candidates
    ranked = [((one.refused is None, fit), one) for one, fit in fits if fit == best[id(one)][0]]
    strongest = max((rank for rank, _ in ranked), default=None)
    chosen = [one for rank, one in ranked if rank == strongest]
    if not chosen:
        return None
    fit, gateways = best[id(chosen[0])]
    names = tuple(sorted(one.name for one in chosen))
    if len(chosen) > 1:
        return Pairing(tunnel, None, f"{reason}, but several do: {', '.join(names)}", names)
    if fit.place < 2 and len(gateways) > 1:
        reason = f"{reason}, but fits tunnels of {len(gateways)} customer gateways"
        return Pairing(tunnel, None, reason, names)
    return Pairing(tunnel, chosen[0], reason)


def turned_round(connection: PeerConnection) -> PeerConnection:
    """Swap the ends of a connection, because both ends may use the same ipsec.conf."""
    own_id = connection.remote.ike_id
    return replace(
        connection,
        local=replace(connection.remote, ike_id=None if own_id == "%any" else own_id),
        remote=replace(connection.local, ike_id=connection.local.ike_id or "%any"),
        children=tuple(
            replace(one, local_subnets=one.remote_subnets, remote_subnets=one.local_subnets)
            for one in connection.children
        ),
    )


class _Index:
    """The peer's connections, indexed by remote address and by IKE id."""

    def __init__(self, peer: Peer) -> None:
        self._by_address: defaultdict[str, list[PeerConnection]] = defaultdict(list)
        self._by_block: list[PeerConnection] = []
        self._by_id: defaultdict[Identity, list[PeerConnection]] = defaultdict(list)
        self._by_any = [one for one in peer.connections if accepts_any(one.remote.addresses)]
        for connection in peer.connections:
            self._add(connection)
            for text in (connection.local.ike_id, connection.remote.ike_id):
                identity = parse_identity(text or "%any")
                if identity.kind != "any":
                    self._by_id[identity].append(connection)
            if peer.syntax == "ipsec.conf":
                self._add(turned_round(connection))

    def _add(self, connection: PeerConnection) -> None:
        for address in connection.remote.addresses:
            try:
                key = str(ipaddress.ip_address(address))
            except ValueError:
                if not address.startswith("%") and connection not in self._by_block:
                    self._by_block.append(connection)
                continue
            self._by_address[key].append(connection)

    def by_address(self, tunnel: OurTunnel) -> _Candidates:
        """Return the connections whose remote address is the tunnel's VPN gateway."""
        address = tunnel.vpn_gateway_ip
        if address is None:
            return "", []
        blocks = [one for one in self._by_block if covers(one.remote.addresses, address)]
        named = _fitting(tunnel, [*self._by_address.get(address, []), *blocks])
        return "the connection goes to the address of the VPN gateway", named

    def by_identity(self, tunnel: OurTunnel, taken: set[int]) -> _Candidates:
        """Return the connections not in ``taken`` that have an IKE id of the tunnel.

        ``taken`` contains the Python ``id()`` of connections. If nothing is found, return the
        connections, in ``taken`` or not, that accept any remote address and start at the tunnel's
        customer gateway.
        """
        ids = [tunnel.vpn_gateway_ike_id or tunnel.vpn_gateway_ip, tunnel.customer_gateway_ike_id]
        named = [one for text in ids if text for one in self._by_id.get(parse_identity(text), [])]
        known = [one for one in named if id(one) not in taken]
        if known:
            return "the connection names an IKE id of the tunnel", _fitting(tunnel, known)
        fits = [(one, fit) for one, fit in _fitting(tunnel, self._by_any) if fit.place == 2]
        return "the connection accepts any address, and starts at the customer gateway", fits


def _fitting(
    tunnel: OurTunnel, connections: Iterable[PeerConnection]
) -> list[tuple[PeerConnection, _Fit]]:
    return [(one, _fit(tunnel, one)) for one in {id(one): one for one in connections}.values()]


def _fit(tunnel: OurTunnel, one: PeerConnection) -> _Fit:
    address, own = tunnel.customer_gateway_ip, one.local.addresses
    comes_from = None if address is None else covers(own, address)
    is_elsewhere = comes_from is False and not is_private(own) and not accepts_any(own)
    pairs = [
        (one.remote.ike_id, tunnel.vpn_gateway_ike_id or tunnel.vpn_gateway_ip),
        (tunnel.customer_gateway_ike_id or address, one.local.ike_id),
    ]
    n_ids = sum(
        bool(accepts(parse_identity(expected), parse_identity(presented)))
        for expected, presented in pairs
        if expected and presented
    )
    return _Fit(2 if comes_from else 0 if is_elsewhere else 1, n_ids)
