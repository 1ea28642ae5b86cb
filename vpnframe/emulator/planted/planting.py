"""How defects are put into a drawn fleet: pick connections, change them, write down where."""

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
    """A drawn fleet with a record of which connections were already changed."""

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
        # A dict for its order and for taking ids out fast.
        self._free = dict.fromkeys(shuffled)

    def turn_to(self, draw: Draw) -> None:
        """Draw from another stream from here on."""
        self.draw = draw

    @property
    def n_rounds(self) -> int:
        """How often each plant is wanted: once per 300 connections, from once to 20 times."""
        return min(max(1, len(self.draft.connections) // 300), 20)

    def get(self, connection_id: str) -> EmulatedConnection:
        """Look a connection up as it stands now."""
        return self.draft.connections[self._position[connection_id]]

    def place_of(self, connection: EmulatedConnection) -> DrawnPlace:
        """Look up where a connection stands."""
        return self._places[connection.account_id, connection.region_id]

    def take(self, wanted: Wanted) -> EmulatedConnection | None:
        """Take one connection that nothing was planted on."""
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
        """Take two connections of one group that fit each other."""
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
        """Let a changed connection stand in its old one's place."""
        self.draft.connections[self._position[connection.vpn_connection_id]] = connection

    def set_blocks(
        self, connection: EmulatedConnection, *, vpc: Sequence[str], onprem: Sequence[str]
    ) -> None:
        """Change what both sides of a connection carry."""
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
        """Change all the routes that lead into a connection."""
        self.draft.routes[connection.vpn_connection_id] = tuple(routes)

    def record(self, plant_id: str, *connections: EmulatedConnection) -> None:
        """Write down what was planted where."""
        ids = tuple(connection.vpn_connection_id for connection in connections)
        self.draft.planted.append(Planted(plant_id, ids))


def is_psk(connection: EmulatedConnection) -> bool:
    """Whether the connection authenticates by pre-shared key."""
    return connection.tunnels[0].psk is not None


def is_policy(connection: EmulatedConnection) -> bool:
    """Whether plain IPv4 blocks stand on both sides, and something carries the connection."""
    blocks = connection.vpc_subnets + connection.onprem_subnets
    return (
        connection.attach_type != "NO_ASSOCIATED"
        and is_psk(connection)
        and EVERYTHING not in blocks
        and not any(":" in block for block in blocks)
    )


def is_gateway_policy(connection: EmulatedConnection) -> bool:
    """Whether it is a policy-mode connection of a VPN gateway."""
    return connection.attach_type == "VPNGW" and is_policy(connection)


def is_static(connection: EmulatedConnection) -> bool:
    """Whether it has a key and no BGP, so that its blocks can be set to anything."""
    return is_psk(connection) and connection.tunnels[0].bgp is None
