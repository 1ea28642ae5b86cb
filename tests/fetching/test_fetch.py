"""From the cloud to an inventory, over a socket."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import assert_same_inventory

import vpnframe as vf
from vpnframe import schema
from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import (
    RunningEmulator,
    ServerSettings,
    handle,
    make_fleet,
    make_state,
    serve_in_thread,
)
from vpnframe.fetching import blocking
from vpnframe.fetching.events import (
    ConnectionRead,
    ConnectionsFound,
    Event,
    RegionRead,
    RegionsFound,
)

FLEET = make_fleet(connections=20, regions=3)
TIMES = ("fetched_at", "request_id", "elapsed_s", "n_calls", "at")
FAST = vf.FetchSettings(quotas={"DownloadVpnConnectionConfig": Limit(10_000)})


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningEmulator]:
    """An emulator that the module's tests share."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as running:
        yield running


def access(cloud: RunningEmulator, **changes: Any) -> dict[str, Any]:
    keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
    return {"endpoint": cloud.endpoint, "credentials": keys, "settings": FAST} | changes


def test_fetch_blocks_and_reads_the_whole_fleet(cloud: RunningEmulator) -> None:
    """Every table is valid, and the inventory says that it is complete."""
    inventory = vf.fetch(**access(cloud))
    for name, table in inventory.tables().items():
        schema.validate(name, table)
    assert len(inventory.connections) == 20
    assert inventory.is_complete
    assert inventory.snapshot is None


def test_fetch_works_where_a_loop_already_runs(cloud: RunningEmulator) -> None:
    """Directly, as in a notebook's cell, and in a thread."""

    async def main() -> tuple[vf.Inventory, vf.Inventory]:
        return vf.fetch(**access(cloud)), await asyncio.to_thread(vf.fetch, **access(cloud))

    direct, threaded = asyncio.run(main())
    assert_same_inventory(direct, threaded, but=TIMES)


def test_afetch_is_the_same_inside_asyncio(cloud: RunningEmulator) -> None:
    """Both give equal tables."""
    inventory = asyncio.run(vf.afetch(**access(cloud)))
    assert_same_inventory(inventory, vf.fetch(**access(cloud)), but=TIMES)


def test_without_downloads_the_tables_are_the_same_but_their_witnesses(
    cloud: RunningEmulator,
) -> None:
    """The list rows hold all that the downloads hold."""
    quick = vf.fetch(**access(cloud, downloads="none"))
    assert set(quick.tunnels["witnesses"]) == {"describe"}
    assert quick.tunnels["perspective"].isna().all()
    assert quick.is_complete
    # What a dual tunnel's customer end is stands on the gateway of each tunnel.
    but = (*TIMES, "witnesses", "perspective")
    assert_same_inventory(quick, vf.fetch(**access(cloud)), but=but)


def test_named_regions_alone_are_read(cloud: RunningEmulator) -> None:
    """Any collection of ids."""
    region = FLEET.regions[1].region_id
    inventory = vf.fetch(**access(cloud, regions={region}))
    assert inventory.coverage["region_id"].tolist() == [region]


def test_events_tell_the_whole_story(cloud: RunningEmulator) -> None:
    """Regions, then downloads as announced, then each region's end."""
    told: list[Event] = []
    inventory = vf.fetch(**access(cloud, on_event=told.append))
    assert told[0] == RegionsFound(3, account_id=FLEET.accounts[0].account_id)
    announced = sum(e.n_connections for e in told if isinstance(e, ConnectionsFound))
    read = [e for e in told if isinstance(e, ConnectionRead)]
    assert announced == len(read) == len(inventory.connections)
    ended = {e.region_id: e.status for e in told if isinstance(e, RegionRead)}
    coverage = inventory.coverage
    assert ended == dict(zip(coverage["region_id"], coverage["status"], strict=True))


def test_over_tls_with_an_authority_of_its_own() -> None:
    """The named CA file is trusted, and nothing else is."""
    state = make_state(make_fleet(connections=2, regions=1), quotas=False)
    with serve_in_thread(state, ServerSettings(is_tls=True)) as cloud:
        trusting = vf.FetchSettings(ca_file=cloud.ca_file)
        assert len(vf.fetch(**access(cloud, settings=trusting)).connections) == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"regions": []}, "regions is empty"),
        ({"downloads": "some"}, "'some': write all, none, or a share"),
        ({"endpoint": "http://vpc.example.net"}, "plain HTTP to vpc.example.net is refused"),
        ({"endpoint": "vpc.example.net"}, "is not a URL"),
        (
            {"settings": vf.FetchSettings(quota_share=0)},
            "quota share must be above 0 and at most 1, not 0",
        ),
        ({"settings": vf.FetchSettings(quota_share=1.5)}, "at most 1, not 1.5"),
        (
            {"settings": vf.FetchSettings(quotas={"Describe": Limit(1)})},
            "no API call is named 'Des",
        ),
        ({"settings": vf.FetchSettings(ca_file="missing.pem")}, "missing.pem cannot be read"),
        ({"credentials": vf.Credentials("LTAI", "")}, "access_key_secret"),
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(
    cloud: RunningEmulator, options: dict[str, Any], problem: str
) -> None:
    """The message names the value."""
    n_requests = cloud.state.n_requests
    with pytest.raises(vf.SettingsError, match=problem):
        vf.fetch(**access(cloud, **options))
    assert cloud.state.n_requests == n_requests


