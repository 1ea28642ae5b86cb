"""Settings that would be passed over in silence: they are refused, or it is said."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app
from vpnframe.cloud.actions import Limit
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.transport import Transport
from vpnframe.emulator import RunningEmulator, make_fleet, make_state, serve_in_thread
from vpnframe.errors import TransportError
from vpnframe.fetching import outages
from vpnframe.fetching.doctor import doctor
from vpnframe.fetching.settings import Account

FLEET = make_fleet(connections=4, regions=2)
REGION = FLEET.regions[0].region_id
LIMITS = {"DownloadVpnConnectionConfig": Limit(10_000)}
ASKING = ["fetch --out {new}", "plan", "doctor"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningEmulator]:
    """An emulator that the module's tests share."""
    with serve_in_thread(make_state(FLEET, quotas=False)) as running:
        yield running


def access(cloud: RunningEmulator, **settings: Any) -> dict[str, Any]:
    return {
        "endpoint": cloud.endpoint,
        "credentials": vf.Credentials(cloud.access_key_id, cloud.access_key_secret),
        "settings": vf.FetchSettings(quotas=LIMITS, **settings),
    }


def refused(line: str, *more: str) -> str:
    """Run a command that must end with an error before anything is asked."""
    done = CliRunner().invoke(app, [*line.split(), *more])
    assert done.exit_code == 1
    assert isinstance(done.exception, vf.SettingsError)
    return str(done.exception)


@pytest.mark.parametrize("line", ASKING)
@pytest.mark.parametrize("endpoint", ["", " "])
def test_an_empty_endpoint_is_refused(line: str, endpoint: str, tmp_path: Path) -> None:
    """An unset variable must not lead to the real cloud."""
    said = refused(line.format(new=tmp_path / "new"), "--endpoint", endpoint)
    assert "is not a URL: write https://host" in said
    assert "is a variable unset?" in said
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("line", ASKING)
@pytest.mark.parametrize("option", ["--region", "--skip-region"])
def test_an_empty_region_is_refused(line: str, option: str, tmp_path: Path) -> None:
    """Nor to every region, or to none."""
    said = refused(line.format(new=tmp_path / "new"), option, "")
    assert "a region id is empty, perhaps because of an unset variable" in said


MISSPELT = REGION[:-1]


def test_a_misspelt_region_to_skip_is_said(cloud: RunningEmulator) -> None:
    """As a row with the region that may be meant; what was read is complete all the same."""
    inventory = vf.fetch(**access(cloud, skip_regions=[MISSPELT]))
    (row,) = inventory.failures.to_dict("records")
    assert row["kind"] == "settings"
    assert row["message"] == (f"there is no region '{MISSPELT}' to skip: did you mean {REGION}?")
    assert inventory.is_complete


def test_regions_to_skip_that_are_there_are_no_failure(cloud: RunningEmulator) -> None:
    """Nor one that is asked for by name."""
    assert vf.fetch(**access(cloud, skip_regions=[REGION])).failures.empty
    regions = [region.region_id for region in FLEET.regions]
    asked = access(cloud, skip_regions=[REGION])
    assert vf.fetch(**asked, regions=regions).failures.empty


def test_doctor_and_plan_say_it_too(
    cloud: RunningEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A row, and a warning."""
    table = doctor(**access(cloud, skip_regions=["eu-nowhere"]))
    (detail,) = table.loc[(table["check"] == "regions") & (table["status"] != "ok"), "detail"]
    assert detail.startswith("there is no region 'eu-nowhere' to skip: there are ")
    with caplog.at_level(logging.WARNING, logger="vpnframe"):
        vf.plan(**access(cloud, skip_regions=["eu-nowhere"]))
    assert "there is no region 'eu-nowhere' to skip" in caplog.text


@pytest.fixture
def accounts(
    cloud: RunningEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Account]:
    """One account that may be read, one with a wrong key, and one without a profile."""
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    keys = {"good": (cloud.access_key_id, cloud.access_key_secret), "bad": ("LTAI-none", "none")}
    profiles = [
        {"name": name, "mode": "AK", "access_key_id": key, "access_key_secret": secret}
        for name, (key, secret) in keys.items()
    ]
    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(json.dumps({"profiles": profiles}))
    return [Account(f"of-{name}", profile=name) for name in ("good", "bad", "none")]


def test_accounts_that_are_refused_are_named(
    cloud: RunningEmulator, accounts: list[Account]
) -> None:
    """In the sentence about coverage, whichever they are."""
    inventory = vf.fetch(
        endpoint=cloud.endpoint, settings=vf.FetchSettings(quotas=LIMITS, accounts=accounts)
    )
    assert "account of-bad denied, account of-none denied" in inventory.coverage_sentence()
    assert len(inventory.connections) == 4


def test_each_account_is_named_where_none_can_be_read(
    cloud: RunningEmulator, accounts: list[Account]
) -> None:
    """With why: a key that the cloud refuses, and a profile that is not there."""
    settings = vf.FetchSettings(accounts=accounts[1:])
    with pytest.raises(vf.RequestError) as caught:
        vf.fetch(endpoint=cloud.endpoint, settings=settings)
    bad, none = str(caught.value).split("; GetCallerIdentity ")
    assert "of account of-bad: InvalidAccessKeyId.NotFound" in bad
    assert bad.endswith("Check the access key")
    assert none.startswith("of account of-none: ~/.aliyun/config.json has no profile 'none'")
    assert "Check the access key" not in none


async def watched(host: str, *, sends: float | BaseException, notice: outages.Silence) -> None:
    async def send(_: Request) -> Response:
        if isinstance(sends, BaseException):
            raise sends
        await asyncio.sleep(sends)
        return Response(200)

    with notice.watching(host):
        await send(Request("GET", f"https://{host}/"))


def test_a_silent_host_is_said_while_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Within a quarter of a minute, once; one that answers is not."""
    assert outages.SAID_AFTER_S < 15
    monkeypatch.setattr(outages, "SAID_AFTER_S", 0.01)

    async def main() -> None:
        notice = outages.Silence()
        await watched("quick.invalid", sends=0.0, notice=notice)
        await watched("quick.invalid", sends=0.1, notice=notice)  # it waits for its turn
        await watched("slow.invalid", sends=0.1, notice=notice)
        await watched("slow.invalid", sends=0.1, notice=notice)
        for host, is_timeout in (("late.invalid", True), ("away.invalid", False)):
            error = TransportError("x", is_timeout=is_timeout)
            with pytest.raises(TransportError):
                await watched(host, sends=error, notice=notice)

    with caplog.at_level(logging.WARNING, logger="vpnframe"):
        asyncio.run(main())
    assert caplog.messages == [
        f"{host} has not responded yet; the fetch keeps trying"
        for host in ("slow.invalid", "late.invalid")
    ]


def test_a_call_watches_its_host(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch says it: an endpoint that times out is named before it is given up."""

    async def send(_: Transport, request: Request) -> Response:
        raise TransportError("the endpoint did not answer in time", is_timeout=True)

    monkeypatch.setattr(Transport, "send", send)
    keys = vf.Credentials("LTAI", "none")
    with (
        caplog.at_level(logging.WARNING, logger="vpnframe"),
        pytest.raises(vf.RequestError, match="nothing could be read"),
    ):
        vf.fetch(
            endpoint="https://127.0.0.1:9",
            credentials=keys,
            settings=vf.FetchSettings(deadline_s=1.0),
        )
    assert caplog.messages.count("127.0.0.1:9 has not responded yet; the fetch keeps trying") == 1
