"""The review of a fleet: one cause is one finding, and nothing is passed over in silence."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pandas as pd
import pytest
from audit_helpers import (
    FIRST,
    GOOD,
    GOOD_CUSTOMER,
    NEXT,
    NOW,
    SECOND,
    SM,
    block,
    inventory,
    no_block,
    pair,
)

import vpnframe as vf
from vpnframe import schema
from vpnframe.addresses.nesting import TooManyPairsError
from vpnframe.auditing.review import examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.inventory import Inventory

AT = AuditSettings(now=NOW)
OTHER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}


def audited(inv: Inventory, **options: Any) -> pd.DataFrame:
    """The findings, without the one that a lone tunnel always has."""
    settings = options.pop("settings", AT)
    findings = vf.audit(inv, settings=settings, **options)
    schema.validate("findings", findings)
    kept = (findings["rule_id"] != "vpn-single-tunnel").to_numpy()
    return findings[kept].reset_index(drop=True)


def only(findings: pd.DataFrame, rule_id: str) -> dict[str, Any]:
    """The one finding of a rule."""
    rows = findings[(findings["rule_id"] == rule_id).to_numpy()].to_dict("records")
    assert len(rows) == 1, rows
    return rows[0]


def test_both_tunnels_are_one_finding() -> None:
    """With both ids, and the worse severity."""
    row = only(audited(inventory(*pair(ike_encryption="des-cbc"))), "vpn-ike-des")
    assert row["tunnel_ids"] == "tun-1,tun-2"
    assert (row["value"], row["evidence"]) == ("des-cbc", "ike_encryption is des-cbc")


def test_different_values_are_named_together() -> None:
    """One finding of a rule on several tunnels tells what each of them has."""
    tunnels = (FIRST | {"ipsec_pfs_group": 1}, SECOND | {"ipsec_pfs_group": 5})
    row = only(audited(inventory(*tunnels)), "vpn-ipsec-pfs-weak")
    assert row["value"] == "1; 5"
    assert row["evidence"] == "ipsec_pfs_group is 1; ipsec_pfs_group is 5"


def test_the_worst_of_a_group_counts() -> None:
    """Two tunnels, of which one is worse."""
    tunnels = (
        FIRST | {"ipsec_lifetime_s": 86400},
        SECOND | {"ipsec_lifetime_s": 86400, "ipsec_encryption": "3des-cbc"},
    )
    assert only(audited(inventory(*tunnels)), "vpn-ipsec-lifetime-long")["severity"] == "medium"


def test_a_rule_and_a_profile_are_one_finding() -> None:
    """The rule's severity stands; the profile is a reference, with its verdict and basis."""
    findings = audited(
        inventory({"ike_integrity": "hmac-sha1"}), profiles=["bsi-tr-02102-3", "ietf"]
    )
    row = only(findings, "vpn-ike-sha1")
    assert (row["severity"], row["verdict"]) == ("info", "must-not")
    assert row["profile"] == "bsi-tr-02102-3"
    assert "bsi-tr-02102-3 must-not (TR-02102-3 s3.2; HMAC" in row["references"]
    assert "; verified)" in row["references"]
    assert not findings["rule_id"].astype("str").str.startswith("profile-ike-integrity").any()


def test_what_a_profile_alone_judges_is_its_own_finding() -> None:
    """A lifetime that no rule minds, under a standard that does; each profile for itself."""
    inv = inventory({"ipsec_lifetime_s": 20000})
    findings = audited(inv, profiles=["bsi-tr-02102-3", "gm-t-0022", "ietf"])
    rows = findings[(findings["rule_id"] == "profile-ipsec-lifetime-s").to_numpy()]
    assert rows["profile"].tolist() == ["bsi-tr-02102-3", "gm-t-0022"]
    assert rows["severity"].tolist() == ["medium", "medium"]
    assert rows["evidence"].iloc[0] == "the profile's verdict on 20000 is should-not"
    assert "900 to 14400" in rows["expected"].iloc[0]


