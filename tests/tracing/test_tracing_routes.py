"""Which route wins, who stands by, and which tunnel it is: each rule by itself."""

from __future__ import annotations

import pytest
from trace_helpers import (
    DOWN,
    DOWN_A,
    DOWN_B,
    NET,
    ONE,
    UNTOLD_A,
    UP,
    WIDE,
    A,
    B,
    bgp,
    connection,
    fate,
    fate_of,
    policy,
    route,
    traced,
)  # fmt: skip

from vpnframe.schema.joined import split_text

# Which route wins.


def test_the_longest_destination_route_wins():
    """A longer prefix goes before a shorter one, whatever their order."""
    routes = [route("vco-a", WIDE), route("vco-b", NET)]
    assert fate(A, B, routes=routes) == ("tunnel", "certain", "vco-b", 1)
    assert fate(A, B, routes=routes, to="192.168.9.1") == ("tunnel", "certain", "vco-a", 1)


def test_a_policy_route_goes_before_a_longer_destination_route():
    """Policy routes are looked at first."""
    routes = [route("vco-a", ONE), policy("vco-b", destination_cidr=WIDE)]
    row = traced(A, B, routes=routes).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert row["reason"].startswith(
        "the policy route 10.0.0.0/16 to 192.168.0.0/16 (priority 10) of vpn-1 leads into vco-b"
    )


def test_a_policy_route_has_to_match_the_source_too():
    """Packets from elsewhere in the VPC go by destination."""
    routes = [route("vco-a", NET), policy("vco-b", source_cidr="10.0.2.0/24")]
    assert fate(A, B, routes=routes) == ("tunnel", "certain", "vco-a", 1)


def test_the_policy_route_of_the_smallest_priority_wins():
    """Not the narrower one."""
    routes = [policy("vco-a", priority=20, destination_cidr=ONE), policy("vco-b", priority=5)]
    assert fate(A, B, routes=routes) == ("tunnel", "certain", "vco-b", 1)


def test_policy_routes_of_equal_priority_are_ambiguous():
    """Their order is not shown by the cloud."""
    row = traced(A, B, routes=[policy("vco-a"), policy("vco-b", destination_cidr=ONE)]).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert [*split_text(row["rivals"])] == ["vco-a", "vco-b"]
    assert "equal priority 10" in row["reason"]


def test_a_priority_that_is_not_known_makes_it_unsure():
    """It might be the first; the reason says so."""
    routes = [policy("vco-a", priority=None), policy("vco-b", destination_cidr=ONE)]
    row = traced(A, B, routes=routes).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert "the priorities of the policy routes into vco-a and vco-b are not known" in row["reason"]


def test_a_priority_decides_nothing_where_one_connection_alone_matches():
    """Nobody else could be first."""
    routes = [
        policy("vco-a", priority=None),
        policy("vco-a", destination_cidr=ONE),
        route("vco-b", NET),
    ]
    assert fate(A, B, routes=routes) == ("tunnel", "certain", "vco-a", 1)


@pytest.mark.parametrize("block", [NET, WIDE])
def test_destination_routes_go_before_bgp_routes_even_longer_ones(block):
    """The vendor's page on the routes of a VPN gateway says so; the reason names it."""
    row = traced(A, B, routes=[bgp("vco-a"), route("vco-b", block)]).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert row["reason"] == (
        f"the destination route {block} of vpn-1 is the longest destination match and leads into "
        f'vco-b; a VPN gateway looks at destination routes before BGP routes ("Configure routes '
        f'for a VPN gateway"), so the BGP route {NET} into vco-a is not used'
    )


def test_a_bgp_route_counts_where_no_destination_route_matches():
    """And nothing is said of an order that decides nothing."""
    beside = route("vco-b", "172.16.0.0/12")
    row = traced(A, B, routes=[bgp("vco-a", WIDE), bgp("vco-a"), beside]).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-a", 1)
    assert "destination" not in row["reason"]
    for shorter in (bgp("vco-a", WIDE), bgp("vco-b")):
        row = traced(A, B, routes=[shorter, route("vco-b", NET)]).iloc[0]
        assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
        assert "BGP" not in row["reason"]


def test_the_order_is_told_where_the_selectors_drop_the_packet_too():
    """The BGP route into the other connection does not save it."""
    refusing = connection("vco-b", onprem_side=["172.16.0.0/12"])
    row = traced(A, refusing, routes=[bgp("vco-a"), route("vco-b", WIDE)]).iloc[0]
    assert fate_of(row)[:3] == ("dropped", "certain", "vco-b")
    assert "the BGP route 192.168.1.0/24 into vco-a is not used; the selectors" in row["reason"]


