"""Every number on every surface adds up to the table's, per severity; an owner sees its own."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from audit_helpers import NEXT, NOW, inventory
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.narrowing import narrow, reviews_by_owner
from vpnframe.auditing.outputs.page import as_page
from vpnframe.auditing.outputs.sarif import as_sarif
from vpnframe.auditing.review import Review, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.auditing.summaries import count_connections, count_rules
from vpnframe.cli.audit_output import ReviewFormat, counts_sentence, encode, headline
from vpnframe.plot import _SEVERITY_COLORS
from vpnframe.schema.tables.declaring import FAMILIES

mpl.use("Agg")
WORDS = ("critical", "high", "medium", "low", "info")
RULES = ("vpn-ike-des", "vpn-psk-weak", "vpn-selector-wide", "vpn-bgp-down", "profile-psk-bits")
ROW = st.fixed_dictionaries(
    {
        "rule_id": st.sampled_from(RULES),
        "severity": st.sampled_from(WORDS),
        "status": st.sampled_from(("open", "open", "waived", "unknown")),
        "vpn_connection_id": st.sampled_from(("vco-1", "vco-2", "vco-3", None)),
        "root_cause": st.sampled_from((None, None, "vpn-ike-des")),
    }
)
BASE = examine(
    inventory(*({"vpn_connection_id": f"vco-{i}"} for i in (1, 2, 3))),
    settings=AuditSettings(now=NOW),
)


def review_of(rows: list[dict[str, Any]]) -> Review:
    """A review with these findings and no others."""
    names = schema.find("findings").names
    texts = vf.rules().set_index("rule_id")
    full = [
        {
            "finding_id": f"{i:016x}", "title": texts["title"][row["rule_id"]], "tunnel_ids": "",
            "family": texts["family"][row["rule_id"]], "account_id": "1",
            "region_id": "cn-beijing", "evidence": "seen",
            "profile": "ietf" if row["rule_id"].startswith("profile-") else None, **row,
        }
        for i, row in enumerate(rows)
    ]  # fmt: skip
    found = schema.build("findings", {n: [row.get(n) for row in full] for n in names})
    kept = ["account_id", "region_id", "vpn_connection_id", "connection_name"]
    kept += ["is_strength_low", "weakest_component", "strength"]
    return replace(
        BASE,
        findings=found,
        connections=count_connections(BASE.connections[kept], found),
        summary=count_rules(found, n_connections=3),
    )


def wanted(rows: list[dict[str, Any]], **only: Any) -> dict[str, int]:
    """How many of these rows are counted, by severity, in plain loops."""
    counts = dict.fromkeys(WORDS, 0)
    for row in rows:
        is_counted = row["status"] == "open" and row["root_cause"] is None
        if is_counted and all(row[name] == value for name, value in only.items()):
            counts[row["severity"]] += 1
    return counts


def tile_numbers(page: str, heading: str) -> dict[str, int]:
    """The numbers of one row of tiles."""
    part = page.partition(f"<h2>{heading}</h2>")[2].partition("<h2>")[0]
    found = re.findall(r'<div class="tile (\S+)"><b>([\d,]+)</b>', part)
    return {word: int(number) for word, number in found}


@settings(max_examples=8, deadline=None)
@given(st.lists(ROW, max_size=25))
def test_every_surface_has_the_numbers_of_the_table(rows: list[dict[str, Any]]) -> None:
    """Sentence, summary, connections, page, SARIF and plot."""
    review, counts = review_of(rows), wanted(rows)
    sentence = counts_sentence(review.findings)
    assert all(f"{word} {counts[word]}" in sentence for word in WORDS)
    for word in WORDS:
        assert review.summary[f"n_{word}"].sum() == counts[word]
    for row in review.summary.to_dict("records"):
        of_rule = wanted(rows, rule_id=row["rule_id"])
        assert {word: row[f"n_{word}"] for word in WORDS} == of_rule
        assert row["n_open"] == sum(of_rule.values()) + row["n_folded"]
    for row in review.connections.to_dict("records"):
        own = wanted(rows, vpn_connection_id=row["vpn_connection_id"])
        assert {word: row[f"n_{word}"] for word in WORDS} == own
        worst = next((word for word in WORDS if own[word]), None)
        assert (row["severity"] if isinstance(row["severity"], str) else None) == worst
    page = as_page(review)
    tiles = tile_numbers(page, "Findings by severity")
    assert {word: tiles[word] for word in WORDS} == counts
    of_connections = tile_numbers(page, "Connections by worst finding")
    assert sum(of_connections.values()) == 3
    assert all(f"{word} {of_connections[word]}" in headline(review.connections) for word in WORDS)


@settings(max_examples=8, deadline=None)
@given(st.lists(ROW, max_size=25))
def test_sarif_has_each_severity_at_a_rule_of_its_own(rows: list[dict[str, Any]]) -> None:
    """A reader takes the severity from the rule: three critical ones make no others critical."""
    (run,) = as_sarif(review_of(rows))["runs"]
    rules = run["tool"]["driver"]["rules"]
    scores = {"9.5": "critical", "8.0": "high", "5.5": "medium", "2.0": "low", "0.0": "info"}
    found = dict.fromkeys(WORDS, 0)
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert result["ruleId"] == rule["id"]
        if result["kind"] == "fail" and "suppressions" not in result:
            found[scores[rule["properties"]["security-severity"]]] += 1
    assert found == wanted(rows)


@settings(max_examples=5, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=25))
def test_the_plot_draws_what_is_counted(rows: list[dict[str, Any]]) -> None:
    """Segments by colour; what is waived is hatched and apart."""
    review = review_of(rows)
    ax = vf.plot.findings(review.findings)
    drawn = dict.fromkeys(WORDS, 0.0)
    colors = {mpl.colors.to_rgba(color): word for word, color in _SEVERITY_COLORS.items()}
    for patch in ax.patches:
        if isinstance(patch, Rectangle) and not patch.get_hatch():
            drawn[colors[patch.get_facecolor()]] += patch.get_width()
    plt.close("all")
    assert drawn == wanted(rows)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_narrowed_review_counts_what_it_keeps(family: str) -> None:
    """By family; what was not read stays."""
    weak = {"ike_encryption": "3des-cbc", "dpd_enabled": False, "bgp_enabled": None}
    review = examine(inventory(weak, coverage=[{"status": "partial"}]))
    part = narrow(review, families=[family])
    kept = part.findings[(part.findings["rule_id"] != "vpn-coverage").to_numpy()]
    assert set(kept["family"]) <= {family}
    assert (part.findings["rule_id"] == "vpn-coverage").sum() == 1
    assert part.summary["n_open"].sum() == (part.findings["status"] == "open").sum()
    schema.validate("audit_summary", part.summary)


def test_a_severity_keeps_what_is_as_bad_or_worse() -> None:
    """And what could not be judged."""
    review = examine(inventory({"ike_encryption": "3des-cbc", "dpd_enabled": None}))
    found = narrow(review, severity="medium").findings
    assert (found["severity"] >= "medium")[(found["status"] == "open").to_numpy()].all()
    assert "vpn-dpd-off" in set(found["rule_id"])


OWNED = (
    {"tags": ["owner=erp"], "connection_name": "erp-line"},
    NEXT | {
        "tags": ["owner=retail"], "connection_name": "retail-line",
        "customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2",
        "onprem_subnets": ["192.168.7.0/25"], "vpc_subnets": ["10.0.0.0/16"],
    },
    {
        "vpn_connection_id": "vco-3", "tags": ["owner=hr"], "connection_name": "hr-line",
        "customer_gateway_ip": "91.8.8.8", "customer_gateway_id": "cgw-3",
        "onprem_subnets": ["10.77.0.0/24"],
    },
)  # fmt: skip
SECRETS = {
    "erp": ("vco-1", "erp-line", "91.1.2.3"),
    "retail": ("vco-2", "retail-line", "192.168.7.0/25", "91.9.9.9"),
    "hr": ("vco-3", "hr-line", "10.77.0.0/24", "91.8.8.8"),
}


@pytest.mark.parametrize("style", [one for one in get_args(ReviewFormat) if one != "parquet"])
def test_a_page_of_an_owner_holds_nothing_of_others(style: ReviewFormat) -> None:
    """No id, name or block of theirs: an overlap is with "a connection of another owner"."""
    inv = inventory(*OWNED, keys=[{"psk_fingerprint": "same"}] * 3)
    review = examine(inv, settings=AuditSettings(now=NOW, owner_tag="owner"))
    parts = reviews_by_owner(review, inv.connections, owner_tag="owner")
    assert set(parts) >= {"erp", "hr", "retail"}
    for owner, part in parts.items():
        text = encode(part, style, title=f"of {owner}", with_folded=True).decode()
        for other, words in SECRETS.items():
            if other != owner:
                assert not [word for word in words if word in text], (owner, other)
        assert len(part.connections) == (owner != "")
    for owner in ("erp", "retail"):
        assert "a connection of another owner" in encode(parts[owner], style).decode()


def test_shares_of_an_owner_are_of_its_connections() -> None:
    """Weak on all of one owner's connections, and on few of the fleet's."""
    rows = [
        {
            "vpn_connection_id": f"vco-{i}", "tags": [f"owner={'erp' if i < 5 else 'retail'}"],
            "customer_gateway_ip": f"91.1.1.{i}", "onprem_subnets": [f"10.9.{i}.0/24"],
            "ike_encryption": "3des-cbc" if i < 5 else "aes-256-cbc",
        }
        for i in range(20)
    ]  # fmt: skip
    inv = inventory(*rows)
    review = examine(inv, settings=AuditSettings(now=NOW, owner_tag="owner"))
    assert not review.findings["evidence"].str.startswith("fails on 5 of").any()
    parts = reviews_by_owner(review, inv.connections, owner_tag="owner")
    evidence = parts["erp"].findings["evidence"]
    assert "fails on 5 of 5 connections" in evidence.tolist()
    assert not parts["retail"].findings["evidence"].str.contains("20 connections").any()
    share = parts["erp"].summary.set_index("rule_id")["share"]
    assert share["vpn-ike-3des"] == 1.0


def test_the_moment_of_a_review_may_have_any_time_zone() -> None:
    """It is the same review."""
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    tables = [
        vf.audit(inventory({}), settings=AuditSettings(now=moment.astimezone(zone)))
        for zone in (UTC, None)
    ]
    pd.testing.assert_frame_equal(tables[0], tables[1])
