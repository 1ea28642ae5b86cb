"""Mutants of the rules: whatever is changed in them, something that is checked changes, too.

A mutant is killed by the same checks that the tests make: the three cases of each rule, the answer
key of the emulator's fleet, the oracle of proposals, and the tables of blocks.
"""

from __future__ import annotations

import importlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import test_audit_false_alarms as alarms
import test_rules_oracle as product
from audit_helpers import BY_ID, GOOD, NOW, NOW_MS, WORDS, block, inventory, table, with_key_facts
from expected_findings import find_findings
from helpers import inventory_of
from mutation import Mutant, mutants_of
from rule_cases import CASES, EDGES
from rule_findings import findings_of, severities_of, words_of
from rule_fleets import Edge

from vpnframe import schema
from vpnframe.auditing.fleet import Fleet, gather
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.verdicts import REGISTERED, SEVERITIES, Verdicts
from vpnframe.emulator import make_fleet, make_state

pytestmark = pytest.mark.slow
IS_WHOLE = int(os.environ.get("VPNFRAME_EXAMPLES", "100")) >= 500
STEP = 1 if IS_WHOLE else 12  # `make prove` tries every mutant, `make test` every twelfth
GOAL = 0.9
SEEDS = (7, 8)
Judge = Callable[[Fleet], Verdicts]
BY_MODULE: defaultdict[str, list[str]] = defaultdict(list)
for rule in RULES:
    BY_MODULE[rule.find.__module__].append(rule.rule_id)


@cache
def case_fleets() -> dict[str, list[tuple[str, str | None, Fleet]]]:
    """For each rule: what is expected, how bad, and the fleet."""
    found: dict[str, list[tuple[str, str | None, Fleet]]] = {}
    for rule_id, case in CASES.items():
        makers = (("fail", case.fails), ("pass", case.passes), ("unknown", case.unknown))
        found[rule_id] = [
            (word, case.severity if word == "fail" else None, gather(make(), now=NOW))
            for word, make in makers
            if make is not None
        ]
    return found


@cache
def whole_fleets() -> list[tuple[Fleet, Mapping[str, set[tuple[Any, ...]]]]]:
    """Fleets of the emulator, and what the answer key says of each rule."""
    found = []
    for seed in SEEDS:
        drawn = make_fleet(connections=150, seed=seed)
        inv = with_key_facts(inventory_of(make_state(drawn, quotas=False)), drawn)
        wanted: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
        for one in find_findings(drawn, now_ms=NOW_MS):
            if one["status"] == "open":
                key = (one["subject"], tuple(one["tunnels"]), one["severity"])  # type: ignore[arg-type]
                wanted[str(one["rule_id"])].add(key)
        found.append((gather(inv, now=NOW), wanted))
    return found


@cache
def sampled() -> tuple[Fleet, dict[str, list[tuple[str, str | None] | None]]]:
    """Some rows of the product of proposals, and what the oracle says of them."""
    values = product.columns()
    rows = range(0, product.N, 97)
    chosen = {name: [column[i] for i in rows] for name, column in values.items()}
    n = len(rows)
    whole = {name: [GOOD[name]] * n for name in GOOD} | chosen
    whole["vpn_connection_id"] = [f"vco-{i}" for i in range(n)]
    names = schema.find("tunnels").names
    tunnels = schema.build("tunnels", {name: whole.get(name, [None] * n) for name in names})
    blank = inventory()
    inv = type(blank)(
        **{
            **dict(blank.tables()),
            "tunnels": tunnels,
            "connections": schema.cast("connections", tunnels.assign(n_tunnels=1)),
            "subnets": table("subnets", []),
            "key_facts": schema.cast("key_facts", tunnels.assign(psk_bits=whole["psk_bits"])),
        }
    )
    said = [
        product.oracle(dict(zip(chosen, combination, strict=True)))
        for combination in zip(*chosen.values(), strict=True)
    ]
    return gather(inv, now=NOW), {
        rule_id: [one.get(rule_id) for one in said] for rule_id in product.RULES
    }


