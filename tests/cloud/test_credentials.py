"""Where access keys come from. No test leaves the machine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from helpers import leaks, run_virtual

from vpnframe.cloud import credentials as module
from vpnframe.cloud.credentials import (
    DefaultChain,
    GivenCredentials,
    check_credentials,
)
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import SettingsError

ASK = """
import asyncio
from vpnframe.cloud.credentials import DefaultChain
from vpnframe.errors import SettingsError
try:
    found = asyncio.run(DefaultChain().get())
    print(found.access_key_id, len(found.access_key_secret), found.security_token)
except SettingsError as error:
    print(type(error).__name__, error, error.__cause__, error.__context__)
"""


class Resolver:
    """Stands for the vendor's chain; counts how often it is walked."""

    def __init__(self, *, takes_s: float = 0.0) -> None:
        self.calls = 0
        self._takes_s = takes_s
        self._lock = threading.Lock()

    def __call__(self, profile: str | None) -> Credentials:
        """Walk the chain."""
        with self._lock:
            self.calls += 1
        time.sleep(self._takes_s)
        return Credentials(f"id-{self.calls}", "secret")


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """The chain replaced by one that takes a moment."""
    made = Resolver(takes_s=0.02)
    monkeypatch.setattr(module, "_resolve", made)
    return made


def ask_chain(home: Path, variables: Mapping[str, str]) -> str:
    """Ask the real chain in a process with these variables and an empty home."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("ALIBABA_CLOUD_")}
    environment = kept | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
        **variables,
    }
    run = subprocess.run(
        [sys.executable, "-c", ASK],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return run.stdout.strip()


def test_concurrent_first_calls_resolve_once(resolver: Resolver) -> None:
    """Everybody waits for the one that asks."""

    async def main() -> set[str]:
        chain = DefaultChain()
        found = await asyncio.gather(*(chain.get() for _ in range(20)))
        return {one.access_key_id for one in found}

    assert asyncio.run(main()) == {"id-1"}
    assert resolver.calls == 1


def test_credentials_are_held_for_a_quarter_of_an_hour(resolver: Resolver) -> None:
    """Then the chain is asked again: temporary ones grow old."""
    seconds = [0.0]

    async def main() -> list[str]:
        chain, ids = DefaultChain(clock=lambda: seconds[0]), []
        for at in (0.0, 899.0, 900.0, 901.0):
            seconds[0] = at
            ids.append((await chain.get()).access_key_id)
        return ids

    assert run_virtual(main()) == ["id-1", "id-1", "id-2", "id-2"]


def test_renew_asks_the_chain_again(resolver: Resolver) -> None:
    """After a refusal, what is held is not handed out again."""

    async def main() -> list[str]:
        chain = DefaultChain()
        return [(await chain.get(renew=renew)).access_key_id for renew in (False, True, False)]

    assert asyncio.run(main()) == ["id-1", "id-2", "id-2"]


def test_calls_refused_together_renew_once(resolver: Resolver) -> None:
    """An expired token is noticed by many calls at a time."""

    async def main() -> set[str]:
        chain = DefaultChain()
        await chain.get()
        found = await asyncio.gather(*(chain.get(renew=True) for _ in range(10)))
        return {one.access_key_id for one in found}

    assert asyncio.run(main()) == {"id-2"}
    assert resolver.calls == 2


def test_a_failed_first_call_fails_the_next_one_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held of a failure."""

    def refuse(profile: str | None) -> Credentials:
        raise SettingsError("no")

    async def main() -> str:
        chain = DefaultChain()
        monkeypatch.setattr(module, "_resolve", refuse)
        with pytest.raises(SettingsError):
            await chain.get()
        monkeypatch.setattr(module, "_resolve", lambda _: Credentials("id", "secret"))
        return (await chain.get()).access_key_id

    assert asyncio.run(main()) == "id"


def test_given_credentials_are_used_as_they_are() -> None:
    """Nothing renews them."""
    given = Credentials("id", "secret", "token")
    assert asyncio.run(GivenCredentials(given).get(renew=True)) is given


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        (Credentials("", "canary"), "access_key_id"),
        (Credentials("id\n", "canary"), "access_key_id"),
        (Credentials("id", ""), "access_key_secret"),
        (Credentials("id", "canary\r\n"), "access_key_secret"),
        (Credentials("id", "canary canary"), "access_key_secret"),
        (Credentials("id", "canary\udc80"), "access_key_secret"),
        (Credentials("id", "canary", "canary\n"), "security_token"),
    ],
)
def test_credentials_that_no_header_could_hold(bad: Credentials, name: str) -> None:
    """The part is named, its value is not."""
    with pytest.raises(SettingsError, match=f"the {name} is empty or contains") as caught:
        GivenCredentials(bad)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("token", [None, "", "STS.token+/="])
def test_credentials_as_they_should_be(token: str | None) -> None:
    """With and without a token."""
    check_credentials(Credentials("LTAI5t", "aB3+/=", token))


def test_the_real_chain_reads_the_environment(tmp_path: Path) -> None:
    """Alibaba's own variables, a token included."""
    variables = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI-env",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "canary-secret",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "STS.env",
    }
    assert ask_chain(tmp_path, variables) == "LTAI-env 13 STS.env"


@pytest.mark.parametrize("variables", [{}, {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "canary"}])
def test_the_real_chain_without_a_key(tmp_path: Path, variables: dict[str, str]) -> None:
    """The remedy is named, and what the library raised is not dragged along."""
    said = ask_chain(tmp_path, variables)
    assert said.startswith("SettingsError no Alibaba Cloud credentials were found: set ALIBABA_")
    assert "`aliyun configure`" in said
    assert said.endswith("None None")
    assert "canary" not in said


PROFILES = {
    "current": "other",
    "profiles": [
        {
            "name": "prod",
            "mode": "StsToken",
            "access_key_id": "STS.prod",
            "access_key_secret": "canary-secret",
            "sts_token": "token",
        },
        {"name": "odd", "mode": "Telepathy", "access_key_secret": "canary-secret"},
    ],
}


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line tool's own file in a home of its own."""
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    path = tmp_path / ".aliyun" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(PROFILES))


@pytest.mark.usefixtures("profiles")
def test_a_profile_gives_its_own_credentials() -> None:
    """Not those of the current one; a token included."""
    found = asyncio.run(DefaultChain("prod").get())
    assert found == Credentials("STS.prod", "canary-secret", "token")


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("name", ["odd", "missing"])
def test_a_profile_that_gives_none_is_named_with_the_remedy(name: str) -> None:
    """What the library raised is not dragged along."""
    with pytest.raises(SettingsError, match=f"profile '{name}'.*aliyun configure") as caught:
        asyncio.run(DefaultChain(name).get())
    assert not leaks(caught.value, "canary")


def test_a_profile_is_resolved_once_for_many_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind one lock, in a thread."""
    asked = []

    def resolve(profile: str) -> Credentials:
        asked.append((profile, threading.current_thread() is threading.main_thread()))
        return Credentials("id", "secret")

    async def main() -> None:
        chain = DefaultChain("prod")
        await asyncio.gather(*(chain.get() for _ in range(20)))

    monkeypatch.setattr(module, "_resolve", resolve)
    asyncio.run(main())
    assert asked == [("prod", False)]
