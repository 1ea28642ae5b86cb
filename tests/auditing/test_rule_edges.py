"""Every rule at the lines that it draws: results row by row, severities, evidence, causes."""

from __future__ import annotations

from typing import Any

import pytest
from audit_helpers import BY_ID, SM, fleet_of, inventory
from rule_cases import EDGES
from rule_findings import findings_of, severities_of, words_of
from rule_fleets import Edge

from vpnframe.auditing.evaluation import is_at_ceiling

# What a tunnel is, and whether the best group on offer alone holds it under 128 bits.
CEILINGS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({}, {"psk_bits": 112}, False),
    ({"ike_dh_group": 24}, {}, False),
    ({"ike_dh_group": 5}, {}, False),
    ({"ipsec_encryption": "3des-cbc"}, {"psk_bits": 111}, False),
    ({}, {"psk_bits": 111}, False),
    (SM | {"auth_method": "psk", "ike_dh_group": 14}, {}, False),
    ({"ike_encryption": "des-cbc"}, {}, True),
]
EVERY_EDGE = [
    pytest.param(rule_id, edge, id=f"{rule_id}-{number}")
    for rule_id, edges in EDGES.items()
    for number, edge in enumerate(edges)
]


@pytest.mark.parametrize(("rule_id", "edge"), EVERY_EDGE)
def test_a_rule_at_its_edges(rule_id: str, edge: Edge) -> None:
    """What is said of each row, and of each finding."""
    fleet = fleet_of(edge.make())
    verdicts = BY_ID[rule_id].judge(fleet)
    assert words_of(verdicts) == edge.results.split()
    if edge.severities is not None:
        assert severities_of(verdicts, rule_id) == {edge.severities}
    found = findings_of(fleet, verdicts, rule_id)
    if edge.told is not None:
        assert found.evidence.tolist() == list(edge.told)
    if edge.causes is not None:
        assert found.cause.tolist() == list(edge.causes)


@pytest.mark.parametrize(("changes", "facts", "is_held"), CEILINGS)
def test_what_the_best_group_alone_holds(changes, facts, is_held: bool) -> None:
    """Nothing that is weak for another reason."""
    assert is_at_ceiling(fleet_of(inventory(changes, keys=[facts]))).tolist() == [is_held]
