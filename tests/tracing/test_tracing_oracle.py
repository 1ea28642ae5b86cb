"""Where packets go, in made-up fleets, against plain loops."""

from __future__ import annotations

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from trace_helpers import DOWN, UP, Row, connection, route, traced
from trace_oracle import Plain

from vpnframe.schema.joined import split_text

HERE = ["10.0.0.0/8", "10.0.0.0/15", "10.0.0.0/16", "10.0.1.0/24", "10.1.0.0/16"]
THERE = ["192.0.0.0/2", "192.168.0.0/16", "192.168.1.0/24", "192.168.1.0/25", "192.168.1.1/32"]
SOURCES = ["10.0.1.1", "10.0.1.1", "10.0.2.1", "10.1.0.1", "172.16.0.1", "192.168.1.1"]
DESTINATIONS = ["192.168.1.1", "192.168.1.1", "192.168.1.2", "192.168.2.1", "10.0.1.1"]


def wide(text: str) -> str:
    """An IPv4 block or address as an IPv6 one that nests and lies the same way."""
    address, _, length = text.partition("/")
    if text == "0.0.0.0/0":
        return "::/0"
    a, b, c, d = map(int, address.split("."))
    block = f"{a:02x}{b:02x}:{c:02x}{d:02x}::".lstrip("0")
    return f"{block}/{length}" if length else f"{block}1"


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def often(value: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Mostly the first."""
    return some(*[value] * 4, *others)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Row], list[Row], dict[str, list[str]]]:
    """A few connections on a few routers; routes overlap, tie, stand by and are unknown."""
    blocks = often(["10.0.0.0/16"], ["10.0.0.0/24", "10.0.1.0/24"], ["10.0.0.0/8"], THERE[1:3])
    vpcs = draw(st.dictionaries(some("vpc-1", "vpc-1", "vpc-2", "vpc-9"), blocks, min_size=1))
    names = draw(st.lists(some("vco-a", "vco-b", "vco-c", "vco-d"), unique=True, min_size=1))
    connections = [connection(name, **draw(options_of_connections)) for name in names]
    routes = [
        draw(routes_into(one)) for one in connections for _ in range(draw(some(1, 1, 1, 2, 3, 0)))
    ]
    return connections, routes, draw(often(vpcs, {}))


def sides(blocks: list[str], *others: list[str]) -> st.SearchStrategy[list[str]]:
    """Selectors of one side: mostly everything."""
    return often(["0.0.0.0/0"], ["0.0.0.0/0"], blocks[:1], blocks[1:3], *others)


options_of_connections = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    often(
        {"gateway": "vpn-1", "vpc": "vpc-1"},
        {"gateway": "vpn-2", "vpc": "vpc-1"},
        {"gateway": "vpn-3", "vpc": "vpc-2"},
        {"gateway": None, "router": "tr-1"},
        {"gateway": None, "router": "tr-1"},
        {"gateway": None, "router": "tr-2"},
        {"gateway": None},
    ),
    st.fixed_dictionaries(
        {
            "tunnels": st.one_of(
                st.tuples(st.tuples(st.none(), often(UP, DOWN, None))).map(list),
                st.tuples(
                    st.tuples(often("active", None), often(UP, DOWN, DOWN, None)),
                    st.tuples(often("standby", None), often(UP, DOWN, None)),
                ).map(list),
            ),
            "health": often(None, "success", "failed", "odd"),
            "vpc_side": sides(HERE),
            "onprem_side": sides(THERE, ["broken"], ["broken", THERE[0]]),
            "is_known": often(True, False, None),
        }
    ),
)


def routes_into(one: Row) -> st.SearchStrategy[Row]:
    """A route of any kind into a connection."""
    common = {
        "vpn_gateway_id": st.just(one["gateway"]),
        "transit_router_id": st.just(one["router"]),
        "state": often("published", "Active", "normal", None),
        "weight": often(100, 0, 0, None),
        "tunnel_ids": some([], [f"tun-{one['name'][-1]}1"], [f"tun-{one['name'][-1]}2"]),
    }
    policy = {"source_cidr": some("0.0.0.0/0", *HERE), "priority": some(10, 10, 20, None)}
    bgp = {
        "route_type": st.just("bgp"),
        "as_path": some("65001", "65001", "65001 65002", None),
    }
    kinds = st.one_of(st.fixed_dictionaries(common | more) for more in ({}, policy, bgp))
    block = some(*THERE, *["192.168.1.0/24"] * 5, "10.0.0.0/8", "broken")
    return st.builds(lambda options, to: route(one["name"], to, **options), kinds, block)


def as_fate(row: pd.Series) -> Row:
    """A row as the oracle says it."""
    plain = row.astype(object).where(row.notna(), None)
    return {
        "verdict": plain["verdict"], "certainty": plain["certainty"],
        "connection": plain["vpn_connection_id"], "tunnel": plain["tunnel_index"],
        "standby": [*split_text(row["standby"])], "rivals": [*split_text(row["rivals"])],
    }  # fmt: skip


def translate(world: Any) -> Any:
    """A world in IPv6."""
    if isinstance(world, dict):
        return {name: translate(value) for name, value in world.items()}
    if isinstance(world, (list, tuple)):
        return type(world)(map(translate, world))
    is_address = isinstance(world, str) and world.count(".") == 3
    return wide(world) if is_address else world


@given(
    world=worlds(),
    pairs=st.lists(st.tuples(some(*SOURCES), some(*DESTINATIONS)), min_size=1),
    in_ipv6=st.booleans(),
    data=st.data(),
)
def test_trace_says_what_plain_loops_say(world, pairs, in_ipv6, data):
    """Verdict, certainty, connection, tunnel, standby and rivals, packet by packet."""
    if in_ipv6:
        world, pairs = translate(world), translate(pairs)
    connections, routes, vpcs = world
    plain = Plain(connections, routes, vpcs)
    starts = [*vpcs, *plain.routers, *filter(None, (r["vpc"] for r in plain.routers.values()))]
    start = data.draw(often(None, *starts))
    found = traced(
        *connections,
        routes=routes,
        vpcs=vpcs,
        source=[source for source, _ in pairs],
        to=[destination for _, destination in pairs],
        start=start,
    )
    for n, pair in enumerate(pairs):
        expected = plain.answer(*pair, start)
        expected.pop("source")
        assert as_fate(found.iloc[n]) == expected, found["reason"].iloc[n]


@given(
    world=worlds(),
    pairs=st.lists(st.tuples(some(*SOURCES), some(*DESTINATIONS))),
    shown=st.booleans(),
)
def test_equal_cases_are_equal_and_others_differ_however_they_are_traced(world, pairs, shown):
    """Each packet alone has the rows that it has among all, whatever it shares with others."""
    connections, routes, vpcs = world
    options = {"routes": routes, "vpcs": vpcs, "all_candidates": shown}
    found = traced(*connections, **options, source=[s for s, _ in pairs], to=[d for _, d in pairs])
    rows = found.drop(columns="packet").astype(object).where(found.notna(), None)
    for n, (source, destination) in enumerate(pairs):
        alone = traced(*connections, **options, source=source, to=destination)
        alone = alone.drop(columns="packet").astype(object).where(alone.notna(), None)
        assert repr(alone.to_numpy().tolist()) == repr(
            rows[found["packet"] == n].to_numpy().tolist()
        )