@cache
def edge_fleets(rule_id: str) -> list[tuple[Edge, Fleet]]:
    """The edges of a rule, each with its fleet."""
    return [(edge, gather(edge.make(), now=NOW)) for edge in EDGES.get(rule_id, ())]


def is_edge_met(verdicts: Verdicts, rule_id: str, edge: Edge, fleet: Fleet) -> bool:
    """Whether rows, severities, evidence and causes are what they must be."""
    if words_of(verdicts) != edge.results.split():
        return False
    if edge.severities is not None and severities_of(verdicts, rule_id) != {edge.severities}:
        return False
    found = findings_of(fleet, verdicts, rule_id)
    if edge.told is not None and found.evidence.tolist() != list(edge.told):
        return False
    return edge.causes is None or found.cause.tolist() == list(edge.causes)


def killers(rule_id: str, judge: Judge) -> Iterator[bool]:
    """Whether each check finds that a rule is not what it was."""
    for word, severity, fleet in case_fleets()[rule_id]:
        yield not is_case_met(judge(fleet), rule_id, word, severity)
    for edge, fleet in edge_fleets(rule_id):
        yield not is_edge_met(judge(fleet), rule_id, edge, fleet)
    for fleet, wanted in whole_fleets():
        yield open_findings(fleet, judge(fleet), rule_id) != wanted.get(rule_id, set())
    if rule_id in product.RULES:
        fleet, answers = sampled()
        yield not is_oracle_met(judge(fleet), answers[rule_id])
    for fleet, expected in block_fleets().get(rule_id, ()):
        verdicts = judge(fleet)
        yield severities_of(verdicts, rule_id) != expected


@cache
def block_fleets() -> dict[str, list[tuple[Fleet, set[str]]]]:
    """Lists of blocks and how bad each is."""
    found: defaultdict[str, list[tuple[Fleet, set[str]]]] = defaultdict(list)
    for cidr, side, severity in alarms.RESERVED:
        inv = inventory({}, subnets=[block(GOOD, side, cidr)])
        found["vpn-selector-reserved"].append(
            (gather(inv, now=NOW), {severity} if severity else set())
        )
    for cidrs, is_wide in alarms.WIDE:
        inv = inventory({}, subnets=[block(GOOD, "onprem", cidr) for cidr in cidrs])
        found["vpn-selector-wide"].append((gather(inv, now=NOW), {"low"} if is_wide else set()))
    for cidrs, is_redundant in alarms.REDUNDANT:
        fleet = gather(inventory({"onprem_subnets": cidrs}), now=NOW)
        found["vpn-selector-redundant"].append((fleet, {"low"} if is_redundant else set()))
    return found


def is_case_met(verdicts: Verdicts, rule_id: str, word: str, severity: str | None) -> bool:
    """Whether a case comes to what it must."""
    results = {WORDS[result] for result in verdicts.result.tolist()}
    if word == "pass":
        return results <= {"pass"}
    if word == "unknown":
        return "unknown" in results and "fail" not in results
    return "fail" in results and severities_of(verdicts, rule_id) == {severity}


def open_findings(fleet: Fleet, verdicts: Verdicts, rule_id: str) -> set[tuple[Any, ...]]:
    """Subject, tunnels and severity of what fails."""
    made = findings_of(fleet, verdicts, rule_id)
    ids = fleet.tunnels["tunnel_id"].tolist()
    connections = fleet.connections["vpn_connection_id"].tolist()
    gateways = fleet.gateways["gateway_id"].tolist()
    found, start = set(), 0
    for i, n_tunnels in enumerate(made.n_tunnels.tolist()):
        rows = made.tunnel_rows[start : start + n_tunnels].tolist()
        start += n_tunnels
        if made.is_open[i]:
            names = gateways if made.kind == "gateways" else connections
            subject = names[int(made.subject[i])]
            tunnels = tuple(sorted(ids[row] for row in rows if isinstance(ids[row], str)))
            found.add((subject, tunnels, SEVERITIES[made.severity[i]]))
    return found


