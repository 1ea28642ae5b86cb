"""Group the resources of an emulated fleet by account and region."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from vpnframe.emulator.fleet import model
from vpnframe.emulator.fleet.model import EmulatedFleet


@dataclass
class Holdings:
    """The resources of an account in a region."""

    vpcs: list[model.EmulatedVpc] = field(default_factory=list)
    vpn_gateways: list[model.VpnGateway] = field(default_factory=list)
    customer_gateways: list[model.CustomerGateway] = field(default_factory=list)
    connections: list[model.EmulatedConnection] = field(default_factory=list)
    connection_by_id: dict[str, model.EmulatedConnection] = field(default_factory=dict)
    # By the id of the VPN gateway, or of the connection on a transit router
    routes_by_holder: dict[str, list[model.EmulatedRoute]] = field(default_factory=dict)


def sort_out(fleet: EmulatedFleet) -> dict[tuple[str, str], Holdings]:
    """Group the resources of the fleet by account and region."""
    holdings: defaultdict[tuple[str, str], Holdings] = defaultdict(Holdings)
    for name in (name for name, held in vars(Holdings()).items() if isinstance(held, list)):
        for thing in getattr(fleet, name):
            getattr(holdings[thing.owner], name).append(thing)
    for held in holdings.values():
        held.connection_by_id = {one.vpn_connection_id: one for one in held.connections}
    for route in fleet.routes:
        holder = route.vpn_gateway_id or route.vpn_connection_id or ""
        holdings[route.owner].routes_by_holder.setdefault(holder, []).append(route)
    return holdings
