"""Generate a fleet from a seed. The same arguments always give the same resources and keys."""

from __future__ import annotations

from itertools import chain

from vpnframe.emulator.fleet.connections import Seat, probed
from vpnframe.emulator.fleet.drawing import DEFAULT_NOW_MS, Draw
from vpnframe.emulator.fleet.gateways import DrawnFleet, DrawnPlace
from vpnframe.emulator.fleet.model import EmulatedAccount, EmulatedFleet, EmulatedVpc
from vpnframe.emulator.fleet.places import list_regions
from vpnframe.emulator.fleet.routes import lay_routes
from vpnframe.emulator.planted.overlaps import plant_overlaps
from vpnframe.emulator.planted.planter import Planter
from vpnframe.emulator.planted.routes import plant_routes
from vpnframe.emulator.planted.settings import plant_settings

_LARGEST_SHARE = 0.2
_GROUP = {"VPNGW": 76.0, "CEN": 16.0, "NO_ASSOCIATED": 8.0}
_SIZES = {
    "VPNGW": {1: 30.0, 2: 24.0, 3: 16.0, 4: 12.0, 6: 10.0, 9: 8.0},
    "CEN": {1: 20.0, 2: 20.0, 4: 30.0, 6: 20.0, 10: 10.0},
}


def make_fleet(
    *,
    connections: int = 300,
    regions: int = 12,
    accounts: int = 1,
    seed: int = 7,
    now_ms: int = DEFAULT_NOW_MS,
) -> EmulatedFleet:
    """Generate a synthetic fleet, with all accounts, regions and resources of the emulated cloud.

    Examples
    --------
    >>> fleet = make_fleet(connections=20, regions=3)
    >>> fleet
    Fleet(seed=7, 1 accounts, 3 regions, 20 connections)
    >>> fleet == make_fleet(connections=20, regions=3)
    True
    """
    if connections < 0 or accounts < 1:
        raise ValueError(
            "the fleet needs 0 or more connections and 1 or more accounts, not "
            f"{connections} connections and {accounts} accounts"
        )
    draw = Draw.from_seed(seed, now_ms=now_ms)
    all_regions = list_regions(regions)
    all_accounts = tuple(_draw_account(draw) for _ in range(accounts))
    draft, places = DrawnFleet(), []
    for number, account in enumerate(all_accounts):
        share = connections // accounts + (number < connections % accounts)
        sizes = _region_sizes(draw, share, regions)
        start = number % regions  # each account usually has most connections in another region
        turned = all_regions[start:] + all_regions[:start]
        for region, size in zip(turned, sizes, strict=True):
            places.append(DrawnPlace(draft, account, region, draw))
            _fill(places[-1], size)
    planter = Planter(draft, places, draw)
    n_rounds = min(max(1, connections // 300), 20)
    for _ in range(n_rounds):
        plant_overlaps(planter)
        plant_settings(planter)
    planter.draw = draw.branch(f"{seed}/routes")
    lay_routes(draft, planter.draw)
    for _ in range(n_rounds):
        plant_routes(planter)
    return EmulatedFleet(
        seed,
        all_accounts,
        all_regions,
        vpcs=tuple(draft.vpcs.values()),
        vpn_gateways=tuple(draft.vpn_gateways.values()),
        customer_gateways=tuple(draft.customer_gateways),
        connections=tuple(map(probed, draft.connections.values())),
        planted=tuple(draft.planted),
        routes=tuple(chain.from_iterable(draft.routes.values())),
        now_ms=now_ms,
    )


def _draw_account(draw: Draw) -> EmulatedAccount:
    access_key_id, secret = draw.access_key()
    number, user = (str(draw.rng.randrange(10**15, 2 * 10**15)) for _ in range(2))
    return EmulatedAccount(number, f"2{user}", access_key_id, secret)


def _region_sizes(draw: Draw, n_connections: int, n_regions: int) -> list[int]:
    """Distribute connections over regions at random; the first regions usually get the most."""
    cap = max(int(n_connections * _LARGEST_SHARE), -(-n_connections // n_regions))
    weights = [1.0 / (rank + 1.5) for rank in range(n_regions)]
    sizes = [0] * n_regions
    for _ in range(n_connections):
        is_open = (size < cap for size in sizes)
        open_weights = [w * is_in for w, is_in in zip(weights, is_open, strict=True)]
        sizes[draw.rng.choices(range(n_regions), weights=open_weights)[0]] += 1
    return sizes


def _fill(place: DrawnPlace, n_connections: int) -> None:
    """Generate the connections of one account in one region, and sometimes unused gateways."""
    vpcs: list[EmulatedVpc] = []
    remaining = n_connections
    while remaining:
        kind = place.draw.weighted(_GROUP)
        size = min(remaining, place.draw.weighted(_SIZES[kind])) if kind in _SIZES else 1
        seat = _draw_seat(place, kind, vpcs)
        for _ in range(size):
            seat.add_connection()
        remaining -= size
    if n_connections and place.draw.chance(0.25):
        place.add_vpn_gateway(vpcs[-1] if vpcs else place.add_vpc())
        place.add_customer_gateway()


def _draw_seat(place: DrawnPlace, kind: str, vpcs: list[EmulatedVpc]) -> Seat:
    """Generate the VPN gateway or transit router for a group of connections."""
    draw = place.draw
    is_dual = draw.chance(0.55)
    if kind == "NO_ASSOCIATED":
        return Seat(place, kind, is_dual)
    if kind == "CEN":
        return Seat(place, kind, is_dual, transit_router=(place.new_id("tr"), f"tr-{draw.name()}"))
    if not vpcs or not draw.chance(0.2):
        vpcs.append(place.add_vpc())
    is_sm = draw.chance(0.06)
    gateway = place.add_vpn_gateway(vpcs[-1], is_sm=is_sm, is_dual=is_dual)
    return Seat(place, kind, is_dual, vpn_gateway=gateway, vpc_cidr=vpcs[-1].cidr)
