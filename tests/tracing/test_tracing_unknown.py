"""What is said where selectors, routes, states or the start are not known."""

from __future__ import annotations

import pytest
from trace_helpers import (
    BY_POLICY,
    DOWN_A,
    HOST,
    NET,
    SITE,
    UP,
    VPC,
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

from vpnframe.errors import SettingsError
from vpnframe.schema.joined import split_text

# Selectors, publication, and what was not read.


def test_selectors_that_do_not_admit_the_packet_drop_it():
    """Even if a route leads there, and nothing else takes it."""
    narrow = connection("vco-a", vpc_side=["10.0.2.0/24"], onprem_side=[WIDE])
    row = traced(narrow, B, routes=[route("vco-a", NET), route("vco-b", WIDE)]).iloc[0]
    assert fate_of(row) == ("dropped", "certain", "vco-a", None)
    assert "the selectors of vco-a drop it" in row["reason"]


def test_selectors_that_could_not_be_read_make_it_unsure():
    """One of the texts is no block: it might be the one that admits the packet."""
    broken = connection("vco-a", vpc_side=[VPC], onprem_side=["broken"])
    row = traced(broken, routes=[route("vco-a", NET)]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "the selectors of vco-a are not known" in row["reason"]


@pytest.mark.parametrize(
    ("state", "words"), [("normal", "state normal"), (None, "state not known")]
)
def test_a_route_that_is_not_published_makes_it_unsure(state, words):
    """The VPC may never hand the packet over."""
    row = traced(A, routes=[policy("vco-a", state=state)]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert f"that route is not published ({words})" in row["reason"]


def test_a_bgp_route_that_is_active_counts_as_published():
    """That is the word on a transit router."""
    assert fate(A, routes=[bgp("vco-a", state="Active")]) == ("tunnel", "certain", "vco-a", 1)


def test_a_standby_is_published_where_the_active_route_is():
    """To the VPC they are one block."""
    routes = [route("vco-a", NET), route("vco-b", NET, weight=0, state="normal")]
    assert fate(DOWN_A, B, routes=routes) == ("tunnel", "certain", "vco-b", 1)


def test_without_routes_a_route_based_connection_is_unknown():
    """Its prefixes are nowhere else."""
    row = traced(connection("vco-a", is_known=None)).iloc[0]
    assert fate_of(row) == ("unknown", "unknown", None, None)
    assert "not all routes into vco-a on vpn-1 were read" in row["reason"]


@pytest.mark.parametrize("is_known", [None, False])
def test_without_routes_selectors_that_say_something_are_enough(is_known):
    """Of one connection alone, as no other on the gateway admits the packet."""
    one = connection("vco-a", **BY_POLICY, is_known=is_known)
    other = connection("vco-b", vpc_side=[VPC], onprem_side=["172.16.0.0/16"], is_known=is_known)
    row = traced(one, other).iloc[0]
    assert fate_of(row) == ("tunnel", "certain", "vco-a", 1)
    assert row["route_type"] == "selector"
    assert fate(one, other, to="172.20.0.1") == ("none", "certain", None, None)


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ({"vpc_side": ["0.0.0.0/0"], "onprem_side": [NET]}, ("tunnel", "certain", "vco-a", 1)),
        ({"vpc_side": [VPC], "onprem_side": ["0.0.0.0/0"]}, ("unknown", "unknown", None, None)),
        (
            {"vpc_side": [VPC], "onprem_side": [NET, "0.0.0.0/0"]},
            ("unknown", "unknown", None, None),
        ),
    ],
)
def test_without_routes_a_default_route_on_premises_says_nothing(sides, expected):
    """On the VPC side it does no harm: what is on premises is told."""
    assert fate(connection("vco-a", **sides, is_known=None)) == expected


def test_without_routes_two_selectors_that_admit_it_are_ambiguous():
    """No priority tells which is first."""
    both = [connection(name, **BY_POLICY, is_known=None) for name in ("vco-a", "vco-b")]
    row = traced(*both).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert "the selectors of vco-a and vco-b admit it" in row["reason"]


def test_routes_of_another_connection_that_were_not_read_make_it_unsure():
    """They might go before."""
    row = traced(A, connection("vco-b", is_known=False), routes=[route("vco-a", NET)]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "not all routes into vco-b on vpn-1 were read" in row["reason"]


def test_a_route_that_is_no_block_counts_as_not_read():
    """What it leads to is not known."""
    routes = [route("vco-a", NET), route("vco-b", "broken")]
    assert fate(A, B, routes=routes) == ("tunnel", "unknown", "vco-a", 1)


def test_a_connection_that_only_a_route_names_takes_it():
    """Its tunnels and selectors are not known."""
    row = traced(A, routes=[route("vco-x", NET)]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-x", None)
    assert "vco-x was not read" in row["reason"]


def test_a_route_without_a_connection_leads_nowhere():
    """It is what the cloud announces to its peers."""
    assert fate(A, routes=[bgp(None), route("vco-a", WIDE)]) == ("tunnel", "certain", "vco-a", 1)


def test_a_connection_that_hangs_on_nothing_carries_nothing():
    """Neither by selectors nor by routes."""
    alone = connection("vco-a", gateway=None, **BY_POLICY, is_known=None)
    routes = [route("vco-a", NET, vpn_gateway_id=None)]
    assert fate(alone, routes=routes) == ("none", "certain", None, None)


def test_a_route_without_a_router_stands_in_that_of_its_connection():
    """As saved answers may have it."""
    routes = [route("vco-a", NET, vpn_gateway_id=None)]
    assert fate(A, routes=routes) == ("tunnel", "certain", "vco-a", 1)


# Where the packet starts.


def test_the_local_route_of_the_vpc_wins():
    """A tunnel to a block of the VPC's own is a black hole, and the reason names it."""
    row = traced(A, routes=[route("vco-a", "10.0.2.0/24")], to="10.0.2.9").iloc[0]
    assert fate_of(row) == ("local", "certain", None, None)
    assert row["reason"] == (
        "the destination lies in vpc-1 itself: its local route wins, and the destination route "
        "10.0.2.0/24 into vco-a is never used for it"
    )


def test_a_user_cidr_of_the_vpc_is_not_local():
    """It has no local route: packets to it follow the routes into the tunnel, or nowhere."""
    users = {"user_cidrs": ["203.0.113.0/24", "192.168.0.0/16"]}
    assert fate(A, routes=[route("vco-a", NET)], **users) == ("tunnel", "certain", "vco-a", 1)
    at_user = fate(A, routes=[route("vco-a", "203.0.113.0/25")], to="203.0.113.9", **users)
    assert at_user == ("tunnel", "certain", "vco-a", 1)
    assert fate(A, routes=[route("vco-a", NET)], to="203.0.113.9", **users)[0] == "none"


def test_a_source_in_a_user_cidr_is_not_inside_the_vpc():
    """Its addresses are elsewhere, so where the packet starts is not known, but by ``start``."""
    users = {"user_cidrs": ["203.0.113.0/24"], "source": "203.0.113.9"}
    row = traced(A, routes=[route("vco-a", NET)], **users).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "the source lies in no VPC that was read" in row["reason"]
    assert fate(A, to="172.31.0.1", **users)[0] == "none"
    given = fate(A, routes=[route("vco-a", NET)], start="vpc-1", **users)
    assert given == ("tunnel", "certain", "vco-a", 1)


def test_a_secondary_block_is_local_too():
    """And a VPC without a gateway keeps its packets."""
    vpcs = {"vpc-9": [VPC, "10.99.0.0/16"]}
    assert fate(vpcs=vpcs, to="10.99.0.1") == ("local", "certain", None, None)
    row = traced(vpcs=vpcs).iloc[0]
    assert (fate_of(row)[:2], row["reason"]) == (("none", "certain"), "vpc-9 has no VPN gateway")


def test_a_source_in_no_vpc_is_said():
    """A route leads there, but whether the packet starts there is not known."""
    row = traced(A, routes=[route("vco-a", NET)], source="172.31.0.1").iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "the source lies in no VPC that was read" in row["reason"]


def test_the_way_back_is_the_peers_to_choose():
    """From the premises into the VPC nothing here decides."""
    row = traced(A, routes=[route("vco-a", NET)], source=SITE, to=HOST).iloc[0]
    assert fate_of(row) == ("none", "certain", None, None)
    assert "the peer's routes decide" in row["reason"]


def test_a_vpc_that_was_not_read_makes_destination_routes_unsure():
    """A policy route or selectors name their sources themselves."""
    row = traced(A, routes=[route("vco-a", NET)], vpcs={}).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "the blocks of the VPC behind vpn-1 were not read" in row["reason"]
    assert fate(A, routes=[policy("vco-a")], vpcs={}) == ("tunnel", "certain", "vco-a", 1)
    everywhere = policy("vco-a", source_cidr="0.0.0.0/0")
    assert fate(A, routes=[everywhere], vpcs={}) == ("tunnel", "unknown", "vco-a", 1)


def test_a_vpc_with_a_block_that_is_none_counts_as_not_read():
    """Its other blocks alone would place packets wrongly."""
    row = traced(A, routes=[route("vco-a", NET)], vpcs={"vpc-1": [VPC, "10.99.0.0/99"]}).iloc[0]
    assert "were not read" in row["reason"]


def test_of_two_gateways_of_a_vpc_the_longer_published_route_decides():
    """As the VPC's own route table does; equal ones are ambiguous."""
    pair = [A, connection("vco-b", gateway="vpn-2")]
    longer = [route("vco-a", WIDE), route("vco-b", NET, vpn_gateway_id="vpn-2")]
    assert fate(*pair, routes=longer) == ("tunnel", "certain", "vco-b", 1)
    equal = [route("vco-a", NET), longer[1]]
    row = traced(*pair, routes=equal).iloc[0]
    assert (fate_of(row)[:2], [*split_text(row["rivals"])]) == (
        ("ambiguous", "unknown"), ["vco-a", "vco-b"],
    )  # fmt: skip
    assert "several routers of vpc-1 have an equally long route there" in row["reason"]


def test_between_gateways_of_a_vpc_only_published_routes_count():
    """A longer one that the VPC does not know brings no packet to its gateway."""
    pair = [A, connection("vco-b", gateway="vpn-2")]
    routes = [route("vco-a", WIDE), route("vco-b", NET, vpn_gateway_id="vpn-2", state="normal")]
    assert fate(*pair, routes=routes) == ("tunnel", "certain", "vco-a", 1)


TWO_VPCS = {"vpc-1": [VPC], "vpc-2": [VPC]}
ELSEWHERE = connection("vco-b", gateway="vpn-2", vpc="vpc-2")


def test_a_block_that_two_vpcs_use_is_settled_by_the_one_with_a_route():
    """The other one does not carry such packets at all."""
    found = fate(A, ELSEWHERE, routes=[route("vco-a", NET)], vpcs=TWO_VPCS)
    assert found == ("tunnel", "certain", "vco-a", 1)


def test_a_block_that_two_vpcs_use_is_ambiguous_where_both_have_a_route():
    """Until the start is told."""
    routes = [route("vco-a", NET), route("vco-b", NET, vpn_gateway_id="vpn-2")]
    row = traced(A, ELSEWHERE, routes=routes, vpcs=TWO_VPCS).iloc[0]
    assert fate_of(row) == ("ambiguous", "unknown", None, None)
    assert "the source lies in several VPCs" in row["reason"]
    for start, name in (("vpc-1", "vco-a"), ("vpn-2", "vco-b"), ("vpc-2", "vco-b")):
        found = fate(A, ELSEWHERE, routes=routes, vpcs=TWO_VPCS, start=start)
        assert found == ("tunnel", "certain", name, 1)


def test_a_gateway_whose_routes_were_not_read_makes_another_unsure():
    """It might carry the packet as well."""
    other = connection("vco-b", gateway="vpn-2", is_known=False)
    row = traced(A, other, routes=[route("vco-a", NET)]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-a", 1)
    assert "not all routes into vco-b on vpn-2 were read" in row["reason"]


def test_a_start_that_is_given_holds_whatever_the_source():
    """It is the user's word, also where the VPC was not read."""
    routes = [route("vco-a", NET)]
    found = fate(A, routes=routes, vpcs={}, start="vpn-1", source="172.31.0.1")
    assert found == ("tunnel", "certain", "vco-a", 1)
    local = fate(A, routes=routes, start="vpc-1", source="172.31.0.1", to=HOST)
    assert local == ("local", "certain", None, None)


def test_a_start_that_is_nothing_of_the_fleet_is_refused():
    """The error names it."""
    with pytest.raises(SettingsError, match="'vpc-7' is not a VPC"):
        traced(A, start="vpc-7")


def test_a_transit_router_is_named_where_the_vpc_has_no_route():
    """Which VPCs are attached to it is not known; a gateway's own route goes before."""
    attached = connection("vco-b", gateway=None, router="tr-1", tunnels=[(None, UP)])
    over = route("vco-b", WIDE, vpn_gateway_id=None, transit_router_id="tr-1")
    row = traced(A, attached, routes=[over]).iloc[0]
    assert fate_of(row) == ("tunnel", "unknown", "vco-b", 1)
    assert "whether the source's VPC is attached to tr-1 is not known" in row["reason"]
    both = [over, route("vco-a", "192.0.0.0/8")]
    assert fate(A, attached, routes=both) == ("tunnel", "certain", "vco-a", 1)


def test_a_transit_router_says_nothing_where_the_vpcs_own_gateway_is_unknown():
    """The gateway might have a route, and that would go before."""
    attached = connection("vco-b", gateway=None, router="tr-1")
    over = route("vco-b", WIDE, vpn_gateway_id=None, transit_router_id="tr-1")
    row = traced(connection("vco-a", is_known=None), attached, routes=[over]).iloc[0]
    assert fate_of(row) == ("unknown", "unknown", None, None)


def test_a_transit_router_that_was_not_read_makes_no_route_unsure():
    """It might carry the packet, if the VPC is attached to it."""
    attached = connection("vco-b", gateway=None, router="tr-1", is_known=None)
    row = traced(A, attached).iloc[0]
    assert fate_of(row) == ("none", "unknown", None, None)
    assert "not all routes into vco-b were read" in row["reason"]
