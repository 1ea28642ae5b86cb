"""What the audit keeps as data: texts, severities and verdicts are whole, and fit each other."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import agreed
import pytest

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.profiles.profiles import COLUMNS, shipped_profiles
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import SEPARATOR, parse_texts, texts
from vpnframe.errors import SettingsError
from vpnframe.schema.tables.declaring import FAMILIES

STRENGTHS = {
    "ike_version": ["1", "2"],
    "ike_mode": ["aggressive", "main"],
    "ike_encryption": ["des-cbc", "3des-cbc", "aes-256-cbc"],
    "ike_integrity": ["hmac-md5", "hmac-sha1", "hmac-sha256"],
    "ike_dh_group": ["1", "2", "5", "14"],
    "ipsec_encryption": ["des-cbc", "3des-cbc", "aes-256-cbc"],
    "ipsec_integrity": ["hmac-md5", "hmac-sha1", "hmac-sha256"],
    "ipsec_pfs_group": ["1", "2", "5", "14"],
}
RANK = ["must-not", "should-not", "legacy", "n/a", "default", "may", "should", "must"]
AUDITING = files("vpnframe.auditing")


def source(name: str) -> str:
    """A file of the package."""
    return AUDITING.joinpath(*name.split("/")).read_text(encoding="utf-8")


def test_every_rule_is_as_bad_as_was_agreed_on() -> None:
    """Where no row has another severity."""
    told = {name: text.severity for name, text in texts().items() if name.startswith("vpn-")}
    assert told == agreed.severities()


@pytest.mark.parametrize("profile", shipped_profiles().values(), ids=lambda one: one.name)
def test_a_stronger_value_is_never_judged_worse(profile) -> None:
    """But where a standard asks for the SM suite, or only says what the defaults are."""
    if profile.name in ("gm-t-0022", "aliyun-api-defaults"):
        return
    for column, ascending in STRENGTHS.items():
        verdicts = {entry.value: RANK.index(entry.verdict) for entry in profile.of(column)}
        ranks = [verdicts[value] for value in ascending]
        assert ranks == sorted(ranks), column


@pytest.mark.parametrize("profile", shipped_profiles().values(), ids=lambda one: one.name)
def test_a_profile_speaks_of_every_column(profile) -> None:
    """All of what it can judge."""
    assert {entry.column for entry in profile.entries} == set(COLUMNS)


def test_every_rule_has_its_text_and_every_text_its_rule() -> None:
    """Those of profiles, of waivers and of coverage apart, and the fact of the strength."""
    others = {"platform-ceiling", "vpn-waiver-expired", "vpn-coverage", "vpn-strength-low"}
    others |= {"vpn-rule-changed"}
    of_profiles = {f"profile-{column.replace('_', '-')}" for column in COLUMNS}
    assert set(texts()) == {rule.rule_id for rule in RULES} | others | of_profiles


@pytest.mark.parametrize("text", texts().values(), ids=lambda text: text.rule_id)
def test_a_text_says_all_that_a_reader_needs(text) -> None:
    """Where to change it in the console and by the API, why it is so bad, and how that is known."""
    for part in (text.title, text.severity_reason, text.why, text.expected, text.remediation):
        assert part.strip()
    assert text.basis in ("verified", "secondary", "unverified", "own")
    assert text.remediation.endswith((".", "0.0.0.0/0"))
    assert (text.console == "-") == (text.api == "-")
    assert text.basis == "own" or text.references or text.rule_id.startswith("profile-")


@pytest.mark.parametrize("text", texts().values(), ids=lambda text: text.rule_id)
def test_only_what_was_checked_is_cited_as_proof(text) -> None:
    """Other clauses are to be seen."""
    parts = [part for part in text.cited.split(SEPARATOR) if part]
    assert all(part.startswith("see ") != (text.basis == "verified") for part in parts)


@pytest.mark.parametrize("text", texts().values(), ids=lambda text: text.rule_id)
def test_a_text_never_names_a_fact_of_a_key(text) -> None:
    """No template shows bits, length, class or fingerprint."""
    names = {
        name for one in (text.evidence, text.unknown) for _, name, _, _ in Formatter().parse(one)
    }
    assert not {name for name in names if name and name.startswith("psk_")}


def test_implied_rules_are_rules() -> None:
    """And none implies itself."""
    ids = {rule.rule_id for rule in RULES}
    for rule in RULES:
        assert set(rule.implied_by) <= ids - {rule.rule_id}
        assert set(rule.columns) <= set(COLUMNS)


def test_the_clouds_own_checks_are_mapped_to_rules_that_there_are() -> None:
    """Twelve templates, and each check of the diagnosis, with a rule or the reason why not."""
    text = Path(__file__).parents[2].joinpath("docs", "cloud-checks.md").read_text("utf-8")
    sections = [
        [
            [cell.strip() for cell in line.split("|")[1:-1]]
            for line in part.splitlines()
            if "|" in line
        ]
        for part in text.split("\n## ")[1:]
    ]
    templates, of_gateways, of_connections = (one[2:] for one in sections)
    assert (len(templates), len(of_gateways)) == (12, 15)
    names = {name for row in of_connections for name in re.findall(r"`(V\w+|R\w+)`", row[0])}
    assert len(names) == 7
    for _, rules, reason in [*templates, *of_gateways, *of_connections]:
        named = re.findall(r"`(vpn-[a-z0-9-]+)`", rules)
        assert set(named) <= set(texts())
        assert named or (rules.strip() == "none" and reason.strip())


def test_rules_is_a_table_of_all_of_them() -> None:
    """With what each says."""
    table = vf.rules()
    schema.validate("rules", table)
    assert table["rule_id"].tolist() == list(texts())
    assert set(table["family"]) == set(FAMILIES)


@pytest.mark.parametrize(
    ("line", "other", "error"),
    [
        ('severity = "high"', 'severity = "urgent"', ValueError),
        ('severity = "high"', 'severty = "high"', TypeError),
        ('severity = "high"', "", TypeError),
    ],
)
def test_a_wrong_text_is_refused(line: str, other: str, error: type[Exception]) -> None:
    """Before anything is judged by it."""
    text = source("texts/crypto.toml")
    assert parse_texts(text)
    with pytest.raises(error):
        parse_texts(text.replace(line, other, 1))


def test_an_unknown_profile_names_those_that_there_are() -> None:
    """A misspelt standard is no silent pass."""
    from vpnframe.auditing.profiles.profiles import find_profiles  # noqa: PLC0415  this test alone

    with pytest.raises(SettingsError, match="nist-800-77r1"):
        find_profiles(["nist"])