def is_oracle_met(verdicts: Verdicts, answers: list[tuple[str, str | None] | None]) -> bool:
    """Whether every row is judged as the oracle judges it."""
    judged = [i for i, one in enumerate(answers) if one is not None]
    told = [one for one in answers if one is not None]
    if verdicts.position.tolist() != judged:
        return False
    results = [WORDS[result] for result in verdicts.result.tolist()]
    if results != [word for word, _ in told]:
        return False
    if verdicts.severity is None:
        return True
    words = [SEVERITIES[code] for code in verdicts.severity.tolist()]
    rows = [i for i, result in enumerate(results) if result == "fail"]
    return [words[i] for i in rows] == [told[i][1] for i in rows]


def judges_of(mutant: Mutant) -> dict[str, Judge]:
    """The rules that a mutant registers; those of the module itself stay what they are."""
    own = dict(REGISTERED)
    REGISTERED.clear()
    try:
        mutant.load()
        return {rule_id: one.judge for rule_id, one in REGISTERED.items()}
    finally:
        REGISTERED.clear()
        REGISTERED.update(own)


def is_killed(mutant: Mutant) -> bool:
    """Whether a check of some rule of its module finds it; one that breaks is found."""
    functions = {rule_id: BY_ID[rule_id].find.__name__ for rule_id in BY_MODULE[mutant.module]}
    is_shared = mutant.function not in functions.values()  # a helper, a constant, or a row
    try:
        judges = judges_of(mutant)
        for rule_id, function in functions.items():
            if (is_shared or mutant.function == function) and any(
                killers(rule_id, judges[rule_id])
            ):
                return True
    except Exception:  # noqa: BLE001  whatever a mutant breaks shows it
        return True
    return False


@cache
def all_mutants() -> tuple[Mutant, ...]:
    """Those of every module of rules."""
    return tuple(
        mutant
        for module in sorted(BY_MODULE)
        for mutant in mutants_of(importlib.import_module(module))
    )


def test_the_checks_are_met_by_the_rules_themselves() -> None:
    """No check fails where nothing was changed."""
    assert [r.rule_id for r in RULES if any(killers(r.rule_id, r.judge))] == []


def test_every_rule_has_a_mutant_that_is_killed() -> None:
    """A rule that always passes is found, whichever it is."""

    def passing(rule_id: str) -> Judge:
        def judge(fleet: Fleet) -> Verdicts:
            verdicts = BY_ID[rule_id].judge(fleet)
            return Verdicts(
                table=verdicts.table,
                position=verdicts.position,
                result=verdicts.result * 0,
                column=verdicts.column,
            )

        return judge

    assert [r.rule_id for r in RULES if not any(killers(r.rule_id, passing(r.rule_id)))] == []


def test_every_rule_function_is_mutated() -> None:
    """Its own text, or what it names of its module: helpers and constants."""
    mutated = {(mutant.module, mutant.function) for mutant in all_mutants()}
    bare = []
    for rule in RULES:
        module, code = rule.find.__module__, rule.find.__code__
        # A row of data is a closure of the function that registers it, with a constant of its own.
        named = {rule.find.__qualname__.split(".")[0], *code.co_names}
        constants = any(name.isupper() for name in named)
        is_mutated = any((module, name) in mutated for name in named)
        if not is_mutated and not (constants and (module, "") in mutated):
            bare.append(rule.rule_id)
    assert bare == []


def test_nine_of_ten_mutants_are_killed() -> None:
    """The figure is printed, and those that live."""
    tried = all_mutants()[::STEP]
    alive = [mutant for mutant in tried if not is_killed(mutant)]
    share = 1 - len(alive) / len(tried)
    n_killed = len(tried) - len(alive)
    print(f"\n{n_killed:,} of {len(tried):,} mutants of the rules are killed: {share:.1%}")
    for mutant in alive:
        print(f"  alive: {mutant.module}.{mutant.function}:{mutant.line} {mutant.what}")
    assert share >= GOAL