def test_a_destination_route_that_is_down_still_goes_before_a_bgp_route():
    """Only another destination route to its block could stand in for it."""
    row = traced(A, DOWN_B, routes=[bgp("vco-a"), route("vco-b", WIDE)]).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert row["reason"].endswith("it is down")


def test_on_a_transit_router_the_longest_wins_but_not_surely():
    """That page is about VPN gateways alone."""
    at = {"vpn_gateway_id": None, "transit_router_id": "tr-1"}
    pair = [connection(name, gateway=None, router="tr-1") for name in ("vco-a", "vco-b")]
    routes = [bgp("vco-a", **at), route("vco-b", WIDE, **at)]
    row = traced(*pair, routes=routes, start="tr-1").iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", None)
    assert "192.168.0.0/16 into vco-b takes the packet" in row["reason"]
    routes = [bgp("vco-a", **at), route("vco-a", WIDE, **at)]
    assert traced(*pair, routes=routes, start="tr-1")["certainty"].tolist() == ["certain"]


@pytest.mark.parametrize("weight", [0, 100, None])
def test_of_bgp_routes_the_shorter_path_wins_whatever_their_weights(weight):
    """A BGP route has no weight, even if one is sent."""
    routes = [bgp("vco-a", as_path="65001 65002", weight=100), bgp("vco-b", weight=weight)]
    row = traced(A, B, routes=routes).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert [*split_text(row["standby"])] == ["vco-b/2", "vco-a/1"]


def test_bgp_paths_that_are_not_known_are_ambiguous():
    """Which is the shorter one is not known."""
    routes = [bgp("vco-a", as_path=None), bgp("vco-b")]
    assert fate(A, B, routes=routes) == ("ambiguous", "unknown", None, None)


# Active and standby.


def test_the_lighter_route_stands_by():
    """The heavier one takes the packet; both tunnels and the other connection are named."""
    row = traced(A, B, routes=[route("vco-a", NET, weight=0), route("vco-b", NET)]).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert [*split_text(row["standby"])] == ["vco-b/2", "vco-a/1"]


def test_the_standby_takes_over_while_the_active_one_is_down():
    """And the active one takes over again when it is up."""
    row = traced(DOWN_A, B, routes=[route("vco-a", NET), route("vco-b", NET, weight=0)]).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-b", 1)
    assert "vco-a, the active route, is down" in row["reason"]
    assert [*split_text(row["standby"])] == ["vco-b/2", "vco-a/1"]


def test_of_several_standbys_the_heavier_one_is_next():
    """Then by their ids."""
    routes = [
        route("vco-a", NET, weight=0),
        route("vco-b", NET),
        route("vco-c", NET, weight=50),
        route("vco-d", NET, weight=0),
    ]
    more = [connection("vco-c"), connection("vco-d")]
    row = traced(A, B, *more, routes=routes).iloc[0]
    assert [*split_text(row["standby"])] == ["vco-b/2", "vco-c/1", "vco-a/1", "vco-d/1"]


def test_if_all_are_down_the_active_one_takes_it():
    """And it is lost: the reason says that it is down."""
    routes = [route("vco-a", NET), route("vco-b", NET, weight=0)]
    row = traced(DOWN_A, DOWN_B, routes=routes).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-a", 1)
    assert row["reason"].endswith("it is down")
    assert row["tunnel_status"] == DOWN


def test_a_status_that_is_not_known_matters_where_another_stands_by():
    """Without a standby the packet goes there in any case."""
    routes = [route("vco-a", NET), route("vco-b", NET, weight=0)]
    row = traced(UNTOLD_A, B, routes=routes).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "whether vco-a is up is not known" in row["reason"]
    single = connection("vco-a", tunnels=[(None, None)])
    assert fate(single, routes=[route("vco-a", NET)]) == ("tunnel", "certain", "vco-a", 1)


def test_equal_weights_on_a_gateway_are_ambiguous():
    """Nothing tells which is used."""
    row = traced(A, B, routes=[route("vco-a", NET), route("vco-b", NET)]).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert [*split_text(row["rivals"])] == ["vco-a", "vco-b"]


def test_a_weight_that_is_not_known_makes_it_ambiguous():
    """It may be the active or the standby one."""
    row = traced(A, B, routes=[route("vco-a", NET), route("vco-b", NET, weight=None)]).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert "the weight of the route into vco-b is not known" in row["reason"]


