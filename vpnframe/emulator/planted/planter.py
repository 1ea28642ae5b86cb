"""Plant defects in a fleet: select connections, change them, and record their ids."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, TypeAlias

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet, DrawnPlace
from vpnframe.emulator.fleet.model import (
    CustomerGateway,
    EmulatedConnection,
    EmulatedRoute,
    Planted,
)
from vpnframe.emulator.fleet.networks import EVERYTHING

Wanted: TypeAlias = Callable[[EmulatedConnection], bool]
Pair: TypeAlias = tuple[EmulatedConnection, EmulatedConnection]


def ending_at(gateway: CustomerGateway) -> dict[str, Any]:
    """Return the fields to set on a tunnel so that it ends at this customer gateway."""
    return {
        "customer_gateway_id": gateway.customer_gateway_id,
        "customer_ip": gateway.ip_address,
        "customer_ike_id": gateway.ip_address,
    }


def halves(cidr: str) -> tuple[str, str]:
    """Return the lower and the upper half of a CIDR block."""
    lower, upper = ip_network(cidr).subnets(prefixlen_diff=1)
    return str(lower), str(upper)


def is_psk(connection: EmulatedConnection) -> bool:
    """Check whether the connection authenticates by pre-shared key."""
    return connection.tunnels[0].psk is not None


def is_policy(connection: EmulatedConnection) -> bool:
    """Check for an attached connection with a pre-shared key and only specific IPv4 blocks."""
    blocks = connection.vpc_subnets + connection.onprem_subnets
    return (
        connection.attach_type != "NO_ASSOCIATED"
        and is_psk(connection)
        and EVERYTHING not in blocks
        and not any(":" in block for block in blocks)
    )


def is_gateway_policy(connection: EmulatedConnection) -> bool:
    """Check whether the connection satisfies ``is_policy`` and is on a VPN gateway."""
    return connection.attach_type == "VPNGW" and is_policy(connection)


def is_static(connection: EmulatedConnection) -> bool:
    """Check for a pre-shared key and no BGP: the connection's CIDR blocks can be set freely."""
    return is_psk(connection) and connection.tunnels[0].bgp is None


def _differ_in_peer(left: EmulatedConnection, right: EmulatedConnection) -> bool:
    return left.tunnels[0].customer_ip != right.tunnels[0].customer_ip


