"""Several accounts in one fetch: profiles, roles, doubles, refusals, tokens that end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import FAST, vpnframe
from helpers import action_of, assert_same_inventory, error_response

import vpnframe as vf
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import (
    EmulatedFleet,
    RunningEmulator,
    State,
    make_fleet,
    make_state,
    serve_in_thread,
)
from vpnframe.emulator.faults import fault
from vpnframe.fetching.settings import Account
from vpnframe.inventory import list_snapshots

FLEET = make_fleet(connections=45, regions=2, accounts=3, seed=3)
IDS = [account.account_id for account in FLEET.accounts]
TIMES = ("fetched_at", "request_id", "elapsed_s", "n_calls", "at")
LIMITS = {"DownloadVpnConnectionConfig": vf.Limit(10_000)}


def role_of(number: int) -> str:
    return f"acs:ram::{IDS[number]}:role/audit"


def profile(name: str, number: int, **changes: str) -> dict[str, str]:
    account = FLEET.accounts[number]
    keys = {
        "access_key_id": account.access_key_id,
        "access_key_secret": account.access_key_secret,
    }
    return {"name": name, "mode": "AK", **keys, **changes}


def write_profiles(home: Path, *profiles: dict[str, str]) -> None:
    path = home / ".aliyun" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"current": "none", "profiles": profiles}))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder whose profiles the vendor's library reads."""
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    write_profiles(tmp_path, *(profile(f"p{number}", number) for number in range(3)))
    return tmp_path


@contextmanager
def served(fleet: EmulatedFleet = FLEET) -> Iterator[RunningEmulator]:
    with serve_in_thread(make_state(fleet, quotas=False)) as cloud:
        yield cloud


def fetch(cloud: RunningEmulator, *accounts: Account, **settings: Any) -> vf.Inventory:
    chosen = vf.FetchSettings(accounts=accounts, quotas=LIMITS, **settings)
    return vf.fetch(endpoint=cloud.endpoint, settings=chosen)


def alone(number: int) -> vf.Inventory:
    """One account, read by itself with its own key."""
    account = FLEET.accounts[number]
    keys = vf.Credentials(account.access_key_id, account.access_key_secret)
    with served() as cloud:
        return vf.fetch(
            endpoint=cloud.endpoint, credentials=keys, settings=vf.FetchSettings(quotas=LIMITS)
        )


def of_account(inventory: vf.Inventory, account_id: str) -> vf.Inventory:
    tables = {
        name: table[table["account_id"] == account_id].reset_index(drop=True)
        for name, table in inventory.tables(with_key_facts=True).items()
    }
    for table in tables.values():
        for column in table.select_dtypes("category"):
            table[column] = table[column].cat.remove_unused_categories()
    return vf.Inventory(**tables)


def test_every_account_is_read_as_if_it_were_alone(home: Path) -> None:
    """By profiles and by a role; each row knows its account."""
    with served() as cloud:
        inventory = fetch(
            cloud,
            Account("a", profile="p0"),
            Account("b", profile="p1"),
            Account("c", profile="p0", role_arn=role_of(2)),
        )
    assert inventory.is_complete
    for number, account_id in enumerate(IDS):
        assert_same_inventory(of_account(inventory, account_id), alone(number), but=TIMES)


def test_who_an_account_is_is_asked_once(home: Path) -> None:
    """With each of its profiles: the answer of the first question is the crawl's own."""
    with served() as cloud:
        fetch(cloud, Account("a", profile="p0"), Account("b", profile="p1"))
        asked = {key: n for key, n in cloud.state.calls.items() if key[2] == "GetCallerIdentity"}
    assert sorted(asked.values()) == [1, 1]


def test_an_account_that_may_not_say_who_it_is_bears_its_name(home: Path) -> None:
    """It is read all the same, and the refusal is told once."""
    with served() as cloud:
        cloud.state.faults.append(fault("no-permission", rate=1.0, action="GetCallerIdentity"))
        inventory = fetch(cloud, Account("a", profile="p0"))
    assert set(inventory.connections["account_id"]) == {"a"}
    assert inventory.failures["action"].tolist() == ["GetCallerIdentity"]


def test_an_account_has_its_own_regions_and_share(home: Path) -> None:
    """What one leaves out, the other reads."""
    left_out = FLEET.regions[0].region_id
    with served() as cloud:
        inventory = fetch(
            cloud,
            Account("a", profile="p0", skip_regions=(left_out,)),
            Account("b", profile="p1"),
        )
    coverage = inventory.coverage
    assert coverage[coverage["status"] == "skipped"][["account_id", "region_id"]].to_numpy(
    ).tolist() == [[IDS[0], left_out]]  # fmt: skip