def test_a_clause_that_was_not_checked_is_only_to_be_seen() -> None:
    """Its basis stands beside it, and "see" before it."""
    findings = audited(inventory({"ipsec_lifetime_s": 20000}), profiles=["bsi-tr-02102-3"])
    row = only(findings, "profile-ipsec-lifetime-s")
    assert "see TR-02102-3 s2.1.2 (<=4 h); unverified" in row["references"]
    assert row["basis"] == "unverified"


def test_the_ceiling_is_said_once() -> None:
    """Two connections with the best group on offer, under a standard that wants a better one."""
    inv = inventory({}, NEXT | OTHER)
    findings = audited(inv, profiles=["bsi-tr-02102-3"])
    ceilings = findings[(findings["rule_id"] == "platform-ceiling").to_numpy()]
    of_bsi = ceilings[(ceilings["profile"] == "bsi-tr-02102-3").to_numpy()]
    assert of_bsi["column"].tolist() == ["ike_dh_group", "ipsec_pfs_group"]
    assert of_bsi["evidence"].iloc[0].startswith("ike_dh_group is 14, the best")
    assert of_bsi["evidence"].iloc[0].endswith("connections: 2")
    assert ceilings["severity"].unique().tolist() == ["info"]
    assert of_bsi["references"].str.startswith("bsi-tr-02102-3 must-not (").all()
    # And what the platform comes to in bits, whatever the profile.
    assert ceilings["column"].iloc[-1] == "effective_bits"


def test_worse_than_the_ceiling_is_the_owners() -> None:
    """At its own severity."""
    findings = audited(inventory({"ike_dh_group": 2}), profiles=["bsi-tr-02102-3"])
    assert only(findings, "vpn-ike-dh-2")["severity"] == "medium"


@pytest.mark.parametrize(
    ("changes", "rule_id", "cause"),
    [
        ({"ike_dh_group": 2, "ipsec_pfs_group": 2}, "vpn-ipsec-pfs-weak", "vpn-ike-dh-2"),
        (
            {"ike_version": 1, "ike_mode": "aggressive"},
            "vpn-ike-version-1",
            "vpn-ike-aggressive-mode",
        ),
        ({"tunnel_status": "ike_sa_established"}, "vpn-not-established", "vpn-no-live-path"),
        (
            {"ipsec_encryption": "des-cbc", "ipsec_lifetime_s": 86400},
            "vpn-ipsec-block-limit",
            "vpn-ipsec-des",
        ),
    ],
)
def test_what_follows_from_another_names_it(
    changes: dict[str, Any], rule_id: str, cause: str
) -> None:
    """The cause is a rule that fails on the same connection."""
    findings = audited(inventory(changes))
    assert only(findings, rule_id)["root_cause"] == cause
    assert cause in set(findings["rule_id"])


def test_a_weak_key_is_the_cause_of_little_strength() -> None:
    """Whatever makes it weak is named; its bits are not."""
    keys = [{"psk_class": "published", "psk_bits": 0}]
    findings = audited(inventory({}, keys=keys))
    assert only(findings, "vpn-psk-weak")["root_cause"] == "vpn-psk-published"
    (row,) = examine(inventory({}, keys=keys), settings=AT).connections.to_dict("records")
    assert (row["is_strength_low"], row["weakest_component"]) == (True, "psk")
    assert row["strength"] == "under 112 bits, bounded by the pre-shared key"


