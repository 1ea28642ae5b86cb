"""Every rule by a case that fails, one that passes and one that nobody can judge."""

from __future__ import annotations

import pytest
from audit_helpers import (
    BY_ID,
    NO_CHECK,
    SM,
    fleet_of,
    inventory,
    not_passed,
    pair,
    results_of,
    verdicts_of,
)
from rule_cases import CASES, SPECS

from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import SEVERITIES


@pytest.mark.parametrize("rule_id", [rule for rule in CASES if CASES[rule].fails])
def test_a_rule_fails(rule_id: str) -> None:
    """Where the fault is, and with the severity that the fault has."""
    case = CASES[rule_id]
    assert case.fails is not None
    verdicts = verdicts_of(rule_id, case.fails())
    assert "fail" in results_of(rule_id, case.fails())
    own = SEVERITIES.index(texts()[rule_id].severity)
    rows = verdicts.result == 1
    found = {own} if verdicts.severity is None else set(verdicts.severity[rows].tolist())
    assert {SEVERITIES[code] for code in found} == {case.severity}


@pytest.mark.parametrize("rule_id", CASES)
def test_a_rule_passes(rule_id: str) -> None:
    """Where there is no fault, however near it comes."""
    assert set(results_of(rule_id, CASES[rule_id].passes())) <= {"pass"}


@pytest.mark.parametrize("rule_id", [rule for rule in CASES if CASES[rule].unknown])
def test_a_rule_can_not_tell(rule_id: str) -> None:
    """What is not known neither passes nor fails."""
    case = CASES[rule_id]
    assert case.unknown is not None
    results = results_of(rule_id, case.unknown())
    assert "unknown" in results
    assert "fail" not in results


def test_every_rule_has_its_cases() -> None:
    """A new rule needs all three; those that can't have one are named."""
    assert set(CASES) == set(BY_ID)
    for rule, spec in SPECS.items():
        assert (spec.case.unknown is None) == (spec.never == "unknown"), rule
        assert (spec.case.fails is None) == (spec.never == "fail"), rule


def test_a_good_tunnel_fails_no_rule_but_that_it_is_alone() -> None:
    """One tunnel in one region, well set up."""
    assert not_passed(inventory({})) == {"vpn-single-tunnel"}


def test_a_good_pair_of_tunnels_fails_nothing() -> None:
    """Two tunnels in two zones."""
    fleet = inventory(*pair())
    assert [
        r.rule_id for r in RULES if {"fail", "unknown"} & set(results_of(r.rule_id, fleet))
    ] == []


def test_a_good_sm_tunnel_fails_nothing_but_that_it_is_alone() -> None:
    """SM4, SM3, IKEv1, main mode and certificates are what such a gateway must run."""
    fleet = inventory(
        SM | NO_CHECK | {"health_check_enabled": True, "health_check_status": "success"}
    )
    bad = [r.rule_id for r in RULES if {"fail", "unknown"} & set(results_of(r.rule_id, fleet))]
    assert bad == ["vpn-single-tunnel"]


def test_rules_judge_an_empty_fleet() -> None:
    """Nothing is judged, and nothing breaks."""
    fleet = fleet_of(inventory(gateways=[]))
    assert {rule.judge(fleet).counts() for rule in RULES} == {(0, 0, 0)}
