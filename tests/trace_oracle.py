"""What comes of a packet by plain loops: one packet, one router, one route after the other.

Nothing of what is tested is used here, neither tables nor arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from trace_helpers import DOWN, UP, Row, route

NOT_UP = (DOWN, "ike_sa_established", "ipsec_sa_not_established")
DEFAULT_ROUTES = ("0.0.0.0/0", "::/0")


class Plain:
    """A fleet as rows of :func:`connection` and :func:`route`, and what comes of a packet."""

    def __init__(self, connections: list[Row], routes: list[Row], vpcs: dict[str, list[str]]):
        self.connections = {one["name"]: one for one in connections}
        self.routes = routes
        self.vpcs = vpcs
        self.routers: dict[str, Row] = {}
        self.listed: dict[str, list[Row]] = {}
        for one in connections:
            name = one["gateway"] or one["router"]
            if name:
                self.routers[name] = {"vpc": one["vpc"] if one["gateway"] else None}

    is_here = False  # whether every packet starts in the one VPC that there is

    def started(self, start: str) -> Plain:
        """The fleet as it is seen from a VPC or a router."""
        one = Plain([*self.connections.values()], self.routes, {})
        one.is_here = True
        one.routers = {n: r for n, r in self.routers.items() if start in (n, r["vpc"])}
        at = start if start.startswith("vpc") else one.routers[start]["vpc"] or start
        one.vpcs = {at: self.vpcs.get(at, [])}
        return one

    def answer(self, source: str, destination: str, start: str | None = None) -> Row:
        """Verdict, certainty, connection, tunnel, standby and rivals."""
        if start is not None:
            return self.started(start).answer(source, destination)
        homes = [v for v, blocks in self.vpcs.items() if self.is_here or inside(source, blocks)]
        by_tier: dict[int, dict[str, list[tuple[int, Row]]]] = {0: {}, 1: {}, 2: {}}
        is_unknown_at_home = False
        for vpc in homes:
            if inside(destination, self.vpcs[vpc]):
                by_tier[0].setdefault(vpc, []).append((999, fate("local")))
                continue
            for name in [n for n, one in self.routers.items() if self.is_here or one["vpc"] == vpc]:
                found = self.at_router(name, source, destination)
                if found is None:
                    is_unknown_at_home |= bool(self.unjudged(name))
                else:
                    by_tier[0].setdefault(vpc, []).append((self.reach(name, destination), found))
        for name, router in self.routers.items():
            if self.is_here or (router["vpc"] in self.vpcs and homes):
                continue
            found = self.at_router(name, source, destination)
            if found is None:
                continue
            is_unread = router["vpc"] not in self.vpcs if router["vpc"] else not self.vpcs
            is_named = is_unread and found["source"] not in (None, *DEFAULT_ROUTES)
            unsure = found if is_named else found | {"certainty": "unknown"}
            place = router["vpc"] or name
            by_tier[1 if is_named else 2].setdefault(place, []).append(
                (self.reach(name, destination), unsure)
            )
        return self.conclude(homes, by_tier, is_unknown_at_home)

    def conclude(self, homes: list[str], by_tier: Any, is_unknown_at_home: bool) -> Row:
        """One fate of all."""
        for tier, places in by_tier.items():
            if tier > 0 and is_unknown_at_home:
                return fate("unknown", certainty="unknown")
            if not places:
                continue
            winners = [agreed(longest(fates)) for fates in places.values()]
            one = agreed(winners)
            return one | {"certainty": "unknown"} if is_unknown_at_home else one
        elsewhere = [
            name
            for name, router in self.routers.items()
            if self.unjudged(name) and not self.is_here
            if not (homes and router["vpc"] in self.vpcs)
        ]
        if not elsewhere:
            return fate("none")
        return fate("none" if homes else "unknown", certainty="unknown")

    def unjudged(self, router: str) -> list[str]:
        """Connections there that neither routes nor selectors tell of."""
        return [
            one["name"]
            for one in self.connections.values()
            if router == (one["gateway"] or one["router"]) and self.is_unjudged(one)
        ]

    def is_unjudged(self, one: Row) -> bool:
        """Whether one of its routes is not known, and selectors do not stand for it."""
        into = [r for r in self.routes if r["vpn_connection_id"] == one["name"]]
        return any(not is_readable(r) for r in into) or not (one["is_known"] or self.stands_in(one))

    def stands_in(self, one: Row) -> bool:
        """Whether selectors are taken for routes."""
        texts = [*one["vpc_side"], *one["onprem_side"]]
        return (
            not one["is_known"]
            and not any(r["vpn_connection_id"] == one["name"] for r in self.routes)
            and bool(one["vpc_side"] and one["onprem_side"])
            and all(map(is_block, texts))
            and not any(text in DEFAULT_ROUTES for text in one["onprem_side"])
        )

    def entries(self, router: str) -> list[Row]:
        """Routes of a router, selectors that stand for some among them."""
        if router not in self.listed:
            self.listed[router] = [*self.routes_of(router), *self.stand_ins_of(router)]
        return self.listed[router]

    def routes_of(self, router: str) -> Iterator[Row]:
        """Routes that stand there and can be read."""
        for r in self.routes:
            if router == (r["vpn_gateway_id"] or r["transit_router_id"]) and is_readable(r):
                yield r

    def stand_ins_of(self, router: str) -> Iterator[Row]:
        """Every pair of blocks of the selectors that stand for routes."""
        for one in self.connections.values():
            if router == (one["gateway"] or one["router"]) and self.stands_in(one):
                for here in one["vpc_side"]:
                    for there in one["onprem_side"]:
                        kind = {"route_type": "selector"}
                        yield route(one["name"], there, source_cidr=here, **kind)

    def reach(self, router: str, destination: str) -> int:
        """Longest published prefix."""
        lengths = [
            network(r["destination_cidr"]).prefixlen
            for r in self.entries(router)
            if is_published(r) and inside(destination, [r["destination_cidr"]])
        ]
        return max(lengths, default=-1)

    def at_router(self, router: str, source: str, destination: str) -> Row | None:
        """What a router does with the packet; None where no route of it matches."""
        is_transit = self.routers[router]["vpc"] is None
        matching = [r for r in self.entries(router) if inside(destination, [r["destination_cidr"]])]
        steered = [r for r in matching if r["route_type"] in ("policy", "selector")]
        steered = [r for r in steered if inside(source, [r["source_cidr"]])]
        others = [r for r in matching if r["route_type"] in ("destination", "bgp")]
        if not steered and not others:
            return None
        contest, is_sure = (
            first_policies(steered) if steered else by_destination(others, is_transit)
        )
        groups: dict[Any, list[Row]] = {}
        for r in contest:
            groups.setdefault((r["source_cidr"], r["destination_cidr"]), []).append(r)
        ranked = [rank(group, is_transit) for group in groups.values()]
        is_sure &= all(is_ranked for _, _, is_ranked in ranked)
        heads = {r["vpn_connection_id"]: r for first, _, _ in reversed(ranked) for r in first}
        heads = [heads[name] for name in sorted(heads)]
        standby = ranked[0][1] if len(ranked) == 1 else []
        if len(heads) == 1:
            heads, standby, is_settled = self.fail_over(heads[0], standby)
        elif is_transit:
            heads, standby, is_settled = self.share(heads)
        else:
            is_settled, standby = False, []
        is_sure &= is_settled and not self.unjudged(router)
        block = (heads[0]["source_cidr"], heads[0]["destination_cidr"])
        # The VPC sends the packet here by any published route, of whatever length and kind.
        is_stand_in = any(r["route_type"] == "selector" for r in contest)
        is_sure &= is_stand_in or self.reach(router, destination) >= 0
        admitted = [self.admits(r["vpn_connection_id"], source, destination) for r in heads]
        is_sure &= None not in admitted
        if len(heads) > 1:
            return fate(
                "dropped" if not any(a is not False for a in admitted) else "ambiguous",
                certainty="certain" if is_sure else "unknown",
                standby=[self.tunnel_of(r, is_transit)[3] for r in standby],
                rivals=sorted(r["vpn_connection_id"] for r in heads),
                source=block[0],
            )
        (head,) = heads
        tunnel, spare, is_told, _ = self.tunnel_of(head, is_transit)
        name, refused = head["vpn_connection_id"], admitted == [False]
        return fate(
            "dropped" if refused else "tunnel",
            certainty="certain" if is_sure and (refused or is_told) else "unknown",
            connection=name,
            tunnel=None if refused else tunnel,
            standby=[] if refused else [
                *(f"{name}/{n}" for n in spare),
                *(self.tunnel_of(r, is_transit)[3] for r in standby),
            ],
            source=block[0],
        )  # fmt: skip

    def admits(self, name: str, source: str, destination: str) -> bool | None:
        """Whether the selectors of a connection let the packet in."""
        one = self.connections.get(name)
        if one is None:
            return None
        sides = ((source, one["vpc_side"]), (destination, one["onprem_side"]))
        blocks = [[text for text in texts if is_block(text)] for _, texts in sides]
        if all(inside(address, some) for (address, _), some in zip(sides, blocks, strict=True)):
            return True
        is_whole = all(
            len(some) == len(texts) > 0 for (_, texts), some in zip(sides, blocks, strict=True)
        )
        return False if is_whole else None

    def tunnels(self, r: Row) -> list[tuple[int, str | None, bool | None]]:
        """Index, role and state of the tunnels that a route can use."""
        one = self.connections.get(r["vpn_connection_id"])
        if one is None:
            return []
        all_of_them = []
        for n, (role, status) in enumerate(one["tunnels"], 1):
            state = {UP: True, **dict.fromkeys(NOT_UP, False)}.get(status)
            if state and len(one["tunnels"]) == 1 and one["health"] is not None:
                state = {"success": True, "failed": False}.get(one["health"])
            all_of_them.append((n, role, state))
        if r["route_type"] == "bgp":
            learned = [t for t in all_of_them if tunnel_id(one, t[0]) in r["tunnel_ids"]]
            return learned or all_of_them
        return all_of_them

    def is_up(self, r: Row) -> bool | None:
        """Whether one tunnel at least is up; None where that is not known."""
        states = [state for _, _, state in self.tunnels(r)]
        return True if True in states else None if None in states or not states else False

    def tunnel_of(self, r: Row, is_transit: bool) -> tuple[int | None, list[int], bool, str]:
        """Tunnel, spare tunnels, whether that is told, and connection/tunnel as text."""
        tunnels, name = self.tunnels(r), r["vpn_connection_id"]
        taken: int | None = None
        is_told = bool(tunnels)
        up = [n for n, _, state in tunnels if state]
        not_down = up + [n for n, _, state in tunnels if state is None]
        if len(tunnels) == 1:
            taken = tunnels[0][0]
        elif len(up) == 1 and len(not_down) == 1:
            taken = up[0]
        elif tunnels and not is_transit:
            bound = [
                n for n, _, _ in tunnels if tunnel_id(self.connections[name], n) in r["tunnel_ids"]
            ]
            active = [n for n, role, _ in tunnels if role == "active"] or bound
            is_told = len(active) == 1
            if is_told:
                (taken,) = active
                if taken not in not_down and not_down:
                    taken = not_down[0]
                is_told = taken in up or not not_down
        spare = [n for n, _, _ in tunnels if n != taken] if taken is not None else []
        return taken, spare, is_told, name if taken is None else f"{name}/{taken}"

    def fail_over(self, head: Row, standby: list[Row]) -> tuple[list[Row], list[Row], bool]:
        """The active route while it is not down, else the first standby that is not."""
        if self.is_up(head) is not False:
            return [head], standby, self.is_up(head) is True or not standby
        for n, r in enumerate(standby):
            if self.is_up(r) is not False:
                return [r], [head, *standby[:n], *standby[n + 1 :]], self.is_up(r) is True
        return [head], standby, True

    def share(self, heads: list[Row]) -> tuple[list[Row], list[Row], bool]:
        """Equal routes of a transit router: those that are not down, or all."""
        live = [r for r in heads if self.is_up(r) is not False] or heads
        rest = [r for r in heads if r not in live]
        return live, rest, all(self.is_up(r) is not None for r in live)


def first_policies(steered: list[Row]) -> tuple[list[Row], bool]:
    """Policy routes that can be the first, and whether it is known which is."""
    known = [r["priority"] for r in steered if r["priority"] is not None]
    contest = [r for r in steered if r["priority"] is None or r["priority"] == min(known)]
    blocks = {(r["source_cidr"], r["destination_cidr"]) for r in contest}
    if len({r["vpn_connection_id"] for r in contest}) == 1:
        best = max(blocks, key=lambda b: (network(b[1]).prefixlen, network(b[0]).prefixlen))
        return [r for r in contest if (r["source_cidr"], r["destination_cidr"]) == best], True
    is_one_order = len({r["priority"] for r in contest}) == 1 and len(blocks) == 1
    return contest, is_one_order and any(r["route_type"] == "policy" for r in contest)


def by_destination(others: list[Row], is_transit: bool) -> tuple[list[Row], bool]:
    """Which of destination and BGP routes count, and whether that is documented.

    A VPN gateway has two tables, the destination table first; what matches nothing there is looked
    up in the BGP table. Of a transit router no order is documented: the longest of both.
    """
    tables = [[r for r in others if r["route_type"] == kind] for kind in ("destination", "bgp")]
    winners = [longest_of(table) for table in tables if table]
    if len(winners) == 1 or not is_transit:
        return winners[0], True
    static, learned = winners
    if prefix_length(static[0]) >= prefix_length(learned[0]):
        return static, True
    ways = [{r["vpn_connection_id"] for r in some} for some in winners]
    return learned, ways[0] == ways[1]


def longest_of(table: list[Row]) -> list[Row]:
    return [r for r in table if prefix_length(r) == max(map(prefix_length, table))]


def prefix_length(r: Row) -> int:
    return network(r["destination_cidr"]).prefixlen


def rank(group: list[Row], is_transit: bool) -> tuple[list[Row], list[Row], bool]:
    """Active and standby routes to one block, one of each connection, and whether that is told."""
    merged: dict[str, Row] = {}
    for r in group:
        one = merged.setdefault(r["vpn_connection_id"], r | {"hops": hops(r)})
        if one is not r:
            weights = [w for w in (one["weight"], r["weight"]) if w is not None]
            ids = [one["tunnel_ids"], r["tunnel_ids"]]
            both = [one["hops"], hops(r)]
            one["hops"] = None if None in both else min(both)
            one["weight"] = max(weights, default=None)
            one["tunnel_ids"] = ids[0] + ids[1] if all(ids) else []
    entries = [merged[name] for name in sorted(merged)]
    is_bgp = entries[0]["route_type"] == "bgp"
    values = [None if r["hops"] is None else -r["hops"] for r in entries] if is_bgp else [
        r["weight"] for r in entries
    ]  # fmt: skip
    if is_transit and not is_bgp:
        return entries, [], True
    if len(set(values)) > 1 and None in values:
        return entries, [], False
    top = max(values, default=None) if None not in values else None
    heads = [r for r, value in zip(entries, values, strict=True) if value == top]
    rest = [(r, value) for r, value in zip(entries, values, strict=True) if value != top]
    return heads, [r for r, _ in sorted(rest, key=lambda pair: -pair[1])], True


def is_published(r: Row) -> bool:
    return r["state"] in ("published", "Active")


def hops(r: Row) -> int | None:
    return None if r["as_path"] is None else len(r["as_path"].replace(",", " ").split())


def tunnel_id(one: Row, n: int) -> str | None:
    if len(one["tunnels"]) == 1:
        return None
    return one["tunnel_ids"][n - 1] if "tunnel_ids" in one else f"tun-{one['name'][-1]}{n}"


def is_readable(r: Row) -> bool:
    needed = [r["destination_cidr"], *([r["source_cidr"]] if r["route_type"] == "policy" else [])]
    return all(text is not None and is_block(text) for text in needed)


@cache
def is_block(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def inside(address: str, blocks: Iterable[str]) -> bool:
    return any(host(address) in network(block) for block in blocks)


host, network = cache(ip_address), cache(ip_network)


def fate(verdict: str, **options: Any) -> Row:
    given = {
        "verdict": verdict, "certainty": "certain", "connection": None, "tunnel": None,
        "standby": [], "rivals": [], "source": None,
    }  # fmt: skip
    assert set(options) <= set(given)
    return given | options


def longest(fates: list[tuple[int, Row]]) -> list[Row]:
    return [one for reach, one in fates if reach == max(reach for reach, _ in fates)]


def agreed(fates: list[Row]) -> Row:
    """The fate that all share, a certain one first, or that they differ."""
    said = [(f["verdict"], f["connection"], f["tunnel"], sorted(f["rivals"])) for f in fates]
    if all(one == said[0] for one in said):
        return min(fates, key=lambda one: one["certainty"])
    names = {name for one in fates for name in [*one["rivals"], one["connection"]] if name}
    return fate("ambiguous", certainty="unknown", rivals=sorted(names))
