"""Disabled rules and replaced severities: what changes, what does not, and who is told."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from audit_helpers import NOW, inventory, pair

from vpnframe.auditing.narrowing import narrow, reviews_by_owner
from vpnframe.auditing.outputs.page import as_page
from vpnframe.auditing.outputs.sarif import as_sarif
from vpnframe.auditing.review import Review, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.errors import SettingsError

WEAK = inventory(*pair(ike_encryption="des-cbc", ike_version=1, ike_mode="main"))


def review_of(**changes: object) -> Review:
    return examine(WEAK, settings=AuditSettings(now=NOW, **changes))  # type: ignore[arg-type]


def as_rows(findings: pd.DataFrame, *dropped: str) -> list[dict[str, str]]:
    """The findings that judge the fleet, in any order, without some columns."""
    judging = findings[findings["rule_id"] != "vpn-rule-changed"]
    table = judging.drop(columns=list(dropped)).astype("str")
    return sorted(table.to_dict("records"), key=str)


def test_a_disabled_rule_has_no_finding_and_no_row_in_the_summary() -> None:
    """Findings of other rules stay. A profile that objects to the value reports it itself."""
    before, after = review_of(), review_of(disabled={"vpn-ike-des": "migration in progress"})
    is_des = before.findings["rule_id"] == "vpn-ike-des"
    assert is_des.any()
    is_own = after.findings["rule_id"] == "profile-ike-encryption"
    assert after.findings[is_own]["value"].tolist() == ["des-cbc"]
    rest = after.findings[~is_own]
    assert as_rows(rest, "root_cause") == as_rows(before.findings[~is_des], "root_cause")
    assert "vpn-ike-des" not in set(after.summary["rule_id"])


def test_a_disabled_rule_is_the_cause_of_nothing() -> None:
    """A finding that followed from it is counted again."""
    down = inventory(*pair(tunnel_status="ike_sa_not_established"))
    before = examine(down, settings=AuditSettings(now=NOW)).findings
    causes = set(before["root_cause"].dropna())
    assert causes
    settings = AuditSettings(now=NOW, disabled=dict.fromkeys(causes, "known"))
    after = examine(down, settings=settings).findings
    assert not causes & set(after["root_cause"].dropna())
    assert not causes & set(after["rule_id"])


def test_findings_of_profiles_can_be_disabled() -> None:
    """A rule of a profile is made of a column, not of a function."""
    disabled = {"vpn-ike-des": "known", "profile-ike-encryption": "judged elsewhere"}
    findings = review_of(disabled=disabled).findings
    assert not set(disabled) & set(findings["rule_id"])


def test_a_replaced_severity_is_that_of_every_finding_and_of_the_summary() -> None:
    """Nothing else in the finding changes; the id neither."""
    changed = review_of(severities={"vpn-ike-des": ("low", "isolated network")})
    row = changed.findings[changed.findings["rule_id"] == "vpn-ike-des"].iloc[0]
    assert row["severity"] == "low"
    of_rule = changed.summary.set_index("rule_id").loc["vpn-ike-des"]
    assert (of_rule["severity"], of_rule["n_low"], of_rule["n_critical"]) == ("low", 1, 0)
    own = review_of().findings
    same = ("severity", "root_cause")
    assert as_rows(changed.findings, *same) == as_rows(own, *same)
    assert own.set_index("rule_id").loc["vpn-ike-des", "severity"] == "critical"


def test_every_output_says_what_was_changed_and_why() -> None:
    """Also the parts of a review: by rule, by owner."""
    review = review_of(
        disabled={"vpn-ike-version-1": "IKEv2 from March on"},
        severities={"vpn-ike-des": ("medium", "isolated network")},
    )
    sentences = (
        "rule vpn-ike-version-1 is disabled: IKEv2 from March on",
        "rule vpn-ike-des has severity medium instead of critical: isolated network",
    )
    assert review.notes[:2] == review.changes == sentences
    parts = reviews_by_owner(review, WEAK.connections, owner_tag="owner")
    reviews = [review, narrow(review, severity="high"), *parts.values()]
    assert len(reviews) > 2
    of_change = review.findings[review.findings["rule_id"] == "vpn-rule-changed"]
    assert of_change["status"].tolist() == ["unknown", "unknown"]  # they count as no fault
    for one in reviews:
        notifications = json.dumps(as_sarif(one))
        for sentence in sentences:
            assert sentence in one.notes
            assert sentence in set(one.findings["evidence"])
            assert sentence in as_page(one)
            assert sentence in notifications


def test_changes_alone_are_no_gap() -> None:
    """An owner's part says that the fleet was not read only if that is so."""
    review = review_of(disabled={"vpn-ike-des": "known"})
    assert review.is_whole
    assert review.notes == review.changes
    for part in reviews_by_owner(review, WEAK.connections, owner_tag="owner").values():
        assert part.notes == review.changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"disabled": {"vpn-nothing": "x"}}, "there is no rule 'vpn-nothing'"),
        ({"severities": {"vpn-nothing": ("low", "x")}}, "there is no rule 'vpn-nothing'"),
        ({"severities": {"vpn-ike-des": ("lower", "x")}}, "'lower' is not a severity: write one"),
        ({"severities": {"vpn-ike-des": ("low", " ")}}, "vpn-ike-des: give a reason"),
        ({"disabled": {"vpn-ike-des": ""}}, "vpn-ike-des: give a reason"),
        ({"disabled": {"vpn-coverage": "x"}}, "vpn-coverage cannot be disabled"),
        ({"disabled": {"vpn-rule-changed": "x"}}, "vpn-rule-changed cannot be disabled"),
    ],
)
def test_wrong_changes_are_refused(changes: dict[str, dict[str, str]], message: str) -> None:
    """With the rule and what is wrong."""
    with pytest.raises(SettingsError, match=message):
        AuditSettings(**changes)  # type: ignore[arg-type]
