"""Choose connections of a fleet, change them so that they have defects, and record their ids."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, TypeAlias

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet, DrawnPlace
from vpnframe.emulator.fleet.model import EmulatedConnection, Planted
from vpnframe.emulator.fleet.networks import EVERYTHING

Wanted: TypeAlias = Callable[[EmulatedConnection], bool]
Taken: TypeAlias = tuple[EmulatedConnection, ...]


def ending_at(customer_gateway_id: str, address: str) -> dict[str, Any]:
    """Return the tunnel fields that make this customer gateway the peer of a tunnel."""
    return {
        "customer_gateway_id": customer_gateway_id,
        "customer_ip": address,
        "customer_ike_id": address,
    }


def halves(cidr: str) -> tuple[str, str]:
    """Return the lower and the upper half of a CIDR block."""
    lower, upper = ip_network(cidr).subnets()
    return str(lower), str(upper)


def is_psk(connection: EmulatedConnection) -> bool:
    """Check whether a connection authenticates by pre-shared key."""
    return connection.tunnels[0].psk is not None


def is_policy(connection: EmulatedConnection) -> bool:
    """Check that a connection is attached, has a pre-shared key, and no IPv6 or 0.0.0.0/0 block."""
    blocks = connection.vpc_subnets + connection.onprem_subnets
    return (
        connection.attach_type != "NO_ASSOCIATED"
        and is_psk(connection)
        and not any(":" in block or block == EVERYTHING for block in blocks)
    )


def is_gateway_policy(connection: EmulatedConnection) -> bool:
    """Check whether a connection satisfies ``is_policy`` and is on a VPN gateway."""
    return connection.attach_type == "VPNGW" and is_policy(connection)


def is_static(connection: EmulatedConnection) -> bool:
    """Check whether a connection uses a pre-shared key and has no BGP."""
    return is_psk(connection) and connection.tunnels[0].bgp is None


def _differ_in_peer(left: EmulatedConnection, right: EmulatedConnection) -> bool:
    return left.tunnels[0].customer_ip != right.tunnels[0].customer_ip


class Planter:
    """Plants defects in a fleet, at most one in each connection.

    The methods whose names begin with ``take`` choose connections that have no defect yet, list
    them in ``draft.planted`` as connections with a defect, and return them. If no connections are
    suitable, the methods change nothing and return ().
    """

    def __init__(self, draft: DrawnFleet, places: Sequence[DrawnPlace], draw: Draw) -> None:
        self.draft = draft
        self.draw = draw
        self._places = {place.owner: place for place in places}
        shuffled = list(draft.connections)
        draw.rng.shuffle(shuffled)
        self._free = {connection_id: draft.connections[connection_id] for connection_id in shuffled}

    def find(self, wanted: Wanted) -> Iterator[EmulatedConnection]:
        """Yield the connections that have no defect yet and satisfy ``wanted``."""
        return filter(wanted, self._free.values())

    def record(self, plant_id: str, *connections: EmulatedConnection) -> Taken:
        """Note that these connections have the defect ``plant_id``, and return them."""
        ids = tuple(connection.vpn_connection_id for connection in connections)
        for connection_id in ids:
            del self._free[connection_id]
        self.draft.planted.append(Planted(plant_id, ids))
        return connections

    def take(self, plant_id: str, wanted: Wanted) -> Taken:
        """For the defect ``plant_id``, choose the first connection that ``wanted`` accepts."""
        found = next(self.find(wanted), None)
        return () if found is None else self.record(plant_id, found)

    def take_pair(
        self,
        plant_id: str,
        wanted: Wanted,
        fits: Callable[[EmulatedConnection, EmulatedConnection], bool],
        *,
        group: Callable[[EmulatedConnection], Hashable] = lambda _: None,
    ) -> Taken:
        """Choose the first suitable pair of connections for a defect; record and return it.

        Both connections satisfy ``wanted`` and have the same ``group``, and ``fits`` accepts them.
        If there is no such pair, nothing is recorded and () is returned.
        """
        candidates: dict[Hashable, list[EmulatedConnection]] = {}
        for connection in self.find(wanted):
            earlier = candidates.setdefault(group(connection), [])
            for other in earlier:
                if fits(other, connection):
                    return self.record(plant_id, other, connection)
            earlier.append(connection)
        return ()

    def take_gateway_pair(self, plant_id: str, wanted: Wanted = is_gateway_policy) -> Taken:
        """Choose, for a defect, two connections with different peers on one VPN gateway."""
        return self.take_pair(plant_id, wanted, _differ_in_peer, group=lambda c: c.vpn_gateway_id)

    def take_router_pair(self, plant_id: str, wanted: Wanted = is_static) -> Taken:
        """Choose two connections of one transit router, with different peers, for a defect."""
        return self.take_pair(
            plant_id,
            lambda c: c.attach_type == "CEN" and wanted(c),
            _differ_in_peer,
            group=lambda c: c.transit_router_id,
        )

    def take_vpc_pair(
        self, plant_id: str, wanted: Wanted = is_static, *, is_one_peer_fine: bool = True
    ) -> Taken:
        """Choose two connections on two gateways of one VPC; record that they get a defect."""
        return self.take_pair(
            plant_id,
            lambda c: c.attach_type == "VPNGW" and wanted(c),
            lambda left, right: (
                left.vpn_gateway_id != right.vpn_gateway_id
                and (is_one_peer_fine or _differ_in_peer(left, right))
            ),
            group=lambda c: self.draft.vpc_of(c.vpn_gateway_id).vpc_id,
        )

    def vpc_cidr(self, connection: EmulatedConnection) -> str:
        """Return the CIDR block of the VPC that the connection's VPN gateway belongs to."""
        return self.draft.vpc_of(connection.vpn_gateway_id).cidr

    def plant(self, plant_id: str, wanted: Wanted, **fields: Any) -> Taken:
        """Take the first connection that ``wanted`` accepts, and set ``fields`` on its tunnels."""
        taken = self.take(plant_id, wanted)
        for connection in taken:
            self.set_tunnels(connection, **fields)
        return taken

    def change(self, connection: EmulatedConnection, **fields: Any) -> None:
        """Set these fields of a connection."""
        connections, name = self.draft.connections, connection.vpn_connection_id
        connections[name] = replace(connections[name], **fields)

    def set_blocks(
        self, connection: EmulatedConnection, vpc: Sequence[str], onprem: Sequence[str]
    ) -> None:
        """Set the VPC-side and the on-premises CIDR blocks of a connection."""
        self.change(connection, vpc_subnets=tuple(vpc), onprem_subnets=tuple(onprem))

    def set_tunnels(self, connection: EmulatedConnection, **fields: Any) -> None:
        """Set these fields of every tunnel of a connection."""
        tunnels = tuple(replace(tunnel, **fields) for tunnel in connection.tunnels)
        self.change(connection, tunnels=tunnels)

    def add_peer(self, connection: EmulatedConnection, address: str) -> dict[str, Any]:
        """Create a customer gateway, and return the tunnel fields that make it a tunnel's peer."""
        gateway = self._places[connection.owner].add_customer_gateway(address)
        return ending_at(gateway.customer_gateway_id, address)

    def share_peers(self, source: EmulatedConnection, target: EmulatedConnection) -> None:
        """Give the tunnels of ``target`` the same peers as the tunnels of ``source``."""
        peers = source.tunnels + source.tunnels[-1:] * len(target.tunnels)
        tunnels = (
            replace(tunnel, **ending_at(peer.customer_gateway_id, peer.customer_ip))
            for tunnel, peer in zip(target.tunnels, peers, strict=False)
        )
        self.change(target, tunnels=tuple(tunnels))

    def mirror(self, pair: Taken, blocks: Sequence[str]) -> None:
        """Make a pair each other's peer, with equal proposals and keys, for two blocks."""
        first = min(pair, key=lambda c: c.vpn_connection_id)
        for here, there, vpc, onprem in zip(pair, pair[::-1], blocks, blocks[::-1], strict=True):
            ends = zip(here.tunnels, there.tunnels, first.tunnels, strict=True)
            tunnels = (
                replace(
                    mine,
                    **self.add_peer(here, theirs.cloud_ip),
                    cloud_ike_id=mine.cloud_ip,
                    psk=shared.psk,
                    proposal=shared.proposal,
                )
                for mine, theirs, shared in ends
            )
            self.change(here, tunnels=tuple(tunnels))
            self.set_blocks(here, [vpc], [onprem])