def test_a_second_profile_of_an_account_is_not_read_again(home: Path) -> None:
    """It is said, and the fleet is complete all the same."""
    write_profiles(home, profile("p0", 0), profile("again", 0))
    with served() as cloud:
        inventory = fetch(cloud, Account("a", profile="p0"), Account("b", profile="again"))
    one = alone(0)
    assert_same_inventory(replace(inventory, failures=one.failures), one, but=TIMES)
    said = inventory.failures[inventory.failures["kind"] == "settings"]
    assert said["message"].tolist() == [
        f"'a' and 'b' are the same account, {IDS[0]}: it is read once, as 'a'"
    ]
    assert inventory.is_complete


def test_the_smallest_share_of_an_account_counts(home: Path) -> None:
    """Two profiles of one account share one quota."""
    write_profiles(home, profile("p0", 0), profile("again", 0), profile("p1", 1))
    accounts = (
        Account("a", profile="p0", quota_share=0.5),
        Account("b", profile="again", quota_share=0.1),
        Account("c", profile="p1"),
    )
    with served() as cloud:
        table = vf.plan(endpoint=cloud.endpoint, settings=vf.FetchSettings(accounts=accounts))
    allowed = table.groupby("account_id")["allowed_per_window"].first().to_dict()
    assert allowed == {IDS[0]: 3, IDS[1]: 15}


def test_an_unknown_profile_is_a_row_with_its_remedy(home: Path) -> None:
    """The others are read."""
    with served() as cloud:
        inventory = fetch(cloud, Account("a", profile="p0"), Account("b", profile="nobody"))
    (failure,) = inventory.failures[inventory.failures["account_id"] == "b"].to_dict("records")
    assert failure["kind"] == "credentials"
    assert "aliyun configure --profile nobody" in failure["message"]
    assert inventory.coverage.set_index("account_id").loc["b", "status"] == "denied"


def test_credentials_and_accounts_exclude_each_other() -> None:
    """Which of them is meant cannot be known."""
    settings = vf.FetchSettings(accounts=[Account("a", profile="p0")])
    with pytest.raises(vf.SettingsError, match="not both"):
        vf.fetch(credentials=vf.Credentials("id", "secret"), settings=settings)


def end_session_after(state: State, n_downloads: int, key_id: str) -> None:
    """Let a session's token end once so many downloads were asked for with it."""
    seen = 0

    def fault(request: Request, number: int) -> Response | None:
        nonlocal seen
        is_its = key_id in request.headers.get("authorization", "")
        seen += is_its and request.headers.get("x-acs-action") == "DownloadVpnConnectionConfig"
        if seen == n_downloads:
            state.credentials[key_id] = replace(state.credentials[key_id], expires_at=0.0)
        return None

    state.faults.append(fault)


def end_roles_once(state: State) -> None:
    """Let every session of a role end once, after its fifth download."""
    seen: dict[str, int] = {}

    def fault(request: Request, number: int) -> Response | None:
        key_id = request.headers.get("x-acs-accesskey-id", "")
        if request.headers.get("x-acs-action") == "DownloadVpnConnectionConfig" and key_id:
            seen[key_id] = seen.get(key_id, 0) + 1
            if seen[key_id] == 5 and len(seen) == 1:
                state.credentials[key_id] = replace(state.credentials[key_id], expires_at=0.0)
        return None

    state.faults.append(fault)


def test_a_role_whose_token_ends_is_assumed_again(home: Path) -> None:
    """The crawl goes on as if nothing had been."""
    with served() as cloud:
        end_roles_once(cloud.state)
        inventory = fetch(cloud, Account("c", profile="p0", role_arn=role_of(2)))
        assumed = [key for key in cloud.state.calls if key[2] == "AssumeRole"]
        n_assumed = cloud.state.calls[assumed[0]]
    assert n_assumed == 2
    assert_same_inventory(inventory, alone(2), but=TIMES)


