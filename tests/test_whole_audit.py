"""The audit against the emulator's answer key: every finding in it, and no other."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from audit_helpers import with_key_facts
from expected_findings import find_findings
from helpers import each_once, in_xml, inventory_of, slow_after

from vpnframe.auditing.review import examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.emulator import make_fleet, make_state
from vpnframe.emulator.unset import SHAPES
from vpnframe.fetching.crawl import Plan
from vpnframe.inventory import Inventory
from vpnframe.schema.joined import split_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
SEEDS = slow_after(2, range(20))
Key = tuple[str, str, str, str, tuple[str, ...], str]


def expected(seed: int, **options: Any) -> Counter[Key]:
    """What the answer key holds."""
    key = find_findings(make_fleet(seed=seed), now_ms=NOW_MS, **options)
    return Counter(
        (
            str(one["rule_id"]),
            str(one["status"]),
            str(one["subject"]),
            str(one["other"]) if one["other"] != one["subject"] else "",
            tuple(one["tunnels"]),  # type: ignore[arg-type]
            str(one["severity"]),
        )
        for one in key
    )


def found(inv: Inventory) -> Counter[Key]:
    """What the audit finds, in the answer key's terms."""
    findings = examine(inv, settings=AuditSettings(now=NOW)).findings
    assert not findings["finding_id"].duplicated().any()
    rows = findings.to_dict("records")
    assert _of_the_fleet(rows) == _widespread(rows)
    return Counter(_key(row) for row in rows if not _is_share(row))


def _is_share(row: dict[str, Any]) -> bool:
    """Whether it is what most of the fleet has, said once."""
    is_of_none = not isinstance(row["vpn_connection_id"], str)
    return is_of_none and str(row["evidence"]).startswith("fails on")


def _of_the_fleet(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["rule_id"]: row["evidence"] for row in rows if _is_share(row)}


def _widespread(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What more than half of the 300 connections have, counted from the others."""
    failing: dict[str, set[str]] = {}
    for row in rows:
        if row["status"] == "open" and isinstance(row["vpn_connection_id"], str):
            failing.setdefault(row["rule_id"], set()).add(row["vpn_connection_id"])
    shares = {rule: len(ids) for rule, ids in failing.items() if len(ids) > 150}
    return {rule: f"fails on {n} of 300 connections" for rule, n in shares.items()}


def _key(row: dict[str, Any]) -> Key:
    text = {name: value for name, value in row.items() if isinstance(value, str)}
    subject = text.get("vpn_connection_id") or text.get("vpn_gateway_id") or ""
    if row["rule_id"] == "vpn-gateway-unused":
        subject = text["value"]
    is_pair = row["rule_id"].startswith("vpn-overlap-")
    named = set(re.findall(r"vco-\w+", text.get("value", ""))) if is_pair else set()
    other = ",".join(sorted(named - {subject}))
    tunnels = split_text(row["tunnel_ids"])
    ids = tuple(sorted(tunnels))
    return row["rule_id"], row["status"], subject, other, ids, row["severity"]


def assert_found(
    seed: int, *, routes: bool = True, shape: str | None = None, is_xml: bool = False
) -> None:
    """Everything in the answer key is found, and nothing else."""
    fleet = make_fleet(seed=seed)
    state = make_state(fleet, quotas=False, shape=shape)
    fault = in_xml(state) if is_xml else None
    inv = inventory_of(state, plan=Plan(routes=routes), fault=fault)
    wanted, got = expected(seed, are_routes_known=routes), found(with_key_facts(inv, fleet))
    assert wanted - got == Counter()
    assert got - wanted == Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_finding_of_the_answer_key_is_found_and_no_other(seed: int) -> None:
    """Rule, subject, tunnels and severity, over a fleet of 300 with its own traps."""
    assert_found(seed)


@pytest.mark.parametrize(("seed", "shape", "is_xml"), each_once([2, 3], SHAPES, [False, True]))
def test_no_shape_of_what_is_unset_makes_or_hides_a_finding(
    seed: int, shape: str, is_xml: bool
) -> None:
    """No key of BGP, no lifetime and no health check is made of a zero."""
    assert_found(seed, shape=shape, is_xml=is_xml)


@pytest.mark.parametrize("seed", [0, 1])
def test_without_routes_what_they_would_show_is_unknown(seed: int) -> None:
    """Neither a pass nor a fault where the prefixes were not read."""
    assert_found(seed, routes=False)
