"""Small fleets for the cases of rules, and the form in which a rule is specified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from audit_helpers import (
    DAY_MS,
    GOOD,
    NEXT,
    NOW_MS,
    block,
    inventory,
    pair,
)

from vpnframe.inventory import Inventory

Make = Callable[[], Inventory]
IKE_ONLY = {"tunnel_status": "ike_sa_established"}
SPOKE = {"vpc_subnets": ["0.0.0.0/0"], "routing_mode": "mixed"}
APART = {"onprem_subnets": ["172.16.9.0/24"]}
ELSEWHERE = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2"}
OTHER_PEER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
P, F, U = "pass", "fail", "unknown"
LOOSE = {"attach_type": "NO_ASSOCIATED", "vpn_gateway_id": None, "vpc_id": None}
ROUTER = {"attach_type": "CEN", "vpn_gateway_id": None, "transit_router_id": "tr-1"}
DOWN = {"tunnel_status": "ike_sa_not_established"}
EVERYTHING = {"vpc_subnets": ["0.0.0.0/0"], "onprem_subnets": ["0.0.0.0/0"]}
BGP = {
    "bgp_enabled": True,
    "bgp_status": "success",
    "bgp_auth_state": "present",
    "customer_gateway_asn": 65001,
}
SHARED = "2 connections between 47.1.2.3 and 91.1.2.3 differ in "
UP = "ipsec_sa_established"
FIVE = "10.10.0.0/16, 10.11.0.0/16, 10.12.0.0/16, 10.13.0.0/16, 10.14.0.0/16"
SAME = {"onprem_subnets": GOOD["onprem_subnets"], "vpc_subnets": GOOD["vpc_subnets"]}
IN_CHANGE = ("init", "Provisioning", "updating", "upgrading", "deleting", "deleted")
LOCKED = ("locked", "FinancialLocked", "SecurityLocked")


class Case(NamedTuple):
    """Fleets on which a rule fails, with what severity; passes; and can't tell."""

    fails: Make | None
    severity: str | None
    passes: Make
    unknown: Make | None


class Edge(NamedTuple):
    """A fleet, what the rule says row by row, and how bad, why and from what what it says is."""

    make: Callable[[], Inventory]
    results: str  # the words, with spaces between them
    severities: str | None = None  # of the rows that fail
    told: Sequence[str] | None = None  # the evidence of each finding
    causes: Sequence[str | None] | None = None


class Spec(NamedTuple):
    """All that is asserted of one rule."""

    severity: str  # of its text
    case: Case
    fail: Sequence[str] = ()  # the evidence where the case fails
    unknown: Sequence[str] = ()  # the evidence where it is unknown
    edges: Sequence[Edge] = ()  # the values on both sides of each limit
    is_verified: bool = False  # whether its references were read with the text at hand
    # "unknown" if nothing given is the default there, "fail" if the rule only says what is unknown
    never: str = ""


def one(**changes: Any) -> Make:
    """A fleet of one good tunnel with changes."""
    return lambda: inventory(changes)


def two(*changes: Mapping[str, Any]) -> Make:
    """A fleet of several tunnels with changes each, of connections of their own."""
    return lambda: inventory(
        *({"vpn_connection_id": f"vco-{i}", **change} for i, change in enumerate(changes, 1))
    )


def key(**changes: Any) -> Make:
    """A fleet of one good tunnel, of whose key something else is known."""
    return lambda: inventory({}, keys=[changes])


def no_key() -> Inventory:
    """A fleet of whose key nothing is known."""
    return inventory({}, keys=[None])


def gateway(**changes: Any) -> Make:
    """A fleet whose VPN gateway is another one."""
    return lambda: inventory({}, gateways=[changes])


def blocks(vpc: list[str], onprem: list[str], **changes: Any) -> Make:
    """A fleet of one tunnel with other selectors."""
    return lambda: inventory({"vpc_subnets": vpc, "onprem_subnets": onprem, **changes})


def bgp(**changes: Any) -> Make:
    """A fleet of one tunnel with BGP."""
    good = {"bgp_enabled": True, "bgp_status": "success", "bgp_auth_state": "present"}
    link = {"customer_gateway_asn": 65001, "bgp_tunnel_cidr": "169.254.10.0/30"}
    return one(**good | link | changes)


def routed(*, known: bool | None = True, status: str | None = None, **route: Any) -> Make:
    """A fleet of one tunnel with a route, or with routes that nobody read."""

    def make() -> Inventory:
        changes = {} if status is None else {"tunnel_status": status}
        rows = [block(GOOD, "vpc", "10.0.0.0/16", has_known_routes=known)]
        given = {
            "vpn_gateway_id": "vpn-1",
            "vpn_connection_id": "vco-1",
            "destination_cidr": "192.168.7.0/24",
            "tunnel_ids": [],
            **route,
        }
        return inventory(changes, subnets=rows, routes=[given] if route else [])

    return make


