"""The routes of a region: which lists are read, what failed of them, and where they lead."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    Answer,
    FakeSend,
    Handler,
    ManualClock,
    action_of,
    caller_of,
    crawl,
    error_response,
    keys_of,
    params_of,
    response,
    run_virtual,
)
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.cloud.messages import Request
from vpnframe.emulator import EmulatedConnection, handle, make_fleet, make_state
from vpnframe.fetching.caller import Place
from vpnframe.fetching.checkpoint import open_checkpoint
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.routes import RegionRoutes
from vpnframe.model.records import Records, RouteEntry, RoutesInto, Statement
from vpnframe.model.routes import Weights, holder_of

FLEET = make_fleet(connections=60, regions=1, seed=3)
ROUTES = [route for route in FLEET.routes if route.learned_from != "CLOUD"]
GATEWAY = Counter(r.vpn_gateway_id for r in ROUTES if r.vpn_gateway_id).most_common(1)[0][0] or ""
ATTACHED = next(c for c in FLEET.connections if c.attach_type == "CEN").vpn_connection_id
BY_DESTINATION, BY_POLICY = "DescribeVpnRouteEntries", "DescribeVpnPbrRouteEntries"
ON_ROUTER = "DescribeVcoRouteEntries"
LISTS = (BY_DESTINATION, BY_POLICY, ON_ROUTER)


def crawled(fault: Handler | None = None, **plan: Any) -> Records:
    return crawl(make_state(FLEET, quotas=False), fault=fault, plan=Plan(downloads="none", **plan))


def on_list(answer: Answer, action: str, **params: str) -> Handler:
    """A fault for one list: of that action, with those parameters."""

    def fault(request: Request) -> Any:
        is_one = action_of(request) == action and params.items() <= params_of(request).items()
        return answer if is_one else None

    return fault


def known_of(records: Records) -> dict[str, bool | None]:
    return {c.vpn_connection_id: c.has_known_routes for c in records.connections}


def ids_on(gateway_id: str) -> set[str]:
    return {c.vpn_connection_id for c in FLEET.connections if c.vpn_gateway_id == gateway_id}


def test_every_gateway_and_attachment_is_asked_once() -> None:
    """Both types of each, and the policies of each gateway; nothing of a connection alone."""
    asked: Counter[tuple[str, str, str]] = Counter()

    def keep(request: Request) -> None:
        params, action = params_of(request), action_of(request)
        if action in LISTS and params["PageNumber"] == "1":
            holder = params.get("VpnGatewayId") or params["VpnConnectionId"]
            asked[action, holder, params.get("RouteEntryType", "")] += 1

    crawled(keep)
    gateways = {g.vpn_gateway_id for g in FLEET.vpn_gateways}
    attached = {c.vpn_connection_id for c in FLEET.connections if c.attach_type == "CEN"}
    expected = {(BY_DESTINATION, g, kind) for g in gateways for kind in ("custom", "bgp")}
    expected |= {(BY_POLICY, g, "") for g in gateways}
    expected |= {(ON_ROUTER, c, kind) for c in attached for kind in ("custom", "bgp")}
    assert set(asked) == expected


def test_routes_lead_into_connections_of_the_region() -> None:
    """Each route once, with its account, region and gateway."""
    records = crawled()
    found = Counter((r.vpn_connection_id, r.destination_cidr) for r in records.routes)
    expected = Counter((r.vpn_connection_id, r.destination) for r in ROUTES)
    cloud = Counter((None, r.destination) for r in FLEET.routes if r.learned_from == "CLOUD")
    assert found == expected + cloud
    assert {r.region_id for r in records.routes} == {FLEET.regions[0].region_id}
    assert set(known_of(records).values()) == {True}


def test_a_connection_that_hangs_on_nothing_has_known_routes() -> None:
    """No list could name one; it is a statement, not a guess."""
    alone = Statement(witness="describe", vpn_connection_id="vco-1", attach_type="NO_ASSOCIATED")
    assert holder_of(alone) is None
    unsaid = Statement(witness="describe", vpn_connection_id="vco-2")
    assert holder_of(unsaid) == "vco-2"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error_response("Forbidden.RAM", 403), "denied"),
        (error_response("InternalError", 500), "server"),
        (error_response("InvalidVpnGatewayInstanceId.NotFound", 404), "unavailable"),
        (error_response("InvalidAction.NotFound", 404), "unsupported"),
        (response("<html></html>", 200), "malformed"),
    ],
    ids=["denied", "server", "not found", "unsupported", "html"],
)
def test_a_list_that_fails_is_a_row_and_its_connections_are_not_known(
    answer: Answer, kind: str
) -> None:
    """The row names the gateway; the region is partial; every other connection is known."""
    fault = on_list(answer, BY_DESTINATION, VpnGatewayId=GATEWAY, RouteEntryType="bgp")
    records = crawled(fault)
    (failure,) = records.failures
    assert (failure.kind, failure.action) == (kind, BY_DESTINATION)
    assert failure.message.startswith(f"routes of {GATEWAY}: ")
    assert {i for i, known in known_of(records).items() if known is False} == ids_on(GATEWAY)
    (coverage,) = records.coverage
    assert (coverage.status, coverage.n_failed) == ("partial", 0)
    assert len(records.routes) > 0.8 * len(FLEET.routes)


def test_routes_of_a_gateway_that_no_list_has_are_gone() -> None:
    """The list, asked again for it alone, does not show it: it went away."""
    missing = error_response("InvalidVpnGatewayInstanceId.NotFound", 404)
    nothing = response({"TotalCount": 0, "VpnGateways": {"VpnGateway": []}})
    routes = on_list(missing, BY_POLICY, VpnGatewayId=GATEWAY)
    again = on_list(nothing, "DescribeVpnGateways", VpnGatewayId=GATEWAY)
    records = crawled(lambda request: routes(request) or again(request))
    assert [(f.kind, f.action) for f in records.failures] == [("gone", BY_POLICY)]


def test_routes_of_an_attachment_that_is_listed_are_unavailable() -> None:
    """A 404 about a connection that is there."""
    missing = error_response("InvalidVpnConnectionInstanceId.NotFound", 404)
    fault = on_list(missing, ON_ROUTER, VpnConnectionId=ATTACHED, RouteEntryType="bgp")
    records = crawled(fault)
    (failure,) = records.failures
    assert (failure.kind, failure.vpn_connection_id) == ("unavailable", ATTACHED)


@pytest.mark.parametrize("count", [-1, "many", 10**15])
def test_a_count_of_routes_that_makes_no_sense_ends_and_is_told(count: object) -> None:
    """The routes that are there are read; whether they are all nobody knows."""
    rows = {"VpnRouteEntry": [{"RouteDest": "10.9.0.0/16", "NextHop": "vco-none"}]}
    odd = response({"TotalCount": count, "VpnRouteEntries": rows})
    records = crawled(on_list(odd, BY_DESTINATION, VpnGatewayId=GATEWAY, RouteEntryType="custom"))
    (failure,) = records.failures
    assert failure.message.startswith(f"routes of {GATEWAY}: TotalCount is ")
    assert {i for i, known in known_of(records).items() if known is False} == ids_on(GATEWAY)
    assert records.coverage[0].status == "partial"


def test_a_failed_list_of_an_attachment_is_of_its_connection() -> None:
    """That connection alone is not known, and its row says so."""
    fault = on_list(error_response("Forbidden", 403), ON_ROUTER, VpnConnectionId=ATTACHED)
    records = crawled(fault)
    assert {f.vpn_connection_id for f in records.failures} == {ATTACHED}
    assert [i for i, known in known_of(records).items() if not known] == [ATTACHED]


def test_a_list_that_gives_less_than_it_counts_is_not_known() -> None:
    """Rows are missing though no call failed."""
    short = response({"TotalCount": 2, "VpnRouteEntries": {"VpnRouteEntry": [
        {"RouteDest": "10.9.0.0/16", "NextHop": "vco-none"}]}})  # fmt: skip
    fault = on_list(short, BY_DESTINATION, VpnGatewayId=GATEWAY, RouteEntryType="custom")
    records = crawled(fault)
    assert "the cloud counts 2 rows, but returned 1" in records.failures[0].message
    assert {i for i, known in known_of(records).items() if known is False} == ids_on(GATEWAY)
    assert not records.coverage[0].is_stable


def test_a_route_into_a_connection_that_is_not_listed_stays() -> None:
    """It leads nowhere that we know of, and gives no connection a block."""
    odd = response({"TotalCount": 1, "VpnRouteEntries": {"VpnRouteEntry": [
        {"RouteDest": "10.9.0.0/16", "NextHop": "vco-none"}]}})  # fmt: skip
    fault = on_list(odd, BY_DESTINATION, VpnGatewayId=GATEWAY, RouteEntryType="custom")
    records = crawled(fault)
    strays = [r for r in records.routes if r.vpn_connection_id == "vco-none"]
    assert [r.vpn_gateway_id for r in strays] == [GATEWAY]
    assert records.coverage[0].status == "complete"


def test_without_permission_for_vpcs_the_rest_is_read() -> None:
    """The region is partial, and says why."""
    records = crawled(on_list(error_response("Forbidden.RAM", 403), "DescribeVpcs"))
    assert [(f.action, f.kind) for f in records.failures] == [("DescribeVpcs", "denied")]
    assert records.coverage[0].status == "partial"
    assert records.vpcs == ()
    assert set(known_of(records).values()) == {True}


def test_gateways_that_connections_name_are_asked_though_they_cannot_be_listed() -> None:
    """A refused list of gateways costs no route of a connection."""
    records = crawled(on_list(error_response("Forbidden.RAM", 403), "DescribeVpnGateways"))
    assert set(known_of(records).values()) == {True}
    on_gateways = {c.vpn_connection_id for c in FLEET.connections if c.vpn_gateway_id}
    found = {r.vpn_connection_id for r in records.routes} & on_gateways
    assert found == {r.vpn_connection_id for r in ROUTES if r.vpn_gateway_id}


def test_routes_that_are_not_asked_for_are_not_known() -> None:
    """Null, not false; and no call is made."""
    records = crawled(on_list(error_response("Odd", 500), BY_POLICY), routes=False)
    assert set(known_of(records).values()) == {None}
    assert (records.routes, records.vpcs, records.failures) == ((), (), ())


def test_an_odd_value_in_a_route_is_a_row_with_its_connection() -> None:
    """The route stays, without it."""
    odd = response({"TotalCount": 1, "VpnPbrRouteEntries": {"VpnPbrRouteEntry": [
        {"RouteDest": "10.9.0.0/16", "NextHop": ATTACHED, "Weight": "hush"}]}})  # fmt: skip
    records = crawled(on_list(odd, BY_POLICY, VpnGatewayId=GATEWAY))
    (failure,) = records.failures
    assert failure.message.startswith("the route to 10.9.0.0/16: VpnPbrRouteEntries.")
    assert failure.message.endswith("Weight is other text, not a whole number")
    assert (failure.action, failure.vpn_connection_id) == (BY_POLICY, ATTACHED)
    assert set(known_of(records).values()) == {True}


def test_lists_that_an_earlier_run_read_are_not_asked_for_again(tmp_path: Path) -> None:
    """Each lies in the checkpoint under its own holder and type; one that failed does not."""
    state, manual = make_state(FLEET, quotas=False), ManualClock()
    holders = {GATEWAY: "VpnGatewayId", ATTACHED: "VpnConnectionId"}
    place = Place("https://vpc.test", FLEET.regions[0].region_id)
    asked = []
    refused = on_list(error_response("Forbidden.RAM", 403), ON_ROUTER, RouteEntryType="bgp")

    def answer(request: Request) -> Answer:
        asked.append(action_of(request))
        refusal: Any = refused(request) if len(asked) <= 5 else None
        return refusal or handle(state, request, manual.utc_now().timestamp())

    async def read() -> RegionRoutes:
        with open_checkpoint(tmp_path, purpose={}, resume=True) as checkpoint:
            caller = caller_of(
                FakeSend(answer),
                manual,
                provider=keys_of(state),
                checkpoint=checkpoint,
                account_id="1",
            )
            routes = RegionRoutes(caller, place, holders)
            await routes.read_all()
        routes.arrange([c.vpn_connection_id for c in FLEET.connections])
        return routes

    first = run_virtual(read())
    assert (len(asked), first.lost) == (5, {ATTACHED})
    second = run_virtual(read())
    assert (asked[5:], second.lost) == ([ON_ROUTER], set())
    leading = [one for part in second.into.parts() for one in part.values()]
    assert {
        route.destination_cidr
        for one in leading
        if isinstance(one, RoutesInto)
        for route in one.entries
    } == {
        r.destination
        for r in ROUTES
        if r.vpn_gateway_id == GATEWAY or r.vpn_connection_id == ATTACHED
    }


def test_route_lists_have_one_order() -> None:
    """By the kind of holder, then in order of their ids: two runs ask in one order."""
    holders = {"vco-1": "VpnConnectionId", "vpn-2": "VpnGatewayId", "vpn-1": "VpnGatewayId"}
    lists = list(RegionRoutes(caller_of(FakeSend([])), Place("https://vpc.test"), holders).lists())
    named = [next(iter(one.about.values())) for one in lists]
    assert named == ["vco-1"] * 2 + ["vpn-1"] * 3 + ["vpn-2"] * 3
    assert [(one.action, one.about.get("RouteEntryType")) for one in lists[2:5]] == [
        (BY_DESTINATION, "custom"),
        (BY_DESTINATION, "bgp"),
        (BY_POLICY, None),
    ]


ENTRIES = st.builds(
    RouteEntry,
    route_type=st.sampled_from(["policy", "destination"]),
    vpn_gateway_id=st.sampled_from([None, "vpn-1", "vpn-2"]),
    vpn_connection_id=st.sampled_from(["vco-1", "vco-2", "vco-3"]),
    source_cidr=st.sampled_from([None, "172.16.0.0/16"]),
    destination_cidr=st.sampled_from(["10.0.0.0/8", "10.1.0.0/16"]),
    weight=st.sampled_from([None, 0, 100]),
)


@pytest.mark.proof
@given(st.lists(ENTRIES, max_size=12))
def test_weights_equal_every_pair_compared(routes: list[RouteEntry]) -> None:
    """Two connections, one route, one gateway, two known weights; then all that have that route."""

    def place(route: RouteEntry) -> tuple[str | None, ...]:
        return (
            *(route.vpn_gateway_id, route.route_type),
            *(route.source_cidr, route.destination_cidr),
        )

    counted = [route for route in routes if route.vpn_gateway_id and route.weight is not None]
    weighed = set()
    for one in counted:
        beside = [other for other in counted if place(other) == place(one)]
        if len({r.vpn_connection_id for r in beside}) > 1 and len({r.weight for r in beside}) > 1:
            weighed |= {route.vpn_connection_id for route in beside}
    weights = Weights()
    for route in routes:
        weights.add(route)
    assert weights.find_weighed() == weighed


def test_the_emulated_pair_of_active_and_standby_is_found() -> None:
    """Planted in the default fleet."""
    fleet = make_fleet()
    plant = next(p for p in fleet.planted if p.plant_id == "routes-active-and-standby")
    pair: dict[str, EmulatedConnection] = {
        c.vpn_connection_id: c
        for c in fleet.connections
        if c.vpn_connection_id in plant.vpn_connection_ids
    }
    records = crawl(make_state(fleet, quotas=False), plan=Plan(downloads="none"))
    weighed = {c.vpn_connection_id for c in records.connections if c.has_weighed_routes}
    assert set(pair) <= weighed
