"""List the CIDR blocks in the traffic selectors and the routes of a connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

from vpnframe.model.records import Connection, RouteEntry


class Block(NamedTuple):
    """A CIDR block on one side of a connection, and where the block is configured."""

    side: str  # vpc or onprem
    origin: str  # ``selector``, or the type of the route: ``policy``, ``destination``, ``bgp``
    text: str  # written as in the API response
    # The smallest priority and the largest weight of the routes with this block
    priority: int | None = None
    weight: int | None = None


def list_blocks(connection: Connection, routes: Iterable[RouteEntry]) -> list[Block]:
    """Return the CIDR blocks of a connection, each once per side and origin."""
    sides = {"vpc": connection.vpc_subnets, "onprem": connection.onprem_subnets}
    selectors = [Block(side, "selector", text) for side, texts in sides.items() for text in texts]
    blocks: dict[tuple[str, str, str], Block] = {}
    for block in (*selectors, *_routed(routes)):
        known = blocks.setdefault(block[:3], block)
        if known is not block:
            priorities = {known.priority, block.priority} - {None}
            weights = {known.weight, block.weight} - {None}
            blocks[block[:3]] = known._replace(
                priority=min(priorities, default=None),  # type: ignore[type-var]
                weight=max(weights, default=None),  # type: ignore[type-var]
            )
    return list(blocks.values())


def in_block_order(texts: tuple[str, ...]) -> list[str]:
    """Return CIDR blocks sorted by family, address and prefix length; invalid ones come last."""
    return sorted(texts, key=_block_order) if len(texts) > 1 else [*texts]


@lru_cache(maxsize=65_536)
def _block_order(text: str) -> tuple[object, ...]:
    try:
        block = ip_network(text, strict=False)
    except ValueError:
        return 9, 0, 0, text
    return block.version, int(block.network_address), block.prefixlen, text


def has_ha_evidence(connection: Connection) -> bool:
    """Check whether a connection has two tunnels, BGP, health checks or weighted routes."""
    return bool(
        len(connection.tunnels) > 1
        or connection.bgp_enabled
        or connection.health_check_enabled
        or connection.has_weighed_routes
    )


def _routed(routes: Iterable[RouteEntry]) -> Iterator[Block]:
    for route in routes:
        numbers = (route.priority, route.weight)
        if route.source_cidr is not None:
            yield Block("vpc", route.route_type, route.source_cidr, *numbers)
        yield Block("onprem", route.route_type, route.destination_cidr, *numbers)
