"""Rows of route calls to records: every type, every oddity of type and shape."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import response
from test_emulator_client import NOW, signer_of

from vpnframe.cloud.answers import action_of, decode_page, decode_row
from vpnframe.cloud.fields import Fields
from vpnframe.emulator import handle, make_fleet, make_state
from vpnframe.model.records import Note, RouteEntry, Vpc

POLICY = {
    "VpnInstanceId": "vpn-1",
    "RouteSource": "172.16.0.0/16",
    "RouteDest": "10.0.0.0/24",
    "NextHop": "vco-1",
    "NextHopTunnelId": "tun-1",
    "Priority": 10,
    "Weight": 100,
    "State": "published",
    "CreateTime": 1492747187000,
}
BGP = {
    "VpnInstanceId": "vpn-1",
    "RouteDest": "10.0.0.0/24",
    "NextHop": "vco-1",
    "RouteEntryType": "bgp",
    "Source": "VPN_BGP",
    "AsPath": "65501,65001",
    "Weight": 0,
}


def row(*trees: dict[str, Any]) -> Fields:
    merged: dict[str, Any] = {}
    for tree in trees:
        merged |= tree
    return Fields(merged, [])


def policy_route(route: Fields) -> RouteEntry | None:
    found = decode_row("DescribeVpnPbrRouteEntries", route)
    assert found is None or isinstance(found, RouteEntry)
    return found


def destination_route(route: Fields) -> RouteEntry | None:
    found = decode_row("DescribeVpnRouteEntries", route)
    assert found is None or isinstance(found, RouteEntry)
    return found


def vpc(row: Fields) -> Vpc | None:
    found = decode_row("DescribeVpcs", row)
    assert found is None or isinstance(found, Vpc)
    return found


def test_a_policy_route() -> None:
    """Source, destination, priority and weight; the next hop is the connection."""
    assert policy_route(row(POLICY)) == RouteEntry(
        route_type="policy",
        vpn_gateway_id="vpn-1",
        vpn_connection_id="vco-1",
        source_cidr="172.16.0.0/16",
        destination_cidr="10.0.0.0/24",
        weight=100,
        priority=10,
        state="published",
        next_hop="vco-1",
        tunnel_ids=("tun-1",),
    )


def test_numbers_as_text_are_numbers() -> None:
    """Weight and priority come as text, too."""
    assert policy_route(row(POLICY, {"Priority": "10", "Weight": "100"})) == policy_route(
        row(POLICY)
    )


def test_an_older_gateway_has_no_priority() -> None:
    """Null, not a default of ours."""
    route = policy_route(row({n: v for n, v in POLICY.items() if n != "Priority"}))
    assert route is not None
    assert route.priority is None


@pytest.mark.parametrize("word", ["custom", "Custom", "System", "", None])
def test_whatever_is_not_bgp_is_by_destination(word: str | None) -> None:
    """The word for it changed over the years."""
    route = destination_route(row(POLICY, {"RouteEntryType": word}))
    assert route is not None
    assert (route.route_type, route.source_cidr, route.priority) == ("destination", None, None)
    assert route.weight == 100


def test_a_bgp_route_has_a_path_and_no_weight() -> None:
    """The weight is of destination routes; on a BGP route it says nothing."""
    route = destination_route(row(BGP))
    assert route is not None
    assert (route.route_type, route.as_path, route.weight) == ("bgp", "65501,65001", None)
    assert (route.learned_from, route.vpn_connection_id) == ("vpn_bgp", "vco-1")


@pytest.mark.parametrize("next_hop", ["vco-1", "vpn-1", "vpc-1", "", None])
def test_what_the_cloud_announces_leads_into_no_connection(next_hop: str | None) -> None:
    """Whatever its next hop is: it is what the peer is told."""
    route = destination_route(row(BGP, {"Source": "CLOUD", "NextHop": next_hop}))
    assert route is not None
    assert (route.vpn_connection_id, route.learned_from) == (None, "cloud")


def test_a_source_that_is_a_block_is_no_origin() -> None:
    """Older answers have a CIDR there; a BGP route that does not say leads where it points."""
    route = destination_route(row(BGP, {"Source": "192.168.10.0/24"}))
    assert route is not None
    assert (route.learned_from, route.vpn_connection_id) == (None, "vco-1")


def test_a_next_hop_that_is_no_connection() -> None:
    """It stays as it came, and leads into no connection."""
    route = destination_route(row(POLICY, {"NextHop": "vpn-9"}))
    assert route is not None
    assert (route.next_hop, route.vpn_connection_id) == ("vpn-9", None)


def test_a_route_of_an_attachment_names_its_connection() -> None:
    """It has a list of tunnels, and no gateway."""
    tree = {"VpnConnectionId": "vco-7", "NextHopTunnelIdList": ["tun-1", "tun-2"]}
    route = destination_route(row(tree, {"RouteDest": "10.0.0.0/8", "NextHop": "tr-1"}))
    assert route is not None
    assert (route.vpn_gateway_id, route.vpn_connection_id) == (None, "vco-7")
    assert route.tunnel_ids == ("tun-1", "tun-2")


@pytest.mark.parametrize("decode", [policy_route, destination_route])
def test_a_route_without_a_destination_is_none(decode: Any) -> None:
    """Nothing could be said of it."""
    assert decode(row(POLICY, {"RouteDest": " "})) is None


def test_a_weight_that_is_no_number_is_a_note() -> None:
    """The route stays."""
    route = policy_route(row(POLICY, {"Weight": "high"}))
    assert route is not None
    assert route.weight is None
    assert route.notes == (
        Note(
            field="Weight",
            message="is other text, not a whole number",
            action="DescribeVpnPbrRouteEntries",
        ),
    )


def test_routes_that_differ_in_state_alone_are_one_entry() -> None:
    """A route that is published between two pages is the same one."""
    one, other = policy_route(row(POLICY)), policy_route(row(POLICY, {"State": "normal"}))
    assert one is not None
    assert other is not None
    assert one.entry_id == other.entry_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("RouteSource", "172.17.0.0/16"), ("RouteDest", "10.0.1.0/24"), ("NextHop", "vco-2")),
        *(("NextHopTunnelId", "tun-2"), ("Weight", 0), ("Priority", 20)),
    ],
)
def test_routes_that_differ_otherwise_are_two(name: str, value: object) -> None:
    """None of them may be taken for a double."""
    one, other = policy_route(row(POLICY)), policy_route(row(POLICY, {name: value}))
    assert one is not None
    assert other is not None
    assert one.entry_id != other.entry_id


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ({"SecondaryCidrBlock": ["10.1.0.0/16", "10.2.0.0/16"]}, ("10.1.0.0/16", "10.2.0.0/16")),
        ({"SecondaryCidrBlock": "10.1.0.0/16"}, ("10.1.0.0/16",)),
        ({"SecondaryCidrBlock": []}, ()),
        ({"SecondaryCidrBlock": None}, ()),
        (["10.1.0.0/16", ""], ("10.1.0.0/16",)),
        *[(nothing, ()) for nothing in ({}, "", None, [])],
    ],
)
def test_blocks_of_a_vpc(blocks: object, expected: tuple[str, ...]) -> None:
    """Wrapped or bare, one as text, none in every shape."""
    tree = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "SecondaryCidrBlocks": blocks}
    assert vpc(row(tree)) == Vpc(vpc_id="vpc-1", cidrs=("10.0.0.0/16",), secondary_cidrs=expected)


def test_a_block_that_is_no_text_is_a_note() -> None:
    """The VPC and its other blocks stay."""
    found = vpc(row({"VpcId": "vpc-1", "UserCidrs": {"UserCidr": [7, "9.0.0.0/8"]}}))
    assert found is not None
    assert found.user_cidrs == ("9.0.0.0/8",)
    assert found.notes == (
        Note(
            field="UserCidrs",
            message="contains values other than text",
            action="DescribeVpcs",
        ),
    )


@pytest.mark.parametrize(
    ("action", "wrap"),
    [
        ("DescribeVpnRouteEntries", lambda rows: {"VpnRouteEntry": rows}),
        ("DescribeVpnPbrRouteEntries", lambda rows: {"VpnPbrRouteEntry": rows}),
        ("DescribeVcoRouteEntries", lambda rows: rows),
    ],
)
def test_a_page_is_told_by_its_shape(action: str, wrap: Any) -> None:
    """A row without a destination is a note, never the end of the page."""
    rows = [POLICY, {"NextHop": "vco-1"}]
    answer = response({"TotalCount": 2, action.removeprefix("Describe"): wrap(rows)})
    assert action_of(answer) == action
    page = decode_page(answer, action=action)
    assert len(page.rows) == 1
    (note,) = page.notes
    assert note.message == "is missing: this row is skipped"


def test_xml_of_one_row_and_one_tunnel() -> None:
    """A list of one looks like an object there, a text like a list of one."""
    body = (
        "<DescribeVcoRouteEntriesResponse><TotalCount>1</TotalCount><VcoRouteEntries>"
        "<VpnConnectionId>vco-1</VpnConnectionId><RouteDest>10.0.0.0/8</RouteDest>"
        "<NextHop>vco-1</NextHop><NextHopTunnelIdList>tun-1</NextHopTunnelIdList>"
        "<RouteEntryType>bgp</RouteEntryType><Source>VPN_BGP</Source></VcoRouteEntries>"
        "</DescribeVcoRouteEntriesResponse>"
    )
    (route,) = decode_page(response(body), action="DescribeVcoRouteEntries").rows
    assert isinstance(route, RouteEntry)
    assert (route.tunnel_ids, route.route_type) == (("tun-1",), "bgp")


def test_an_empty_xml_list_is_no_row() -> None:
    """Nothing stands where the rows would."""
    body = "<DescribeVpcsResponse><TotalCount>0</TotalCount><Vpcs/></DescribeVpcsResponse>"
    assert decode_page(response(body), action="DescribeVpcs").rows == ()


def test_every_drawn_route_decodes_without_a_note() -> None:
    """Of each gateway and attachment of an emulated region, against the fleet itself."""
    fleet = make_fleet(connections=120, regions=1)
    state = make_state(fleet, quotas=False)
    signer, region = signer_of(state), fleet.regions[0].region_id
    asked = [
        (action, {"VpnGatewayId": gateway.vpn_gateway_id, "RouteEntryType": kind})
        for gateway in fleet.vpn_gateways
        for action, kind in (
            ("DescribeVpnRouteEntries", "custom"),
            ("DescribeVpnRouteEntries", "bgp"),
            ("DescribeVpnPbrRouteEntries", ""),
        )
    ]
    asked += [
        (
            "DescribeVcoRouteEntries",
            {"VpnConnectionId": c.vpn_connection_id, "RouteEntryType": kind},
        )
        for c in fleet.connections
        for kind in ("custom", "bgp")
    ]
    found = []
    for action, parameters in asked:
        request = signer.acs3(action, {"RegionId": region, "PageSize": "50", **parameters})
        page = decode_page(handle(state, request, NOW), action=action)
        assert page.total_count == len(page.rows)
        assert not page.notes
        found += [route for route in page.rows if isinstance(route, RouteEntry)]
    assert not [route.notes for route in found if route.notes]
    expected = {
        (r.kind.replace("custom", "destination"), r.source, r.destination, r.weight, r.priority,
         r.state, r.next_hop or None, r.tunnel_ids, r.as_path,
         None if r.learned_from == "CLOUD" else r.vpn_connection_id)
        for r in fleet.routes
    }  # fmt: skip
    assert {
        (r.route_type, r.source_cidr, r.destination_cidr, r.weight, r.priority, r.state,
         r.next_hop, r.tunnel_ids, r.as_path, r.vpn_connection_id)
        for r in found
    } == expected  # fmt: skip
    assert len(found) == len(fleet.routes)
