"""Plant defects in a drawn fleet: pick connections, change them, record where."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from vpnframe.emulator.fleet.drawing import Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet, DrawnPlace
from vpnframe.emulator.fleet.model import (
    EmulatedConnection,
    EmulatedProposal,
    EmulatedRoute,
    EmulatedTunnel,
    Planted,
)
from vpnframe.emulator.fleet.networks import EVERYTHING

Wanted = Callable[[EmulatedConnection], bool]


class Planter:
    """A drawn fleet with a record of the connections that were already changed."""

    def __init__(self, draft: DrawnFleet, places: Sequence[DrawnPlace], draw: Draw) -> None:
        self.draft = draft
        self.draw = draw
        self._places = {
            (place.account.account_id, place.region.region_id): place for place in places
        }
        self._position = {
            connection.vpn_connection_id: position
            for position, connection in enumerate(draft.connections)
        }
        shuffled = list(self._position)
        draw.rng.shuffle(shuffled)
        # A dict, because it is ordered and removes ids fast.
        self._free = dict.fromkeys(shuffled)

    def turn_to(self, draw: Draw) -> None:
        """Draw from another stream from now on."""
        self.draw = draw

    @property
    def n_rounds(self) -> int:
        """How often each defect is planted: once per 300 connections, at least 1, at most 20."""
        return min(max(1, len(self.draft.connections) // 300), 20)

    def get(self, connection_id: str) -> EmulatedConnection:
        """Return a connection in its current state."""
        return self.draft.connections[self._position[connection_id]]

    def place_of(self, connection: EmulatedConnection) -> DrawnPlace:
        """Return the account and region of a connection."""
        return self._places[connection.account_id, connection.region_id]

    def take(self, wanted: Wanted) -> EmulatedConnection | None:
        """Take one wanted connection without a planted defect; None if there is none left."""
        for connection_id in self._free:
            if wanted(self.get(connection_id)):
                del self._free[connection_id]
                return self.get(connection_id)
        return None

    def take_pair(
        self,
        wanted: Wanted,
        fits: Callable[[EmulatedConnection, EmulatedConnection], bool],
        *,
        group: Callable[[EmulatedConnection], Hashable] = lambda _: None,
    ) -> tuple[EmulatedConnection, EmulatedConnection] | None:
        """Take two wanted connections of one group that fit each other; None without a pair."""
        candidates: dict[Hashable, list[EmulatedConnection]] = {}
        for connection_id in self._free:
            connection = self.get(connection_id)
            if not wanted(connection):
                continue
            earlier = candidates.setdefault(group(connection), [])
            for other in earlier:
                if fits(other, connection):
                    del self._free[other.vpn_connection_id]
                    del self._free[connection.vpn_connection_id]
                    return other, connection
            earlier.append(connection)
        return None

    def put(self, connection: EmulatedConnection) -> None:
        """Replace a connection with its changed version."""
        self.draft.connections[self._position[connection.vpn_connection_id]] = connection

    def set_blocks(
        self, connection: EmulatedConnection, *, vpc: Sequence[str], onprem: Sequence[str]
    ) -> None:
        """Set the blocks of both sides of a connection."""
        self.put(replace(connection, vpc_subnets=tuple(vpc), onprem_subnets=tuple(onprem)))

    def set_tunnels(
        self, connection: EmulatedConnection, change: Callable[[EmulatedTunnel], EmulatedTunnel]
    ) -> None:
        """Change every tunnel of a connection."""
        tunnels = tuple(change(tunnel) for tunnel in connection.tunnels)
        self.put(replace(connection, tunnels=tunnels))

    def set_proposals(
        self, connection: EmulatedConnection, change: Callable[[EmulatedProposal], EmulatedProposal]
    ) -> None:
        """Change the proposal of every tunnel of a connection."""
        self.set_tunnels(connection, lambda t: replace(t, proposal=change(t.proposal)))

    def set_routes(self, connection: EmulatedConnection, routes: Sequence[EmulatedRoute]) -> None:
        """Replace all routes that lead to a connection."""
        self.draft.routes[connection.vpn_connection_id] = tuple(routes)

    def record(self, plant_id: str, *connections: EmulatedConnection) -> None:
        """Record what was planted where."""
        ids = tuple(connection.vpn_connection_id for connection in connections)
        self.draft.planted.append(Planted(plant_id, ids))


def is_psk(connection: EmulatedConnection) -> bool:
    """Check whether the connection authenticates by pre-shared key."""
    return connection.tunnels[0].psk is not None


def is_policy(connection: EmulatedConnection) -> bool:
    """Check for an attached connection with a key and specific IPv4 blocks on both sides."""
    blocks = connection.vpc_subnets + connection.onprem_subnets
    return (
        connection.attach_type != "NO_ASSOCIATED"
        and is_psk(connection)
        and EVERYTHING not in blocks
        and not any(":" in block for block in blocks)
    )


def is_gateway_policy(connection: EmulatedConnection) -> bool:
    """Check whether it is a policy-mode connection of a VPN gateway."""
    return connection.attach_type == "VPNGW" and is_policy(connection)


def is_static(connection: EmulatedConnection) -> bool:
    """Check whether it has a key and no BGP, so that its blocks can be set freely."""
    return is_psk(connection) and connection.tunnels[0].bgp is None