def test_all_defaults_are_the_cause_of_what_they_bring() -> None:
    """A cause, and not one more count."""
    defaults = {
        "ike_version": 1,
        "ike_encryption": "aes-128-cbc",
        "ipsec_encryption": "aes-128-cbc",
        "ike_integrity": "hmac-md5",
        "ipsec_integrity": "hmac-md5",
        "ike_dh_group": 2,
        "ipsec_pfs_group": 2,
        "ike_lifetime_s": 86400,
        "ipsec_lifetime_s": 86400,
    }
    findings = audited(inventory(defaults)).set_index("rule_id")["root_cause"]
    brought = (
        *("vpn-ike-md5", "vpn-ipsec-md5", "vpn-ike-dh-2", "vpn-ipsec-pfs-weak"),
        "vpn-ipsec-lifetime-long",
    )
    assert {findings[rule] for rule in brought} == {"vpn-all-defaults"}
    assert pd.isna(findings["vpn-all-defaults"])


def test_one_null_is_one_finding() -> None:
    """The rules that it leaves open are counted, not listed: the null itself is listed."""
    inv = inventory({"ike_encryption": None}, NEXT | OTHER)
    findings = audited(inv)
    unknown = findings[(findings["status"] == "unknown").to_numpy()]
    assert unknown["rule_id"].tolist() == ["vpn-value-unknown"]
    assert unknown["evidence"].tolist() == ["ike_encryption is missing"]
    summary = examine(inv, settings=AT).summary.set_index("rule_id")
    assert summary.loc["vpn-ike-des", ["n_passed", "n_failed", "n_unknown"]].tolist() == [1, 0, 1]


def test_a_fault_beside_a_null_stays() -> None:
    """What is known to be bad is bad whatever else is not known."""
    findings = audited(inventory({"ike_encryption": "des-cbc", "ipsec_encryption": None}))
    assert {"vpn-ike-des", "vpn-value-unknown"} <= set(findings["rule_id"])


def test_what_nobody_read_is_said_once() -> None:
    """No routes and no key facts: a finding each, and not one for every connection."""
    rows = [block(GOOD | one, "vpc", "10.0.0.0/16", has_known_routes=None) for one in ({}, NEXT)]
    inv = inventory({}, NEXT | OTHER, keys=[None, None], subnets=rows)
    findings = audited(inv)
    unknown = findings[(findings["status"] == "unknown").to_numpy()]
    assert set(unknown["rule_id"]) == {
        *("vpn-psk-unavailable", "vpn-route-unpublished", "vpn-route-next-hop-down"),
        "vpn-gateway-routes-quota",
    }
    assert unknown["vpn_connection_id"].isna().all()
    assert "(all 2 tunnels)" in only(findings, "vpn-psk-unavailable")["evidence"]


def test_an_incomplete_fleet_says_so_as_a_finding() -> None:
    """A row per region that was not read to its end, and a warning."""
    inv = inventory({}, coverage=[{"status": "partial", "n_expected": 9, "n_read": 1}])
    with pytest.warns(vf.IncompleteWarning, match="NOT COMPLETE"):
        findings = audited(inv)
    row = only(findings, "vpn-coverage")
    assert (row["status"], row["region_id"]) == ("unknown", "cn-beijing")
    assert row["evidence"] == "partial: 1 of 9 known connections were read"


def test_nothing_read_is_said_too() -> None:
    """Not one region: no finding must not mean no fault."""
    empty = Inventory(**{name: schema.empty(name) for name in inventory().tables()})
    with pytest.warns(vf.IncompleteWarning):
        findings = vf.audit(empty, settings=AT)
    assert findings["rule_id"].tolist() == ["vpn-coverage"]


def test_notes_name_what_was_not_read() -> None:
    """Coverage, key facts and routes, each in a sentence."""
    unread = block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=None)
    inv = inventory(
        {"routing_mode": "route"},
        keys=[None],
        subnets=[unread],
        coverage=[{"status": "denied"}],
    )
    notes = examine(inv, settings=AT).notes
    assert len(notes) == 3
    for note, word in zip(notes, ("NOT COMPLETE", "pre-shared key", "routes"), strict=True):
        assert word in note
    assert examine(inventory({}), settings=AT).notes == ()


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ipsec_sa_established", True), ("ike_sa_not_established", False), (None, None)],
)
def test_a_finding_tells_whether_the_connection_is_up(status: Any, expected: Any) -> None:
    """A connection that is down keeps its finding."""
    row = only(
        audited(inventory({"ike_encryption": "des-cbc", "tunnel_status": status})), "vpn-ike-des"
    )
    assert row["is_active"] is expected or (expected is None and pd.isna(row["is_active"]))


