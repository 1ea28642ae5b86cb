"""A seeded fleet: the same arguments always produce the same cloud, down to the last key."""

from __future__ import annotations

from dataclasses import dataclass

from vpnframe.emulator.fleet.connections import Seat, add_connection, probed
from vpnframe.emulator.fleet.drawing import DEFAULT_NOW_MS, Draw
from vpnframe.emulator.fleet.gateways import (
    DrawnFleet,
    DrawnPlace,
    add_customer_gateway,
    add_vpc,
    add_vpn_gateway,
    draw_name,
)
from vpnframe.emulator.fleet.model import (
    EmulatedAccount,
    EmulatedFleet,
    EmulatedRegion,
    EmulatedVpc,
)
from vpnframe.emulator.fleet.places import list_regions
from vpnframe.emulator.fleet.routes import lay_routes
from vpnframe.emulator.planted.overlaps import plant_overlaps
from vpnframe.emulator.planted.planter import Planter
from vpnframe.emulator.planted.routes import plant_routes
from vpnframe.emulator.planted.settings import plant_settings

_LARGEST_SHARE = 0.2
_GROUP = {"VPNGW": 76.0, "CEN": 16.0, "NO_ASSOCIATED": 8.0}
_PER_GATEWAY = {1: 30.0, 2: 24.0, 3: 16.0, 4: 12.0, 6: 10.0, 9: 8.0}
_PER_ROUTER = {1: 20.0, 2: 20.0, 4: 30.0, 6: 20.0, 10: 10.0}


def make_fleet(
    *,
    connections: int = 300,
    regions: int = 12,
    accounts: int = 1,
    seed: int = 7,
    now_ms: int = DEFAULT_NOW_MS,
) -> EmulatedFleet:
    """Create the contents of the emulated cloud.

    Examples
    --------
    >>> fleet = make_fleet(connections=20, regions=3)
    >>> fleet
    Fleet(seed=7, 1 accounts, 3 regions, 20 connections)
    >>> fleet == make_fleet(connections=20, regions=3)
    True
    """
    if connections < 0 or accounts < 1:
        msg = f"connections must be 0 or more and accounts 1 or more: {connections}, {accounts}"
        raise ValueError(msg)
    draw = Draw.from_seed(seed, now_ms=now_ms)
    all_regions = list_regions(regions)
    all_accounts = tuple(_draw_account(draw) for _ in range(accounts))
    draft, places = DrawnFleet(), []
    for number, account in enumerate(all_accounts):
        share = connections // accounts + (number < connections % accounts)
        sizes = _region_sizes(draw, share, regions)
        for region, size in zip(_turned(all_regions, number), sizes, strict=True):
            places.append(DrawnPlace(account, region, draw))
            _fill(draft, places[-1], size)
    planter = Planter(draft, places, draw)
    for _ in range(planter.n_rounds):
        plant_overlaps(planter)
        plant_settings(planter)
    planter.draw = draw.branch(f"{seed}/routes")
    lay_routes(draft, planter.draw)
    for _ in range(planter.n_rounds):
        plant_routes(planter)
    return EmulatedFleet(
        seed=seed,
        accounts=all_accounts,
        regions=all_regions,
        vpcs=tuple(draft.vpcs),
        vpn_gateways=tuple(draft.vpn_gateways),
        customer_gateways=tuple(draft.customer_gateways),
        connections=tuple(map(probed, draft.connections)),
        planted=tuple(draft.planted),
        routes=tuple(route for routes in draft.routes.values() for route in routes),
        now_ms=now_ms,
    )


def _draw_account(draw: Draw) -> EmulatedAccount:
    access_key_id, secret = draw.access_key()
    number, user = (str(draw.rng.randrange(10**15, 2 * 10**15)) for _ in range(2))
    return EmulatedAccount(number, f"2{user}", access_key_id, secret)


def _turned(regions: tuple[EmulatedRegion, ...], turns: int) -> tuple[EmulatedRegion, ...]:
    """Rotate the regions, so that each account starts with another region."""
    start = turns % len(regions)
    return regions[start:] + regions[:start]


def _region_sizes(draw: Draw, n_connections: int, n_regions: int) -> list[int]:
    """Spread connections over regions: a long tail under a cap."""
    cap = max(int(n_connections * _LARGEST_SHARE), -(-n_connections // n_regions))
    weights = [1.0 / (rank + 1.5) for rank in range(n_regions)]
    sizes = [0] * n_regions
    for _ in range(n_connections):
        open_weights = [
            weight if size < cap else 0.0 for weight, size in zip(weights, sizes, strict=True)
        ]
        sizes[draw.rng.choices(range(n_regions), weights=open_weights)[0]] += 1
    return sizes


@dataclass(frozen=True)
class _Group:
    """Connections that are attached to one resource."""

    kind: str
    size: int


def _fill(draft: DrawnFleet, place: DrawnPlace, n_connections: int) -> None:
    """Draw the connections of one account in one region, in groups; add some unused gateways."""
    vpcs: list[EmulatedVpc] = []
    remaining = n_connections
    while remaining:
        group = _draw_group(place.draw, remaining)
        seat = _draw_seat(draft, place, group.kind, vpcs)
        for _ in range(group.size):
            add_connection(draft, place, seat)
        remaining -= group.size
    if n_connections and place.draw.chance(0.25):
        add_vpn_gateway(draft, place, vpcs[-1] if vpcs else add_vpc(draft, place))
        add_customer_gateway(draft, place)


def _draw_group(draw: Draw, remaining: int) -> _Group:
    kind = draw.weighted(_GROUP)
    if kind == "NO_ASSOCIATED":
        return _Group(kind, 1)
    return _Group(
        kind, min(remaining, draw.weighted(_PER_ROUTER if kind == "CEN" else _PER_GATEWAY))
    )


def _draw_seat(draft: DrawnFleet, place: DrawnPlace, kind: str, vpcs: list[EmulatedVpc]) -> Seat:
    """Draw what a group is attached to; every fifth gateway is in a VPC that already has one."""
    draw = place.draw
    is_dual = draw.chance(0.55)
    if kind == "NO_ASSOCIATED":
        return Seat(kind, is_dual)
    if kind == "CEN":
        return Seat(
            kind,
            is_dual,
            transit_router_id=place.new_id("tr"),
            transit_router_name=f"tr-{draw_name(draw)}",
        )
    if not vpcs or not draw.chance(0.2):
        vpcs.append(add_vpc(draft, place))
    is_sm = draw.chance(0.06)
    gateway = add_vpn_gateway(draft, place, vpcs[-1], is_sm=is_sm, is_dual=is_dual)
    return Seat(kind, is_dual, vpn_gateway=gateway, vpc_cidr=vpcs[-1].cidr)
