"""Find where packets start, and which routers could carry them from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpnframe.tracing.facts import Placing
from vpnframe.tracing.fleet import RoutedFleet
from vpnframe.tracing.matching import (
    Codes,
    Mask,
    Prefixes,
    find_holding,
    find_most_specific,
    number_rows,
)


@dataclass(frozen=True, slots=True)
class Visits:
    """m pairs of a packet and a router that could carry it, sorted by packet."""

    # packet, router, vpc: the packet, the router, and the VPC that contains its source; router is
    # -1 if that VPC has none, vpc is -1 if the router was found without a VPC
    packet: Codes
    router: Codes
    vpc: Codes
    placing: Codes  # see :class:`~vpnframe.tracing.facts.Placing`
    is_local: Mask  # whether the VPC contains the destination too


def find_visits(
    fleet: RoutedFleet, source: Prefixes, destination: Prefixes, *, max_pairs: int
) -> tuple[Visits, Mask]:
    """Find every router that could carry a packet, and which packets start in a known VPC."""
    inside = _inside(fleet, source, destination, max_pairs)
    is_placed = np.zeros(len(source), bool)
    is_placed[inside.packet] = True
    if fleet.is_start_given:
        return inside, is_placed
    outside = _outside(fleet, destination, is_placed, max_pairs)
    packet = np.concatenate([inside.packet, outside.packet])
    order = np.argsort(packet, kind="stable")
    return Visits(
        packet[order],
        *(
            np.concatenate([getattr(inside, name), getattr(outside, name)])[order]
            for name in ("router", "vpc", "placing", "is_local")
        ),
    ), is_placed


def _inside(fleet: RoutedFleet, source: Prefixes, destination: Prefixes, max_pairs: int) -> Visits:
    """Return packets at the routers of the VPCs that contain their sources."""
    if fleet.is_start_given:
        packet, vpc = np.arange(len(source)), np.zeros(len(source), np.int64)
    else:
        packet, block = find_holding(source, fleet.vpc_blocks, max_pairs=max_pairs)
        _, first = number_rows(packet * max(len(fleet.vpc_ids), 1) + fleet.block_vpc[block])
        packet, vpc = packet[first], fleet.block_vpc[block[first]]
    is_local = _is_local(fleet, destination, packet, vpc)
    visit, router = _expand(vpc, fleet.served_vpc, fleet.serving_router, len(fleet.vpc_ids))
    placing = np.full(len(visit), Placing.INSIDE, np.int64)
    return Visits(packet[visit], router, vpc[visit], placing, is_local[visit])


def _is_local(fleet: RoutedFleet, destination: Prefixes, packet: Codes, vpc: Codes) -> Mask:
    """Check whether the VPC that a packet starts in contains its destination too."""
    in_any = np.zeros(len(destination), bool)
    in_any[find_most_specific(destination, fleet.vpc_blocks)[0]] = True
    maybe = np.flatnonzero(in_any[packet])
    rows, _ = find_most_specific(
        destination.take(packet[maybe]),
        fleet.vpc_blocks,
        address_groups=vpc[maybe],
        prefix_groups=fleet.block_vpc,
    )
    is_local = np.zeros(len(packet), bool)
    is_local[maybe[rows]] = True
    return is_local


def _expand(codes: Codes, keys: Codes, values: Codes, n_keys: int) -> tuple[Codes, Codes]:
    """Pair each code with every value of its key, or with -1 if there is none."""
    order = np.argsort(keys, kind="stable")
    counts = np.bincount(keys, minlength=n_keys)
    starts = np.cumsum(counts) - counts
    n_each = np.maximum(counts[codes], 1)
    rows = np.repeat(np.arange(len(codes)), n_each)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
    places = np.append(values[order], -1)
    has_any = counts[codes][rows] > 0
    return rows, places[np.where(has_any, starts[codes][rows] + within, -1)]


def _outside(fleet: RoutedFleet, destination: Prefixes, is_placed: Mask, max_pairs: int) -> Visits:
    """Return packets at other routers, found by their routes to the destination."""
    table = fleet.table
    is_free_route = fleet.is_free[table.router]
    found = []
    for packets, routes in (
        (np.arange(len(destination)), np.flatnonzero(is_free_route)),
        (np.flatnonzero(~is_placed), np.flatnonzero(~is_free_route)),
    ):
        rows, held = find_holding(
            destination.take(packets), table.destination.take(routes), max_pairs=max_pairs
        )
        found.append((packets[rows], table.router[routes[held]]))
    packet, router = (np.concatenate(part) for part in zip(*found, strict=True))
    _, first = number_rows(packet * max(len(fleet.routers), 1) + router)
    packet, router = packet[first], router[first]
    return Visits(
        packet,
        router,
        np.full(len(packet), -1),
        _placing(fleet, router, is_placed[packet]),
        np.zeros(len(packet), bool),
    )


def _placing(fleet: RoutedFleet, router: Codes, is_placed: Mask) -> Codes:
    """Return the placing of packets at routers that were found by their routes."""
    is_transit = np.array([one.is_transit for one in fleet.routers], bool)[router]
    is_unread = ~is_transit & fleet.is_free[router]
    if not fleet.vpc_ids:
        is_unread[:] = True
    placing = np.where(is_placed, Placing.ELSEWHERE, Placing.OUTSIDE)
    return np.where(is_unread, Placing.UNREAD, placing).astype(np.int64)