def test_ids_are_equal_over_runs_and_machines() -> None:
    """Whatever the seed of hashes, and whatever else is in the fleet."""
    code = (
        "import sys; sys.path.insert(0, 'tests');"
        "from audit_helpers import *; import vpnframe as vf;"
        "from vpnframe.auditing.review import AuditSettings;"
        "bad = inventory({'ike_encryption': 'des-cbc'});"
        "found = vf.audit(bad, settings=AuditSettings(now=NOW));"
        "print(found.set_index('rule_id').loc['vpn-ike-des', 'finding_id'])"
    )
    ids = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    inv = inventory({"ike_encryption": "des-cbc"}, NEXT | {"ike_dh_group": 1})
    assert ids == {only(audited(inv, profiles=["ietf"]), "vpn-ike-des")["finding_id"]}


def test_ids_are_unique() -> None:
    """Two blocks, two pairs, two ceilings: nothing has another's id."""
    inv = inventory(
        {"onprem_subnets": ["0.0.0.0/0", "100.64.0.0/10"], "ike_version": 1},
        NEXT | OTHER | {"onprem_subnets": ["100.64.0.0/10", "10.0.0.0/8"]},
        {"vpn_connection_id": "vco-3", "onprem_subnets": ["100.64.0.0/10"], "ike_mode": None},
    )
    findings = audited(inv, profiles=["bsi-tr-02102-3", "cnsa-2.0", "nist-800-77r1"])
    assert len(findings) > 10
    assert not findings["finding_id"].duplicated().any()
    assert findings["finding_id"].str.fullmatch("[0-9a-f]{16}").all()


def test_the_worst_come_first() -> None:
    """Open before unknown, and by severity."""
    inv = inventory(
        {"ike_encryption": "des-cbc", "ike_integrity": "hmac-sha1", "dpd_enabled": None}
    )
    findings = audited(inv)
    assert findings["rule_id"].iloc[0] == "vpn-ike-des"
    assert findings["status"].tolist() == sorted(findings["status"], key=["open", "unknown"].index)


def test_owner_and_tags_are_on_every_finding() -> None:
    """Of connections and of gateways alike."""
    gateway = {"business_status": "FinancialLocked", "tags": ["owner=erp"]}
    inv = inventory({"ike_encryption": "des-cbc"}, gateways=[gateway])
    findings = audited(inv, owner_tag="owner")
    assert only(findings, "vpn-ike-des")["owner"] == "network"
    locked = only(findings, "vpn-gateway-locked")
    assert (locked["owner"], locked["tags"]) == ("erp", "owner=erp")
    assert (locked["vpn_gateway_id"], locked["vpn_connection_id"]) == ("vpn-1", None) or pd.isna(
        locked["vpn_connection_id"]
    )
    assert audited(inv)["owner"].isna().all()


def test_a_customer_gateway_is_named() -> None:
    """It has no column of its own: its name and its id are told."""
    unused = GOOD_CUSTOMER | {"n_connections": 0}
    row = only(audited(inventory({}, gateways=[unused])), "vpn-gateway-unused")
    assert (row["customer_gateway_name"], row["value"]) == ("lima", "cgw-1")


def test_a_widespread_rule_is_marked() -> None:
    """More than half of the fleet, and not just half."""
    tunnels = [
        {"vpn_connection_id": f"vco-{i}", "customer_gateway_ip": f"91.1.1.{i}", **changes}
        for i, changes in enumerate(
            [{"ike_version": 1}] * 3 + [{"ike_integrity": "hmac-sha1"}] * 2, 1
        )
    ]
    summary = examine(inventory(*tunnels), settings=AT).summary
    schema.validate("audit_summary", summary)
    marked = summary.set_index("rule_id")["is_widespread"]
    assert marked["vpn-ike-version-1"]
    assert not marked["vpn-ike-sha1"]
    assert not summary.duplicated(["rule_id", "profile"]).any()