def two_ways(**changes: Any) -> Inventory:
    """Two connections with the same blocks to two addresses."""
    return inventory(changes, NEXT | OTHER_PEER | changes)


def many_routes(n: int, kind: str = "destination") -> Inventory:
    """A gateway with so many routes of a kind."""
    rows = [block(GOOD, "vpc", "10.0.0.0/16")]
    routes = [
        {
            "vpn_gateway_id": "vpn-1",
            "vpn_connection_id": "vco-1",
            "route_type": kind,
            "destination_cidr": f"192.168.{i}.0/24",
            "tunnel_ids": [],
        }
        for i in range(n)
    ]
    return inventory({}, subnets=rows, routes=routes)


def of_value(column: str, bad: Any, good: Any, severity: str) -> Case:
    """The case of a rule that looks at one value."""
    return Case(one(**{column: bad}), severity, one(**{column: good}), one(**{column: None}))


def shared_ike(*changes: Mapping[str, Any]) -> Make:
    """Connections of one gateway to one peer."""
    return two(*({"onprem_subnets": [f"10.9.{i}.0/24"], **one} for i, one in enumerate(changes)))


def unread() -> Inventory:
    """A route-based connection whose routes nobody read."""
    row = block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=None, routing_mode="route")
    return inventory({"routing_mode": "route", "onprem_subnets": ["0.0.0.0/0"]}, subnets=[row])


def meeting(left: Mapping[str, Any], right: Mapping[str, Any], severity: str) -> Case:
    """The case of a rule on pairs: these two fail, disjoint ones pass, unread ones are open."""
    apart = two({}, OTHER_PEER | {"onprem_subnets": ["10.9.0.0/24"]})
    return Case(two(left, OTHER_PEER | right), severity, apart, unread)


def of(*tunnels: dict[str, Any], **tables: Any) -> Callable[[], Inventory]:
    """A fleet of some tunnels and rows of other tables."""
    return lambda: inventory(*(tunnels or ({},)), **tables)


def linked(cidr: str | None, other: str | None = None, **changes: Any) -> Callable[[], Inventory]:
    """BGP on a link, and on a second connection, of the same gateway unless it says otherwise."""
    rows = [{**BGP, "bgp_tunnel_cidr": cidr}]
    if other is not None:
        rows.append({**BGP, **NEXT, **OTHER_PEER, "bgp_tunnel_cidr": other, **changes})
    return of(*rows)


def prepaid(charge_type: str | None, days: int | None) -> Callable[[], Inventory]:
    """A gateway whose subscription ends in so many days."""
    ends = None if days is None else NOW_MS + days * DAY_MS
    return gateway(charge_type=charge_type, expires_at=ends)


def gone(n_calls: int, others: int = 0, **changes: Any) -> Callable[[], Inventory]:
    """A connection of a gateway that is not there, in a region that so many calls were made to."""
    gateways = [{"gateway_id": f"vpn-{9 + i}"} for i in range(others)]
    return of(
        {"vpn_gateway_id": "vpn-8"} | changes, gateways=gateways, coverage=[{"n_calls": n_calls}]
    )


def to_tunnels(*statuses: str | None, ids: list[str], **route: Any) -> Callable[[], Inventory]:
    """A pair of tunnels with these states, and a route that names some."""
    first, second = pair()
    given = {"vpn_gateway_id": "vpn-1", "vpn_connection_id": "vco-1", "route_type": "bgp"}
    given |= {"destination_cidr": "192.168.7.0/24", "tunnel_ids": ids} | route
    return of(
        first | {"tunnel_status": statuses[0]},
        second | {"tunnel_status": statuses[1]},
        routes=[given],
    )


def same_peer(*changes: dict[str, Any], prints: Sequence[str] = ("f", "f")) -> Any:
    """Two connections between one pair of addresses."""
    rows = [{"onprem_subnets": [f"10.9.{i}.0/24"], **one} for i, one in enumerate(changes)]
    rows[1] = NEXT | rows[1]
    return of(*rows, keys=[{"psk_fingerprint": text} for text in prints])


def of_key(psk_class: str, bits: int = 190) -> Callable[[], Inventory]:
    """A key of a class."""
    return key(psk_class=psk_class, psk_bits=bits)


def listed(cidr: str, side: str = "onprem", **changes: Any) -> Callable[[], Inventory]:
    """One block alone."""
    return of({}, subnets=[block(GOOD, side, cidr, **changes)])
