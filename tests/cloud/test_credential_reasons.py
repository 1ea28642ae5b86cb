"""Credentials that cannot be had: which profile, of which type, and what failed. No secret."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from helpers import leaks
from Tea.core import TeaCore
from Tea.exceptions import RetryError
from test_credentials import ask_chain

from vpnframe.cloud.credentials import DefaultChain
from vpnframe.errors import SettingsError

CASE = Path(__file__).parents[1] / "data" / "cases" / "16-cli-profiles" / "config.json"
CANARY = "canary-Secret-1"
KEY = {"access_key_id": "LTAI", "access_key_secret": CANARY}
ROLE = {"ram_role_arn": "acs:ram::1:role/a", "ram_session_name": "s", "expired_seconds": 3600}
SSO = {
    "mode": "CloudSSO",
    "cloud_sso_sign_in_url": "https://signin-x.alibabacloudsso.com/a/login",
    "cloud_sso_account_id": "1",
    "cloud_sso_access_config": "ac-1",
    "access_token": CANARY,
}
OAUTH = {"mode": "OAuth", "oauth_access_token": CANARY, "oauth_refresh_token": CANARY}
FUTURE, PAST = 4_000_000_000, 1_700_000_000
ENDED = "its login has expired, log in again: `aliyun configure --mode"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and a cloud that must not be asked."""

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", str(tmp_path))
    monkeypatch.setattr(TeaCore, "do_action", refuse)
    (tmp_path / ".aliyun").mkdir()
    return tmp_path


def configure(home: Path, *profiles: dict[str, Any], current: str = "p") -> Path:
    path = home / ".aliyun" / "config.json"
    path.write_text(json.dumps({"current": current, "profiles": profiles}))
    return path


def reason(name: str) -> str:
    """Why a profile gives none; nothing secret in it, nor in anything that hangs on the error."""
    with pytest.raises(SettingsError) as caught:
        asyncio.run(DefaultChain(name).get())
    for secret in (CANARY, "SECRET", "TOKEN"):
        assert not leaks(caught.value, secret)
    return str(caught.value)