def test_the_matrix_stands_for_every_connection_and_profile() -> None:
    """The worst value decides, and is named."""
    inv = inventory({"ike_integrity": "hmac-sha1"}, NEXT | OTHER | {"ike_encryption": None})
    matrix = vf.profile_matrix(inv, profiles=["ietf", "bsi-tr-02102-3"], settings=AT)
    schema.validate("profile_matrix", matrix)
    found = {
        (row["vpn_connection_id"], row["profile"]): (row["standing"], row["columns"])
        for row in matrix.to_dict("records")
    }
    assert found == {
        ("vco-1", "ietf"): ("pass", ""),
        ("vco-1", "bsi-tr-02102-3"): ("fail", "ike_integrity"),
        ("vco-2", "ietf"): ("unknown", "ike_encryption"),
        ("vco-2", "bsi-tr-02102-3"): ("unknown", "ike_encryption"),
    }


def test_the_baseline_spares_what_sm_gateways_must_run() -> None:
    """IKEv1 there is no finding of the default audit; other standards still name SM4."""
    assert audited(inventory(SM)).empty
    findings = audited(inventory(SM), profiles=["nist-800-77r1"])
    assert set(findings["rule_id"].astype("str")) == {
        *("profile-ike-encryption", "profile-ike-integrity"),
        *("profile-ipsec-encryption", "profile-ipsec-integrity"),
    }


def test_the_mode_means_nothing_under_ikev2() -> None:
    """Neither for a rule nor for a profile."""
    inv = inventory({"ike_version": 2, "ike_mode": "aggressive"})
    assert set(audited(inv, profiles=["nist-800-77r1"])["rule_id"]) == {"platform-ceiling"}


@pytest.mark.parametrize("at_least", ["critical", "high", "medium"])
def test_a_pipeline_stops_by_severity(at_least: str) -> None:
    """Open findings at or over it; the error says how many, and of which rules."""
    findings = audited(inventory({"ike_encryption": "3des-cbc"}))
    if at_least in ("critical", "high"):
        assert vf.assert_no_findings(findings, at_least=at_least) is findings
        return
    with pytest.raises(vf.FindingsError, match=r"vpn-ike-3des \(1\)") as caught:
        vf.assert_no_findings(findings, at_least=at_least)
    assert caught.value.n_findings == 1


def test_a_pipeline_does_not_stop_for_what_is_unknown() -> None:
    """Nor with a severity that there is not."""
    findings = audited(inventory({"dpd_enabled": None}))
    assert len(vf.assert_no_findings(findings, at_least="low")) == len(findings)
    with pytest.raises(ValueError, match="is not a severity"):
        vf.assert_no_findings(findings, at_least="urgent")


def test_an_inventory_can_be_asserted_at_once() -> None:
    """By the baseline."""
    with pytest.raises(vf.FindingsError, match="vpn-ike-des"):
        vf.assert_no_findings(inventory({"ike_encryption": "des-cbc"}))


def test_facts_about_keys_are_shown_to_those_who_ask_alone() -> None:
    """Class and bits stand in no column of the findings otherwise."""
    inv = inventory({}, keys=[{"psk_class": "dictionary", "psk_bits": 37, "psk_length": 29}])
    hidden = audited(inv)
    text = hidden.drop(columns=["finding_id"]).to_csv()
    assert "37" not in text
    assert "dictionary" not in text
    shown = audited(inv, settings=AuditSettings(now=NOW, with_key_facts=True))
    assert only(shown, "vpn-psk-weak")["value"] == "37 bits, dictionary"