class Planter:
    """Plants defects in a fleet, and remembers which connections already have one."""

    def __init__(self, draft: DrawnFleet, places: Sequence[DrawnPlace], draw: Draw) -> None:
        self.draft = draft
        self.draw = draw
        vpcs = {vpc.vpc_id: vpc for vpc in draft.vpcs}
        self._vpc_of = {g.vpn_gateway_id: vpcs[g.vpc_id] for g in draft.vpn_gateways}
        self._places = {place.owner: place for place in places}
        self._position = {c.vpn_connection_id: at for at, c in enumerate(draft.connections)}
        shuffled = list(self._position)
        draw.rng.shuffle(shuffled)
        # A dict, because it is ordered and removes ids fast.
        self._free = dict.fromkeys(shuffled)

    def take(self, wanted: Wanted) -> EmulatedConnection | None:
        """Take a connection without a defect that satisfies ``wanted``; None if none is left."""
        for connection_id in self._free:
            connection = self._get(connection_id)
            if wanted(connection):
                del self._free[connection_id]
                return connection
        return None

    def take_pair(
        self,
        wanted: Wanted,
        fits: Callable[[EmulatedConnection, EmulatedConnection], bool],
        *,
        group: Callable[[EmulatedConnection], Hashable] = lambda _: None,
    ) -> Pair | None:
        """Take two connections of a group that satisfy ``wanted`` and ``fits``, or return None."""
        candidates: dict[Hashable, list[EmulatedConnection]] = {}
        for connection in filter(wanted, map(self._get, self._free)):
            earlier = candidates.setdefault(group(connection), [])
            for other in earlier:
                if fits(other, connection):
                    del self._free[other.vpn_connection_id]
                    del self._free[connection.vpn_connection_id]
                    return other, connection
            earlier.append(connection)
        return None

    def take_gateway_pair(
        self, wanted: Wanted = is_gateway_policy, *, n_tunnels: int | None = None
    ) -> Pair | None:
        """Take two connections of one VPN gateway with different peers."""
        return self.take_pair(
            lambda c: wanted(c) and n_tunnels in (None, len(c.tunnels)),
            _differ_in_peer,
            group=lambda connection: connection.vpn_gateway_id,
        )

    def take_router_pair(self, wanted: Wanted = is_static) -> Pair | None:
        """Take two connections of one transit router with different peers."""
        return self.take_pair(
            lambda c: c.attach_type == "CEN" and wanted(c),
            _differ_in_peer,
            group=lambda connection: connection.transit_router_id,
        )

    def take_vpc_pair(
        self, wanted: Wanted = is_static, *, is_one_peer_fine: bool = True
    ) -> Pair | None:
        """Take two connections of different VPN gateways in one VPC."""
        return self.take_pair(
            lambda c: c.attach_type == "VPNGW" and wanted(c),
            lambda left, right: (
                left.vpn_gateway_id != right.vpn_gateway_id
                and (is_one_peer_fine or _differ_in_peer(left, right))
            ),
            group=lambda connection: self._vpc_of[connection.vpn_gateway_id or ""].vpc_id,
        )

    def vpc_cidr(self, connection: EmulatedConnection) -> str:
        """Return the CIDR block of the VPC of the connection's gateway."""
        return self._vpc_of[connection.vpn_gateway_id or ""].cidr

    def plant(self, plant_id: str, wanted: Wanted, **fields: Any) -> EmulatedConnection | None:
        """Set tunnel fields of one connection that satisfies ``wanted``; record the defect."""
        if connection := self.take(wanted):
            self.set_tunnels(connection, **fields)
            self.record(plant_id, connection)
        return connection

    def change(self, connection: EmulatedConnection, **fields: Any) -> None:
        """Set fields of a connection."""
        at = self._position[connection.vpn_connection_id]
        self.draft.connections[at] = replace(self.draft.connections[at], **fields)

    def set_blocks(
        self, connection: EmulatedConnection, vpc: Sequence[str], onprem: Sequence[str]
    ) -> None:
        """Set the CIDR blocks of both sides of a connection."""
        self.change(connection, vpc_subnets=tuple(vpc), onprem_subnets=tuple(onprem))

    def set_tunnels(self, connection: EmulatedConnection, **fields: Any) -> None:
        """Set fields of every tunnel of a connection."""
        tunnels = self._get(connection.vpn_connection_id).tunnels
        self.change(connection, tunnels=tuple(replace(one, **fields) for one in tunnels))

    def set_routes(self, connection: EmulatedConnection, routes: Sequence[EmulatedRoute]) -> None:
        """Replace all routes that lead to a connection."""
        self.draft.routes[connection.vpn_connection_id] = tuple(routes)

    def add_peer(self, connection: EmulatedConnection, address: str) -> CustomerGateway:
        """Create a customer gateway in the account and region of a connection."""
        place = self._places[connection.account_id, connection.region_id]
        return place.add_customer_gateway(address)

    def share_customer(self, source: EmulatedConnection, target: EmulatedConnection) -> None:
        """Copy the peer of each source tunnel to the target; repeat the last peer if needed."""
        gateways = {one.customer_gateway_id: one for one in self.draft.customer_gateways}
        peers = [gateways[tunnel.customer_gateway_id] for tunnel in source.tunnels]
        peers += peers[-1:] * len(target.tunnels)
        tunnels = zip(self._get(target.vpn_connection_id).tunnels, peers, strict=False)
        self.change(target, tunnels=tuple(replace(one, **ending_at(peer)) for one, peer in tunnels))

    def mirror(self, pair: Pair) -> None:
        """Make each connection the other's peer, tunnel by tunnel, with equal pre-shared keys."""
        for here, there in (pair, pair[::-1]):
            tunnels = zip(here.tunnels, there.tunnels, strict=True)
            is_first = here.vpn_connection_id < there.vpn_connection_id
            self.change(
                here,
                tunnels=tuple(
                    replace(
                        mine,
                        **ending_at(self.add_peer(here, theirs.cloud_ip)),
                        cloud_ike_id=mine.cloud_ip,
                        # Both ends get these two values of the connection with the lower id.
                        psk=(mine if is_first else theirs).psk,
                        proposal=(mine if is_first else theirs).proposal,
                    )
                    for mine, theirs in tunnels
                ),
            )

    def record(self, plant_id: str, *connections: EmulatedConnection) -> None:
        """Record the id of a planted case and the connections that have it."""
        ids = tuple(connection.vpn_connection_id for connection in connections)
        self.draft.planted.append(Planted(plant_id, ids))

    def _get(self, connection_id: str) -> EmulatedConnection:
        return self.draft.connections[self._position[connection_id]]