def test_one_wrong_key_and_one_token_that_ends_leave_the_others_whole(tmp_path: Path) -> None:
    """Tables of the rest are complete, coverage and failures tell, and the exit code is 4."""
    state = make_state(FLEET, quotas=False)
    session = state.add_session(IDS[1], expires_at=4e9)
    end_session_after(state, 4, session.access_key_id)
    write_profiles(
        tmp_path,
        profile("good", 0),
        profile("wrong", 2, access_key_secret="notTheSecret0"),
        {
            "name": "ending",
            "mode": "StsToken",
            "access_key_id": session.access_key_id,
            "access_key_secret": session.access_key_secret,
            "sts_token": str(session.security_token),
        },
    )
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(
        "".join(
            f'[[account]]\nname = "{n}"\nprofile = "{n}"\n' for n in ("good", "wrong", "ending")
        )
        + f'[[account]]\nname = "role"\nprofile = "good"\nrole_arn = "{role_of(2)}"\n'
    )
    with serve_in_thread(state) as cloud:
        environment = {"HOME": str(tmp_path), "VPNFRAME_ENDPOINT": cloud.endpoint, **FAST}
        options = ("--accounts", accounts, "--out", tmp_path / "inventory")
        done = vpnframe("fetch", *options, code=4, **environment)
    assert b"NOT COMPLETE" in done.stderr
    assert b"notTheSecret0" not in done.stderr + done.stdout
    inventory = vf.read_inventory(tmp_path / "inventory")
    for number in (0, 2):
        assert_same_inventory(of_account(inventory, IDS[number]), alone(number), but=TIMES)
    status = inventory.coverage.groupby("account_id", observed=True)["status"].unique()
    assert status["wrong"].tolist() == ["denied"]
    assert "partial" in status[IDS[1]].tolist()
    codes = inventory.failures.groupby("account_id", observed=True)["code"].unique()
    assert codes["wrong"].tolist() == ["SignatureDoesNotMatch"]
    assert "InvalidSecurityToken.Expired" in codes[IDS[1]].tolist()


def test_a_resumed_crawl_of_other_accounts_is_refused(home: Path, tmp_path: Path) -> None:
    """What lies there was for others."""
    out = tmp_path / "inventory"
    with served() as cloud:
        with without_downloads(cloud):
            fetch(cloud, Account("a", profile="p0"), out=out, deadline_s=4.0)
        with pytest.raises(vf.SettingsError, match="had other options for accounts"):
            fetch(cloud, Account("b", profile="p1"), out=out, resume=True)


@contextmanager
def without_downloads(cloud: RunningEmulator, *, is_named: bool = True) -> Iterator[None]:
    """No download is answered; the cloud may refuse to say whose credentials they are."""

    def trouble(request: Request, number: int) -> Response | None:
        if action_of(request) == "GetCallerIdentity" and not is_named:
            return error_response("NoPermission", 403)
        is_download = action_of(request) == "DownloadVpnConnectionConfig"
        return (
            error_response("Throttling.User", x_acs_retry_after="600000") if is_download else None
        )

    cloud.state.faults.append(trouble)
    yield
    cloud.state.faults.remove(trouble)


@pytest.mark.parametrize("is_identified", [True, False])
@pytest.mark.parametrize("has_accounts", [True, False])
def test_going_on_with_the_credentials_of_another_account_is_refused(
    has_accounts: bool, is_identified: bool, home: Path, tmp_path: Path
) -> None:
    """The first account's snapshot stays the newest, and its crawl can still go on."""
    accounts = [Account("a", profile="p0")] if has_accounts else []
    out = tmp_path / "inventory"

    def read(number: int, **more: Any) -> vf.Inventory:
        write_profiles(home, profile("p0", number))
        account = FLEET.accounts[number]
        keys = vf.Credentials(account.access_key_id, account.access_key_secret)
        settings = vf.FetchSettings(accounts=accounts, quotas=LIMITS, out=out, **more)
        credentials = None if has_accounts else keys
        return vf.fetch(endpoint=cloud.endpoint, credentials=credentials, settings=settings)

    with served() as cloud:
        with without_downloads(cloud, is_named=is_identified):
            begun = read(0, deadline_s=4.0)
        assert not begun.is_complete
        before = list_snapshots(out)
        first = f"account {IDS[0]}" if is_identified else "an account that the cloud did not name"
        said = f"is of {first}, and these credentials are of account {IDS[1]}"
        with pytest.raises(vf.SettingsError, match=said):
            read(1, resume=True)
        assert list_snapshots(out) == before
        after = read(0, resume=True)
    assert after.is_complete
    assert set(after.connections["account_id"]) == {IDS[0]}
    assert set(after.connections["vpn_connection_id"]) == set(
        begun.connections["vpn_connection_id"]
    )
