"""Waivers: read strictly, shown always, and a finding of their own once they end."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from audit_helpers import NEXT, NOW, inventory

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.settings import AuditSettings

AT = AuditSettings(now=NOW, owner_tag="owner")
GOOD = {
    "rule": "vpn-ike-des",
    "connection": "vco-1",
    "reason": "goes with the site",
    "owner": "network",
    "approver": "J. Doe",
    "ticket": "NET-42",
    "created": date(2026, 1, 10),
    "until": date(2026, 6, 30),
}
WEAK = {"ike_encryption": "des-cbc"}


def waiver(**changes: Any) -> vf.Waiver:
    """A good waiver with changes; None takes a field away."""
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return vf.Waiver(**fields)


def written(path: Path, **changes: Any) -> Path:
    """The same as a file."""
    lines = ["[[waiver]]"]
    for name, value in {**GOOD, **changes}.items():
        if value is not None:
            text = value if isinstance(value, date | int) else f'"{value}"'
            lines.append(f"{name} = {text}")
    path.write_text("\n".join(lines))
    return path


def statuses(*waivers: vf.Waiver) -> dict[str, str]:
    """The status of each finding of DES, by connection, of two weak connections."""
    other = NEXT | {"region_id": "cn-hangzhou", "tags": ["env=test"], "vpn_gateway_id": "vpn-2"}
    findings = vf.audit(inventory(WEAK, WEAK | other), waivers=waivers, settings=AT)
    schema.validate("findings", findings)
    rows = findings[(findings["rule_id"] == "vpn-ike-des").to_numpy()]
    return dict(zip(rows["vpn_connection_id"], rows["status"].astype(str), strict=True))


def test_a_waived_finding_is_shown_with_its_reason() -> None:
    """Never hidden: who accepted it, why, and until when."""
    findings = vf.audit(inventory(WEAK), waivers=[waiver()], settings=AT)
    (row,) = findings[(findings["rule_id"] == "vpn-ike-des").to_numpy()].to_dict("records")
    assert row["status"] == "waived"
    assert row["waived_by"] == "J. Doe (NET-42): goes with the site"
    assert row["waived_until"].date() == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("selector", "waived"),
    [
        ({"connection": "vco-1"}, {"vco-1"}),
        ({"connection": None, "tag": "env=test"}, {"vco-2"}),
        ({"connection": None, "region": "cn-hangzhou"}, {"vco-2"}),
        ({"connection": None, "gateway": "vpn-1"}, {"vco-1"}),
        ({"connection": "vco-1", "region": "cn-hangzhou"}, set()),
        ({"connection": "vco-1", "tag": "env=prod"}, {"vco-1"}),
        ({"rule": "vpn-ike-3des"}, set()),
        ({"profile": "ietf"}, set()),
    ],
)
def test_a_waiver_selects(selector: dict[str, Any], waived: set[str]) -> None:
    """Where several selectors are given, all must hold."""
    found = statuses(waiver(**selector))
    assert {name for name, status in found.items() if status == "waived"} == waived


def test_waived_findings_do_not_stop_a_pipeline() -> None:
    """The others still do."""
    inv = inventory(WEAK)
    findings = vf.audit(inv, waivers=[waiver()], settings=AT)
    assert len(vf.assert_no_findings(findings, at_least="critical")) == len(findings)


@pytest.mark.parametrize(("until", "is_over"), [("2026-02-28", True), ("2026-03-01", False)])
def test_a_waiver_holds_through_its_last_day(until: str, is_over: bool) -> None:
    """Then it is a finding, and what it waived is open again."""
    one = waiver(until=date.fromisoformat(until))
    findings = vf.audit(inventory(WEAK), waivers=[one], settings=AT)
    assert statuses(one)["vco-1"] == ("open" if is_over else "waived")
    expired = findings[(findings["rule_id"] == "vpn-waiver-expired").to_numpy()]
    assert len(expired) == is_over
    if is_over:
        (row,) = expired.to_dict("records")
        assert (row["severity"], row["status"]) == ("medium", "open")
        assert "vpn-ike-des ended on 2026-02-28: goes with the site" in row["evidence"]


def test_two_expired_waivers_are_two_findings() -> None:
    """Their ids differ."""
    over = date(2026, 2, 1)
    gone = [waiver(until=over), waiver(until=over, connection="vco-2")]
    findings = vf.audit(inventory({}), waivers=gone, settings=AT)
    expired = findings[(findings["rule_id"] == "vpn-waiver-expired").to_numpy()]
    assert expired["finding_id"].nunique() == 2


def test_a_file_is_read(tmp_path: Path) -> None:
    """By the reader, and by audit itself."""
    path = written(tmp_path / "waivers.toml")
    (one,) = vf.read_waivers(path, now=NOW)
    assert one == waiver()
    findings = vf.audit(inventory(WEAK), waivers=path, settings=AT)
    assert (findings["status"] == "waived").sum() == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rule": "vpn-ike-dse"}, "there is no rule 'vpn-ike-dse'"),
        ({"connection": None}, "it has no selector"),
        ({"until": date(2027, 1, 11)}, "lasts 366 days: choose at most 365"),
        ({"until": date(2026, 1, 9)}, "before it begins"),
        ({"created": date(2026, 3, 2)}, "in the future"),
        ({"reason": None}, "reason is missing"),
        ({"approver": None}, "approver is missing"),
        ({"ticket": None}, "ticket is missing"),
        ({"owner": None}, "owner is missing"),
        ({"until": None}, "until is missing"),
        ({"until": "2026-06-30"}, "until must be a date"),
        ({"tag": "env"}, "tag must be a string such as env=test"),
        ({"note": "x"}, "unknown key 'note'"),
        ({"connection": 7}, "connection must be"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    """The error names the file, and what is wrong."""
    path = written(tmp_path / "waivers.toml", **changes)
    with pytest.raises(vf.SettingsError, match=problem) as caught:
        vf.read_waivers(path, now=NOW)
    assert str(path) in str(caught.value)


def test_a_year_is_the_longest(tmp_path: Path) -> None:
    """To the day."""
    path = written(tmp_path / "waivers.toml", until=date(2027, 1, 10))
    assert len(vf.read_waivers(path, now=NOW)) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rule": "vpn-ike-dse"}, "waiver 1 of vpn-ike-dse: there is no rule"),
        ({"connection": None}, "it has no selector: set connection, gateway, customer_gateway"),
        ({"until": date(2027, 1, 11)}, "lasts 366 days"),
        ({"until": date(2099, 1, 1)}, "at most 365"),
        ({"created": date(2030, 1, 1), "until": date(2030, 2, 1)}, "in the future"),
        ({"until": date(2026, 1, 9)}, "before it begins"),
        ({"reason": " "}, "reason must be a non-blank string of one line"),
        ({"owner": ""}, "owner must be a non-blank string of one line"),
        ({"tag": "env"}, "tag must be a string such as env=test"),
        ({"until": datetime(2026, 6, 30, tzinfo=UTC)}, "until must be a date"),
    ],
)
def test_a_waiver_made_in_python_is_checked_as_a_file_is(
    changes: dict[str, Any], problem: str
) -> None:
    """Nothing is waived by one that a file could not hold."""
    fields = {**GOOD, **changes}
    wrong = vf.Waiver(**{name: one for name, one in fields.items() if one is not None})
    with pytest.raises(vf.SettingsError, match=problem):
        vf.audit(inventory(WEAK), waivers=[wrong], settings=AT)
    with pytest.raises(vf.SettingsError, match="not a vf"):
        vf.audit(inventory(WEAK), waivers=[fields], settings=AT)  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("selector", "waived"),
    [
        ({"account": "1"}, {"vco-1", "vco-2"}),
        ({"account": "2"}, set()),
        ({"customer_gateway": "cgw-1"}, {"vco-1", "vco-2"}),
        ({"customer_gateway": "lima"}, {"vco-1", "vco-2"}),
        ({"customer_gateway": "cgw-1", "region": "cn-hangzhou"}, {"vco-2"}),
        ({"customer_gateway": "cgw-9"}, set()),
    ],
)
def test_a_waiver_selects_an_account_or_a_customer_gateway(
    selector: dict[str, Any], waived: set[str]
) -> None:
    """The gateway by its id or its name."""
    found = statuses(waiver(connection=None, **selector))
    assert {name for name, status in found.items() if status == "waived"} == waived


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "America/Los_Angeles"])
def test_a_waiver_begins_and_ends_by_the_local_date(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Where it is made; of a moment with another time zone, too."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for moment in (
            datetime(2026, 3, 1, 11, 30, tzinfo=UTC),
            datetime(2026, 3, 1, 23, tzinfo=UTC),
        ):
            today = moment.astimezone(ZoneInfo(zone)).date()
            one = waiver(created=today, until=today)
            assert not one.is_over(moment)
            at = AuditSettings(now=moment.astimezone(ZoneInfo("Asia/Shanghai")))
            findings = vf.audit(inventory(WEAK), waivers=[one], settings=at)
            assert (findings["status"] == "waived").sum() == 1
            assert one.is_over(moment + timedelta(days=1))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_tag_selects_nothing_where_a_finding_has_no_tags() -> None:
    """A finding on the whole fleet has none, and an audit with such a waiver is still done."""
    accepted = waiver(rule="vpn-psk-unavailable", connection=None, tag="env=prod")
    inv = inventory({}, NEXT, keys=[None, None])
    findings = vf.audit(inv, waivers=[accepted], settings=AT)
    rows = findings[(findings["rule_id"] == "vpn-psk-unavailable").to_numpy()]
    assert rows["tags"].isna().all()
    assert rows["status"].tolist() == ["unknown"]