def test_fingerprints_are_compared_under_one_key_alone() -> None:
    """Two snapshots' fingerprints may be equal by chance of another key."""
    twice = [{"psk_fingerprint": "f", "psk_fingerprint_key_id": key} for key in ("a", "b")]
    away = NEXT | OTHER | {"onprem_subnets": ["10.9.0.0/24"]}
    assert "vpn-psk-reused" not in set(audited(inventory({}, away, keys=twice))["rule_id"])
    once = [one | {"psk_fingerprint_key_id": "a"} for one in twice]
    assert "vpn-psk-reused" in set(audited(inventory({}, away, keys=once))["rule_id"])


def test_one_that_meets_very_many_is_one_finding() -> None:
    """Equal blocks are judged once: twenty connections by name, and how many more there are."""
    rows = [
        {"vpn_connection_id": f"vco-{i:02}", "customer_gateway_ip": f"91.1.1.{i}"}
        for i in range(30)
    ]
    found = audited(inventory(*rows))
    pairs = found[(found["rule_id"] == "vpn-overlap-selector-pair").to_numpy()]
    assert pairs["vpn_connection_id"].tolist() == ["vco-00"]
    text = pairs["value"].iloc[0].partition("as in all of ")[2]
    assert text.startswith("30 connections: vco-00, vco-01, ")
    assert text.endswith(", vco-19 and 10 more")
    assert text.count("vco-") == 20


def test_one_that_meets_many_blocks_is_one_finding() -> None:
    """An aggregate over many branches, of other blocks each: the first, and how many more."""
    hub = {"vpn_connection_id": "vco-hub", "onprem_subnets": ["10.64.0.0/10"]}
    rows = [
        {
            "vpn_connection_id": f"vco-{i:02}",
            "customer_gateway_ip": f"91.1.1.{i}",
            "onprem_subnets": [f"10.{64 + i}.0.0/16"],
        }
        for i in range(22)
    ]
    found = audited(inventory(*rows, hub))
    pairs = found[(found["rule_id"] == "vpn-overlap-selector-pair").to_numpy()]
    assert pairs["vpn_connection_id"].count() == 22
    assert pairs["evidence"].iloc[0] == "fails on 22 of 23 connections"
    found = audited(inventory(hub | {"vpn_connection_id": "vco-"}, *rows))
    pairs = found[(found["rule_id"] == "vpn-overlap-selector-pair").to_numpy()]
    assert pairs["vpn_connection_id"].tolist() == ["vco-"]
    assert pairs["value"].iloc[0].endswith(" and 21 more")


def test_a_fleet_with_too_many_overlaps_is_reviewed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything else is judged, and of overlaps it is said why they are not."""

    def refuse(*_: object, **__: object) -> None:
        raise TooManyPairsError("99 overlapping pairs, over the limit of 10")

    monkeypatch.setattr("vpnframe.auditing.fleet.overlaps_by_site", refuse)
    found = audited(inventory({"ike_dh_group": 2}))
    review = examine(inventory({"ike_dh_group": 2}))
    assert review.notes == ("no overlap was judged: 99 overlapping pairs, over the limit of 10",)
    assert not review.is_whole
    named = found.set_index("rule_id")["evidence"]
    assert "99 overlapping pairs" in named["vpn-overlap-onprem"]
    assert "vpn-ike-dh-2" in named.index


def test_bad_blocks_are_said_once_and_judge_nothing() -> None:
    """The row stays; the rules on blocks that it leaves open are not listed."""
    rows = [no_block(GOOD, "vpc", "10.0.0.5/16"), block(GOOD, "onprem", "192.168.7.0/24")]
    findings = audited(inventory({}, subnets=rows))
    row = only(findings, "vpn-selector-invalid")
    assert (row["status"], row["value"]) == ("unknown", "VPC 10.0.0.5/16")
    assert set(findings["rule_id"]) == {"vpn-selector-invalid", "platform-ceiling"}
