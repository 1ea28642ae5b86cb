"""A whole account: identity, regions, their places, and what of it cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import (
    Answer,
    FakeSend,
    action_of,
    by_action,
    caller_of,
    crawl,
    crawl_account,
    error_response,
    merge_records,
    params_of,
    response,
    run_virtual,
)

from vpnframe.cloud.actions import REGION_LISTS
from vpnframe.cloud.messages import Request
from vpnframe.emulator import make_fleet, make_state
from vpnframe.errors import TransportError
from vpnframe.fetching.crawl import Plan, parse_downloads
from vpnframe.fetching.events import Event, RegionRead, RegionsFound
from vpnframe.model.records import Coverage, Failure, Records

FLEET = make_fleet(connections=30, regions=3)
REGIONS = sorted(region.region_id for region in FLEET.regions)


def cloud(*regions: dict[str, Any], **changes: Any) -> FakeSend:
    """A cloud without connections, whose DescribeRegions gives these rows."""
    empty = {
        **{one.name: response({"TotalCount": 0, one.list_path[0]: {}}) for one in REGION_LISTS},
        "GetCallerIdentity": response({"AccountId": "1234"}),
        "DescribeRegions": response({"Regions": {"Region": list(regions)}}),
    }
    return FakeSend(by_action(empty | changes))


def crawled(send: FakeSend, **plan: Any) -> Records:
    return run_virtual(crawl_account(caller_of(send), Plan(**plan)))


def hosts(send: FakeSend) -> set[str]:
    return {request.host for request in send.requests}


def row(region_id: str, endpoint: str | None = None) -> dict[str, Any]:
    return {"RegionId": region_id, "RegionEndpoint": endpoint}


def statuses(records: Records) -> dict[str | None, str]:
    return {one.region_id: one.status for one in records.coverage}


def test_the_whole_fleet_of_the_account_is_read() -> None:
    """Every connection of every region, complete, under the published quotas."""
    state = make_state(FLEET)
    records = crawl(state)
    assert {c.vpn_connection_id for c in records.connections} == {
        c.vpn_connection_id for c in FLEET.connections
    }
    assert statuses(records) == dict.fromkeys(REGIONS, "complete")
    assert not state.throttled
    assert not records.failures


def test_every_record_bears_its_account_and_region() -> None:
    """The answers name neither; the crawl does."""
    records = crawl(make_state(FLEET))
    found = [*records.connections, *records.gateways, *records.coverage]
    found += [*records.routes, *records.vpcs]
    assert {record.account_id for record in found} == {FLEET.accounts[0].account_id}
    assert {record.region_id for record in found} == set(REGIONS)


def test_regions_are_read_where_the_cloud_says() -> None:
    """The region's own endpoint; without one the usual host; in time order nothing else."""
    send = cloud(row("cn-a", "vpc.cn-a.aliyuncs.com"), row("cn-b"), row("cn-c", "vpc.aliyuncs.com"))
    crawled(send)
    assert hosts(send) == {
        "sts.aliyuncs.com",
        "vpc.aliyuncs.com",
        "vpc.cn-a.aliyuncs.com",
        "vpc.cn-b.aliyuncs.com",
    }


@pytest.mark.parametrize(
    "stranger", ["evil.example.net", "vpc.aliyuncs.com.evil.net", "127.0.0.1", "x/.aliyuncs.com"]
)
def test_a_stranger_never_gets_a_signed_request(stranger: str) -> None:
    """An endpoint that is no host of the cloud is passed over, and that is told."""
    send = cloud(row("cn-a", stranger))
    records = crawled(send)
    assert hosts(send) == {"sts.aliyuncs.com", "vpc.aliyuncs.com", "vpc.cn-a.aliyuncs.com"}
    assert statuses(records) == {"cn-a": "complete"}
    assert [f.region_id for f in records.failures if stranger in f.message] == ["cn-a"]


@pytest.mark.parametrize("name", ["evil.net/#", "evil.net:80/?", "@evil.net", "", "cn a"])
def test_a_region_name_cannot_make_a_host(name: str) -> None:
    """A name that would lead elsewhere is not asked, has a failure and a coverage row."""
    send = cloud(row("cn-a"))
    records = crawled(send, regions=["cn-a", name])
    assert hosts(send) == {"sts.aliyuncs.com", "vpc.aliyuncs.com", "vpc.cn-a.aliyuncs.com"}
    assert statuses(records) == {name: "unreachable", "cn-a": "complete"}
    assert [(f.kind, f.region_id) for f in records.failures] == [("parameter", name)]


def test_a_misspelt_region_is_a_failure() -> None:
    """A region that nobody lists and nobody answers for is no absent one."""
    records = crawl(make_state(FLEET), plan=Plan(regions=[REGIONS[0], "cn-shangai"]))
    assert statuses(records) == {"cn-shangai": "unreachable", REGIONS[0]: "complete"}
    (failure,) = records.failures
    assert (failure.region_id, failure.code) == ("cn-shangai", "InvalidRegionId.NotFound")


def test_a_listed_region_that_says_it_does_not_exist_is_unreachable() -> None:
    """One of two answers is wrong: nothing was read, and that is told."""
    gone = error_response("InvalidRegionId.NotFound", 404)

    def fault(request: Request) -> Answer | None:
        return gone if params_of(request).get("RegionId") == REGIONS[1] else None

    records = crawl(make_state(FLEET), fault=fault)
    assert statuses(records) == dict.fromkeys(REGIONS, "complete") | {REGIONS[1]: "unreachable"}
    assert [(f.region_id, f.code) for f in records.failures] == [
        (REGIONS[1], "InvalidRegionId.NotFound")
    ]


