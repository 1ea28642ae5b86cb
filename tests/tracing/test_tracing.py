"""Trace as a table: what is asked, what is given, what is warned of."""

from __future__ import annotations

import tracemalloc
from ipaddress import ip_address

import pandas as pd
import pytest
from trace_helpers import (
    HOST,
    NET,
    SITE,
    UP,
    WIDE,
    A,
    B,
    connection,
    fate,
    make_inventory,
    route,
    traced,
)  # fmt: skip

from vpnframe.errors import AddressError, IncompleteWarning
from vpnframe.tracing.trace import trace


def test_many_packets_keep_the_order_and_index_of_their_series():
    """One source goes with many destinations; addresses are given as they came."""
    asked = pd.Series([SITE, None, "8.8.8.8"], index=[7, 3, 5])
    found = traced(A, routes=[route("vco-a", NET)], to=asked)
    assert found.index.tolist() == [7, 3, 5]
    assert found["packet"].tolist() == [0, 1, 2]
    assert found["verdict"].tolist() == ["tunnel", "unknown", "none"]
    assert found["source"].tolist() == [HOST] * 3
    assert found["destination"].isna().tolist() == [False, True, False]
    assert found["reason"][3] == "an address of the packet is missing"


def test_nothing_asked_gives_an_empty_table():
    """With all its columns, and for a fleet without anything too."""
    assert traced(A, source=[], to=[]).empty
    assert traced(vpcs={}, source=[], to=[]).empty
    assert fate(vpcs={}) == ("none", "certain", None, None)


def test_addresses_may_be_objects():
    """Those of the standard library, alone or in a list."""
    routes = [route("vco-a", NET)]
    one = traced(A, routes=routes, source=ip_address(HOST), to=[ip_address(SITE)])
    assert one["verdict"].tolist() == ["tunnel"]


def test_a_bad_address_is_named_with_its_position():
    """Nothing is traced then."""
    with pytest.raises(
        AddressError, match=r"destination '10\.1\.2\.300' at position 1 is no"
    ) as error:
        traced(A, to=[SITE, "10.1.2.300"])
    assert error.value.value == "10.1.2.300"


def test_all_candidates_show_every_router_that_could_carry_it():
    """Likeliest first; a packet that none could carry keeps its answer."""
    other = connection("vco-b", gateway="vpn-2")
    attached = connection("vco-c", gateway=None, router="tr-1", tunnels=[(None, UP)])
    over = route("vco-c", WIDE, vpn_gateway_id=None, transit_router_id="tr-1")
    found = traced(
        A, other, attached, routes=[route("vco-a", NET), over],
        source=[HOST, "172.31.0.1"], to=[SITE, "8.8.8.8"], all_candidates=True,
    )  # fmt: skip
    shown = found[["packet", "verdict", "vpn_gateway_id", "transit_router_id"]]
    assert shown.astype(object).where(shown.notna(), None).to_numpy().tolist() == [
        [0, "tunnel", "vpn-1", None],
        [0, "none", "vpn-2", None],
        [0, "tunnel", None, "tr-1"],
        [1, "none", None, None],
    ]


def test_a_vpc_that_keeps_a_packet_is_one_candidate():
    """However many gateways it has."""
    other = connection("vco-b", gateway="vpn-2")
    found = traced(A, other, to="10.0.2.1", all_candidates=True)
    assert found["verdict"].tolist() == ["local"]


def test_a_whole_fleet_warns_of_nothing():
    """Warnings are errors here."""
    inv = make_inventory([A], [route("vco-a", NET)])
    assert trace(inv, source=HOST, destination=SITE)["certainty"].tolist() == ["certain"]


def test_routes_that_are_not_known_are_warned_of():
    """With their number, at the caller's line."""
    inv = make_inventory([A, connection("vco-b", is_known=None)], [route("vco-a", NET)])
    with pytest.warns(
        IncompleteWarning, match="not all routes into 1 connection are known"
    ) as caught:
        trace(inv, source=HOST, destination=SITE)
    assert caught[0].filename == __file__


def test_a_fleet_that_was_not_read_completely_is_warned_of():
    """With the sentence of its coverage."""
    inv = make_inventory([A], [route("vco-a", NET)])
    inv.coverage["status"] = pd.Categorical(["partial"])
    with pytest.warns(IncompleteWarning, match="coverage NOT COMPLETE"):
        trace(inv, source=HOST, destination=SITE)


def test_packets_that_meet_many_routes_take_no_memory_for_each_pair():
    """A million pairs of a packet and a router with a route to it are a handful of cases."""
    n_routers, n_packets = 200, 5000
    connections = [connection(f"vco-{n}", gateway=f"vpn-{n}") for n in range(n_routers)]
    routes = [route(f"vco-{n}", WIDE, vpn_gateway_id=f"vpn-{n}") for n in range(n_routers)]
    to = [SITE, "192.168.2.1", "192.1.1.1", "8.8.8.8"] * (n_packets // 4)
    inv = make_inventory(connections, routes)
    tracemalloc.start()
    found = trace(inv, source=HOST, destination=to)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["verdict"].tolist() == ["ambiguous", "ambiguous", "none", "none"] * 1250
    assert peak < 8 * n_routers * n_packets  # bytes: less than one number for each pair


@pytest.mark.parametrize("shown", [False, True])
def test_packets_that_are_traced_together_have_the_answers_of_each_alone(shown):
    """In the same order, however many share a case."""
    routes = [route("vco-a", NET), route("vco-b", WIDE), route("vco-b", "192.0.0.0/8")]
    to = [SITE, "192.168.2.1", "192.1.1.1", "8.8.8.8"] * 5
    whole = traced(A, B, routes=routes, to=to, all_candidates=shown)
    parts = [traced(A, B, routes=routes, to=one, all_candidates=shown) for one in to]
    alone = pd.concat(
        [part.assign(packet=part["packet"] + n) for n, part in enumerate(parts)], ignore_index=True
    )
    pd.testing.assert_frame_equal(whole, alone.astype(whole.dtypes))