def test_one_region_as_text_is_a_mistake(cloud: RunningEmulator) -> None:
    """A string is a collection of letters."""
    with pytest.raises(TypeError, match=r"such as \['cn-shanghai'\]"):
        vf.fetch(**access(cloud, regions="cn-shanghai"))


def test_missing_credentials_are_told_with_the_remedy(
    cloud: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the chain raises is not shown; what to do is."""

    class Client:
        def get_credential(self) -> None:
            raise RuntimeError("hush")

    monkeypatch.setattr("alibabacloud_credentials.client.Client", Client)
    with pytest.raises(vf.SettingsError, match="ALIBABA_CLOUD_ACCESS_KEY_ID") as caught:
        vf.fetch(endpoint=cloud.endpoint)
    assert "hush" not in str(caught.value)


def test_a_wrong_secret_ends_with_a_clear_error(cloud: RunningEmulator) -> None:
    """Neither the right nor the wrong secret is in it."""
    wrong = vf.Credentials(cloud.access_key_id, "not-the-secret")
    with pytest.raises(vf.RequestError, match=r"SignatureDoesNotMatch.*access key") as caught:
        vf.fetch(**access(cloud, credentials=wrong))
    assert "not-the-secret" not in str(caught.value)
    assert cloud.access_key_secret not in str(caught.value)


def test_nothing_read_at_all_is_an_error(cloud: RunningEmulator) -> None:
    """Only misspelt regions: an empty fleet would be a lie."""
    with pytest.raises(vf.RequestError, match=r"nothing could be read: .* in cn-shangai"):
        vf.fetch(**access(cloud, regions=["cn-shangai"]))


def test_a_partly_read_fleet_is_no_error(cloud: RunningEmulator) -> None:
    """The misspelt region is a row beside the others."""
    region = FLEET.regions[0].region_id
    inventory = vf.fetch(**access(cloud, regions=[region, "cn-shangai"]))
    assert not inventory.is_complete
    assert inventory.failures["region_id"].tolist() == ["cn-shangai"]
    assert "cn-shangai unreachable" in inventory.coverage_sentence()


def test_an_interrupt_ends_the_crawl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C does not wait for an hour of downloads, and leaves no thread behind."""
    begun, ended = threading.Event(), []

    async def long_crawl() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    def interrupted(*_: object) -> Any:
        assert begun.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr("vpnframe.fetching.blocking.wait", interrupted)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        blocking.run_in_thread(long_crawl())
    assert ended
    assert time.monotonic() - started < 10


def test_a_signal_that_another_thread_received_ends_the_crawl() -> None:
    """The kernel chooses the thread; its choice does not wake the one that waits."""

    async def long_crawl() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        await asyncio.sleep(20)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    with pytest.raises(blocking.Interrupted):
        blocking.run_in_thread(long_crawl())
    signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 10


def test_requests_go_to_the_clouds_own_hosts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTPS, each with our own User-Agent; without a named endpoint nobody else is asked."""
    state, requests = make_state(FLEET, quotas=False), []

    async def send(self: Transport, request: Request) -> Response:
        requests.append(request)
        return handle(state, request, time.time())

    monkeypatch.setattr(Transport, "send", send)
    account = FLEET.accounts[0]
    keys = vf.Credentials(account.access_key_id, account.access_key_secret)
    assert vf.fetch(credentials=keys, settings=FAST).is_complete
    hosts = {request.host for request in requests}
    regional = {f"vpc.{region.region_id}.aliyuncs.com" for region in FLEET.regions}
    assert hosts == {"sts.aliyuncs.com", "vpc.aliyuncs.com", *regional}
    assert all(request.url.startswith(f"https://{request.host}/") for request in requests)
    assert {r.headers["user-agent"] for r in requests} == {f"vpnframe/{vf.__version__}"}


@pytest.mark.parametrize(
    "name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"]
)
def test_no_proxy_is_asked_for_this_machine(
    name: str, cloud: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint on loopback is asked directly, whatever the environment names."""
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert vf.fetch(**access(cloud)).is_complete