@pytest.mark.parametrize(
    "code", ["InvalidOperation.NotSupportedEndpoint", "InvalidAction.NotFound"]
)
def test_a_host_without_these_calls_denies_nothing(code: str) -> None:
    """Nothing was read, for a reason that no permission mends."""
    lists = [action.name for action in REGION_LISTS]
    records = crawled(cloud(row("cn-a"), **dict.fromkeys(lists, error_response(code, 404))))
    assert statuses(records) == {"cn-a": "unreachable"}
    assert {(f.kind, f.attempts) for f in records.failures} == {("unsupported", 1)}
    assert {f.action for f in records.failures} == set(lists)
    assert not any("permission" in f.message for f in records.failures)


def test_one_dead_region_costs_no_other() -> None:
    """It has one failure and one coverage row; the others are complete."""
    dead = REGIONS[1]

    def fault(request: Request) -> Answer | None:
        is_dead = params_of(request).get("RegionId") == dead
        return TransportError(f"{request.host} cannot be reached") if is_dead else None

    records = crawl(make_state(FLEET), fault=fault)
    assert statuses(records) == dict.fromkeys(REGIONS, "complete") | {dead: "unreachable"}
    assert [(f.region_id, f.kind, f.attempts) for f in records.failures] == [(dead, "network", 5)]
    assert {c.region_id for c in records.connections} == set(REGIONS) - {dead}


def test_a_refused_identity_leaves_the_account_unnamed() -> None:
    """The fleet is read all the same, and the refusal is told."""

    def fault(request: Request) -> Answer | None:
        is_it = action_of(request) == "GetCallerIdentity"
        return error_response("NoPermission", 403) if is_it else None

    records = crawl(make_state(FLEET), fault=fault)
    assert len(records.connections) == len(FLEET.connections)
    assert {c.account_id for c in records.connections} == {None}
    assert [(f.action, f.kind) for f in records.failures] == [("GetCallerIdentity", "denied")]


def test_a_wrong_key_ends_the_run_of_the_account() -> None:
    """Nothing further is asked with a key that the cloud does not know."""
    send = cloud(GetCallerIdentity=error_response("SignatureDoesNotMatch", 400))
    records = crawled(send)
    assert send.actions == ["GetCallerIdentity"]
    assert statuses(records) == {None: "denied"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (error_response("Forbidden.RAM", 403), "denied"),
        (error_response("ServiceUnavailable", 503), "unreachable"),
        (TransportError("no"), "unreachable"),
    ],
    ids=["denied", "server", "network"],
)
def test_without_regions_nothing_is_read(answer: Answer, status: str) -> None:
    """The account has one coverage row that says why."""
    records = crawled(cloud(DescribeRegions=answer))
    assert statuses(records) == {None: status}
    assert [f.action for f in records.failures] == ["DescribeRegions"]


def test_named_regions_are_read_though_they_cannot_be_listed() -> None:
    """DescribeRegions refused: the refusal is told, and the named regions are asked."""
    send = cloud(DescribeRegions=error_response("Forbidden.RAM", 403))
    records = crawled(send, regions=["cn-a"])
    assert statuses(records) == {"cn-a": "complete"}
    assert [f.action for f in records.failures] == ["DescribeRegions"]


def test_a_region_row_without_an_id_is_told() -> None:
    """A region that cannot be named is not lost silently."""
    records = crawled(cloud({"LocalName": "somewhere"}, row("cn-a")))
    assert statuses(records) == {"cn-a": "complete"}
    assert [(f.action, f.kind) for f in records.failures] == [("DescribeRegions", "malformed")]


def test_a_named_endpoint_gets_every_call() -> None:
    """No other host is asked, whatever the regions say."""
    send = cloud(row("cn-a", "vpc.cn-a.aliyuncs.com"))
    records = crawled(send, endpoint="https://cloud.test")
    assert hosts(send) == {"cloud.test"}
    assert not records.failures


def test_a_repeated_region_name_is_read_once() -> None:
    """Names are a set."""
    records = crawled(cloud(row("cn-a")), regions=["cn-a", "cn-a"])
    assert [one.region_id for one in records.coverage] == ["cn-a"]


def test_events_name_every_region() -> None:
    """A progress bar can be drawn from what is told."""
    told: list[Event] = []
    crawl(make_state(FLEET), plan=Plan(on_event=told.append))
    assert told[0] == RegionsFound(3, account_id=FLEET.accounts[0].account_id)
    assert sorted(e.region_id for e in told if isinstance(e, RegionRead)) == REGIONS


def test_a_share_of_downloads_is_a_number() -> None:
    """Of all, of none, and of a sample."""
    assert [parse_downloads(text) for text in ("all", "none", "5%")] == [1.0, 0.0, 0.05]


def test_merging_keeps_everything_in_order() -> None:
    """Nothing is compared or dropped."""
    one = Records(failures=(Failure(kind="gone", message="a"),))
    two = Records(failures=one.failures, coverage=(Coverage(status="partial"),))
    merged = merge_records([one, two])
    assert merged.failures == one.failures * 2
    assert merged.coverage == two.coverage