def answer(status: int, body: str) -> Any:
    return SimpleNamespace(status_code=status, body=body.encode())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sso", f"the profile 'sso' (CloudSSO) yields no credentials: {ENDED} CloudSSO"),
        ("oauth", f"the profile 'oauth' (OAuth) yields no credentials: {ENDED} OAuth"),
        (
            "ext",
            "the profile 'ext' (External) yields no credentials: its command returned no JSON",
        ),
        ("nosuch", "~/.aliyun/config.json has no profile 'nosuch': there are sso, chain, base, oa"),
        (
            "chain",
            "'chain' (ChainableRamRoleArn) yields no credentials: sts.aliyuncs.com cannot be",
        ),
    ],
)
def test_profiles_of_the_field(
    name: str, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one configuration, each with its type and what failed."""
    (home / ".aliyun" / "config.json").write_bytes(CASE.read_bytes())
    monkeypatch.setattr(TeaCore, "do_action", unreachable)
    assert why in reason(name)


def unreachable(*_: object) -> None:
    said = "HTTPSConnectionPool(host='sts.aliyuncs.com', port=443): Max retries exceeded with url: "
    raise RetryError(f"{said}/?Action=AssumeRole&Signature={CANARY}")


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ({"mode": "AK", "access_key_id": "x"},
         "'p' (AK) yields no credentials: it has no access_key"),
        ({"mode": "StsToken", **KEY}, "'p' (StsToken) yields no credentials: it has no sts_token"),
        ({"mode": "RamRoleArn", **KEY},
         "'p' (RamRoleArn) yields no credentials: it has no ram_role_arn"),
        ({"mode": "Telepathy", **KEY},
         "'p' (of an unknown type) yields no credentials: the known types are AK, StsToken"),
        ({"mode": ["AK"], **KEY}, "'p' (of an unknown type) yields no credentials"),
        ({"mode": "External"}, "'p' (External) yields no credentials: it has no process_command"),
        ({"mode": "ChainableRamRoleArn", "source_profile": "q", **ROLE},
         "has no profile 'q': there are p"),
        ({**SSO, "cloud_sso_access_token_expire": PAST}, ENDED),
        ({**SSO, "access_token": "", "cloud_sso_access_token_expire": FUTURE}, ENDED),
        (SSO, ENDED),
        ({**SSO, "cloud_sso_access_token_expire": FUTURE, "cloud_sso_account_id": ""},
         "it has no cloud_sso_account_id"),
    ],
    ids=str,
)  # fmt: skip
def test_what_stands_in_the_profile(profile: dict[str, Any], why: str, home: Path) -> None:
    """A part is missing, unknown, or over: nobody need be asked for that."""
    configure(home, {"name": "p", **profile})
    assert why in reason("p")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("echo hello", "its command returned no JSON"),
        ("echo 5", "its command returned no JSON"),
        ("true", "its command returned no JSON"),
        ("""echo '{"mode": "AK"}'""", "its command returned no access key"),
        ("false", "its command failed"),
        ("/nowhere/at-all", "its command cannot be run"),
    ],
)
def test_commands_that_give_no_key(command: str, why: str, home: Path) -> None:
    """An External profile: what became of its command."""
    configure(home, {"name": "p", "mode": "External", "process_command": command})
    assert reason("p") == f"the profile 'p' (External) yields no credentials: {why}"


STEPS = {
    "RamRoleArn": {**KEY, **ROLE},
    "CloudSSO": {**SSO, "cloud_sso_access_token_expire": FUTURE},
    "OAuth": {**OAUTH, "oauth_access_token_expire": PAST},
}


@pytest.mark.parametrize("mode", STEPS)
@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (
            403,
            f'{{"Code": "NoPermission", "Message": "{CANARY}"}}',
            "the request (HTTP 403, NoPer",
        ),
        (401, f"<html>{CANARY}</html>", "refuses the request (HTTP 401)"),
        (500, f"<Error><Code>Internal.X</Code>{CANARY}</Error>", "request (HTTP 500, Internal.X)"),
        (200, f'{{"x": "{CANARY}"}}', "returned no credentials"),
    ],
)
def test_a_refusal_names_the_status_and_the_code(
    mode: str, status: int, body: str, why: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else of the answer."""
    configure(home, {"name": "p", "mode": mode, **STEPS[mode]})
    monkeypatch.setattr(TeaCore, "do_action", lambda *_: answer(status, body))
    said = reason("p")
    assert f"the profile 'p' ({mode}) yields no credentials: " in said
    assert why in said
    assert ("log in again" in said) == (mode != "RamRoleArn" and status in (401, 403))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "~/.aliyun/config.json is not JSON"),
        (b"[]", "~/.aliyun/config.json has no profiles"),
        (b'{"profiles": 5}', "has no profile 'p': there are none"),
        (None, "~/.aliyun/config.json cannot be read: No such file or directory"),
    ],
)
def test_a_configuration_that_cannot_be_read(content: bytes | None, why: str, home: Path) -> None:
    """It is named with what is wrong."""
    if content is not None:
        (home / ".aliyun" / "config.json").write_bytes(content)
    assert why in reason("p")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "config.json is not JSON"),
        (None, "config.json cannot be read: it is a folder, not a file"),
        (json.dumps({"current": "x", "profiles": []}), "config.json has no profile 'x'"),
        (
            CASE.read_text(),
            "the profile 'sso' (CloudSSO) yields no credentials: its login has expired",
        ),
    ],
)
def test_the_chain_names_a_file_that_it_cannot_use(
    content: str | None, why: str, tmp_path: Path
) -> None:
    """That is not the same as no credentials at all."""
    path = tmp_path / ".aliyun" / "config.json"
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    said = ask_chain(tmp_path, {})
    assert said.startswith(
        "SettingsError the Alibaba Cloud credentials cannot be used: ~/.aliyun"
    ) or ("cannot be used: the profile" in said)
    assert why in said
    assert "SECRET" not in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("nonsense", "is not an INI file"),
        ("[other]\ntype = access_key\n", "has no section [default]"),
        ("[default]\ntype = magic\n", "the section [default] of"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_the_chain_names_an_ini_file_that_it_cannot_use(
    content: str | None, why: str, tmp_path: Path
) -> None:
    """Where the variable names it, also one that is not there."""
    path = tmp_path / "keys.ini"
    if content is not None:
        path.write_text(content)
    said = ask_chain(tmp_path, {"ALIBABA_CLOUD_CREDENTIALS_FILE": str(path)})
    assert "SettingsError the Alibaba Cloud credentials cannot be used: " in said
    assert f"{path} (ALIBABA_CLOUD_CREDENTIALS_FILE)" in said
    assert why in said