# Tunnels.


@pytest.mark.parametrize(
    ("tunnels", "expected"),
    [
        ([("active", UP), ("standby", UP)], ("tunnel", "certain", "vco-a", 1)),
        ([("standby", UP), ("active", UP)], ("tunnel", "certain", "vco-a", 2)),
        ([("active", DOWN), ("standby", UP)], ("tunnel", "certain", "vco-a", 2)),
        ([("active", DOWN), ("standby", DOWN)], ("tunnel", "certain", "vco-a", 1)),
        ([("active", DOWN), ("standby", None)], ("tunnel", "unknown", "vco-a", 2)),
        ([("active", None), ("standby", UP)], ("tunnel", "unknown", "vco-a", 1)),
        ([(None, UP), (None, UP)], ("tunnel", "unknown", "vco-a", None)),
        ([(None, DOWN), (None, UP)], ("tunnel", "certain", "vco-a", 2)),
        ([(None, DOWN)], ("tunnel", "certain", "vco-a", 1)),
    ],
)
def test_the_tunnel_follows_role_and_status(tunnels, expected):
    """The active one, unless it is down and the standby is not."""
    found = fate(connection("vco-a", tunnels=tunnels), routes=[route("vco-a", NET)])
    assert found == expected


def test_a_route_names_the_tunnel_where_no_role_is_told():
    """The next hop of a static route is the tunnel in use."""
    one = connection("vco-a", tunnels=[(None, UP), (None, UP)])
    bound = [route("vco-a", NET, tunnel_ids=["tun-a2"])]
    assert fate(one, routes=bound) == ("tunnel", "certain", "vco-a", 2)
    assert fate(A, routes=bound) == ("tunnel", "certain", "vco-a", 1)


def test_a_bgp_route_leads_over_the_tunnels_that_it_was_learned_over():
    """The other one does not stand by for that prefix."""
    row = traced(A, routes=[bgp("vco-a", tunnel_ids=["tun-a2"])]).iloc[0]
    assert (fate_of(row), [*split_text(row["standby"])]) == (("tunnel", "certain", "vco-a", 2), [])
    twice = [bgp("vco-a", tunnel_ids=["tun-a1"]), bgp("vco-a", tunnel_ids=["tun-a2"])]
    assert fate(A, routes=twice) == ("tunnel", "certain", "vco-a", 1)


@pytest.mark.parametrize(
    ("health", "connection_id"), [("success", "vco-a"), ("failed", "vco-b"), (None, "vco-a")]
)
def test_a_failed_health_check_is_as_good_as_down(health, connection_id):
    """Then the standby takes it; the status says why."""
    checked = connection("vco-a", tunnels=[(None, UP)], health=health)
    row = traced(checked, B, routes=[route("vco-a", NET), route("vco-b", NET, weight=0)]).iloc[0]
    assert row["vpn_connection_id"] == connection_id


def test_the_tunnels_of_a_transit_router_share_the_flows():
    """Both are active there: no tunnel is named, and that is no doubt."""
    one = connection("vco-a", gateway=None, router="tr-1")
    at = {"vpn_gateway_id": None, "transit_router_id": "tr-1"}
    row = traced(one, routes=[route("vco-a", NET, **at)], start="tr-1").iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-a", None)
    assert "its tunnels share the flows" in row["reason"]


def test_equal_routes_of_a_transit_router_share_the_flows():
    """That is known for certain, whatever their weights; one that is down takes none."""
    at = {"vpn_gateway_id": None, "transit_router_id": "tr-1"}
    on = {"gateway": None, "router": "tr-1", "tunnels": [(None, UP)]}
    routes = [route("vco-a", NET, **at), route("vco-b", NET, weight=0, **at)]
    pair = [connection("vco-a", **on), connection("vco-b", **on)]
    row = traced(*pair, routes=routes, start="tr-1").iloc[0]
    assert fate_of(row) == ("ambiguous", "certain", None, None)
    assert [*split_text(row["rivals"])] == ["vco-a", "vco-b"]
    pair[0] = connection("vco-a", **on | {"tunnels": [(None, DOWN)]})
    row = traced(*pair, routes=routes, start="tr-1").iloc[0]
    assert (fate_of(row), [*split_text(row["standby"])]) == (
        ("tunnel", "certain", "vco-b", 1),
        ["vco-a/1"],
    )
