"""All planted defects, in the order in which they take their connections."""

from __future__ import annotations

from vpnframe.emulator.planted.crypto import (
    plant_identities,
    plant_keys,
    plant_locked_gateway,
    plant_mismatch,
    plant_nameless_tunnels,
    plant_proposals,
)
from vpnframe.emulator.planted.operation import plant_missing_certificate, plant_own_asn
from vpnframe.emulator.planted.overlap import (
    plant_across_gateways,
    plant_mirror,
    plant_odd_blocks,
    plant_on_one_gateway,
    plant_other_vpc,
    plant_own_sides,
    plant_peer_in_two_regions,
    plant_twins,
)
from vpnframe.emulator.planted.planting import Planter
from vpnframe.emulator.planted.routes import (
    plant_across_vpc,
    plant_by_destination,
    plant_by_policy,
    plant_into_vpcs,
    plant_mirror_on_one_router,
)

# The scarcest first: pairs on one resource, then any connection.
_PLANTERS = (
    plant_across_gateways,
    plant_on_one_gateway,
    plant_other_vpc,
    plant_twins,
    plant_mirror,
    plant_own_sides,
    plant_odd_blocks,
    plant_nameless_tunnels,
    plant_mismatch,
    plant_peer_in_two_regions,
    plant_identities,
    plant_keys,
    plant_proposals,
    plant_locked_gateway,
    plant_missing_certificate,
    plant_own_asn,
)
# These take the remaining connections, and also set routes.
_ROUTE_PLANTERS = (
    plant_across_vpc,
    plant_by_destination,
    plant_by_policy,
    plant_into_vpcs,
    plant_mirror_on_one_router,
)


def plant_everything(planter: Planter) -> None:
    """Plant every defect and trap; skip those without a suitable connection in a small fleet."""
    for _ in range(planter.n_rounds):
        for plant in _PLANTERS:
            plant(planter)


def plant_routes(planter: Planter) -> None:
    """Plant the defects that only routes show; skip those without a suitable connection."""
    for _ in range(planter.n_rounds):
        for plant in _ROUTE_PLANTERS:
            plant(planter)
