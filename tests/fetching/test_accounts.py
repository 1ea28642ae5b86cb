"""Which accounts to read, from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpnframe.errors import SettingsError
from vpnframe.fetching.settings import Account, read_accounts

WHOLE = """
[[account]]
name = "production"
profile = "prod"
role_arn = "acs:ram::1234567890123456:role/audit"
skip_regions = ["me-central-1"]
quota_share = 0.25

[[account]]
name = "test"
profile = "test"
"""


def put(folder: Path, text: str) -> Path:
    path = folder / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    """In the file's order, with what is left out as it is by default."""
    assert read_accounts(put(tmp_path, WHOLE)) == (
        Account(
            "production",
            profile="prod",
            role_arn="acs:ram::1234567890123456:role/audit",
            skip_regions=("me-central-1",),
            quota_share=0.25,
        ),
        Account("test", profile="test"),
    )


ONE = '[[account]]\nname = "a"\nprofile = "p"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no account"),
        ("account = 3", "has no account"),
        ("[[accounts]]\nname = 'a'", "unknown key 'accounts'"),
        ("[[account]\n", "is not TOML"),
        ('[[account]]\nprofile = "p"', "account 1: name is missing"),
        ('[[account]]\nname = "a"', "account 'a': profile or role_arn is missing"),
        (ONE + 'color = "x"', "account 'a': unknown key 'color'"),
        (ONE + "quota_share = 2", "account 'a': quota_share must be a number above 0"),
        (ONE + "quota_share = true", "account 'a': quota_share must be a number"),
        (ONE + 'skip_regions = "x"', "account 'a': skip_regions must be a list"),
        (ONE + "skip_regions = [3]", "account 'a': skip_regions must be a list"),
        (ONE + 'role_arn = "audit"', "account 'a': role_arn must be text such as acs:ram"),
        (
            '[[account]]\nname = 3\nprofile = "p"',
            "account 1: name must be a non-blank string of one line",
        ),
        (ONE + ONE, "two accounts have the name 'a'"),
        ("account = [3]", "account 1: is not a table"),
    ],
)
def test_a_mistake_is_named_with_file_account_and_key(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Whoever wrote it finds the place."""
    with pytest.raises(SettingsError, match=r"accounts\.toml") as caught:
        read_accounts(put(tmp_path, text))
    assert problem in str(caught.value)


def test_an_access_key_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    """It belongs into a profile; the message holds the key's name alone."""
    with pytest.raises(SettingsError, match=r"access_key_secret.*name a profile") as caught:
        read_accounts(put(tmp_path, ONE + 'access_key_secret = "hush-hush"'))
    assert "hush" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(SettingsError, match=r"missing\.toml cannot be read: No such file"):
        read_accounts(tmp_path / "missing.toml")
