"""Mutants of what the audit keeps as data: a verdict, a threshold, a column, bits, a severity.

A mutant is killed when it is refused, or when a judgement that is made by it is another one than
was agreed on; what was agreed on is written down apart from the data, see ``agreed.py``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.resources import files
from itertools import product
from string import Formatter
from typing import Any

import agreed
import pandas as pd
import pytest
from rule_evidence import evidence_of, told_of
from test_mutants import STEP
from test_profile_judging import CEILINGS
from test_strength import BEST, DH, ENC, PRF, judged, tables, values_of

from vpnframe.auditing import strength
from vpnframe.auditing.profiles.judging import VERDICTS, judge
from vpnframe.auditing.profiles.profiles import COLUMNS, HEADER, Profile, parse_profiles
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.texts import Text, texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.errors import SettingsError

pytestmark = pytest.mark.slow
GOAL = 0.9
AUDITING = files("vpnframe.auditing")
WORDS = ("must", "should", "may", "should-not", "must-not", "legacy", "default", "n/a")
Row = dict[str, str]
Check = Callable[[], bool]  # whether the mutant is killed


def rows_of(name: str) -> list[Row]:
    """The lines of a table."""
    text = AUDITING.joinpath(*name.split("/")).read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def changed(rows: Sequence[Row], place: int, **cells: str) -> list[Row]:
    """The table with other cells in one line."""
    return [row | cells if i == place else row for i, row in enumerate(rows)]


# Profiles


@cache
def probes(name: str) -> tuple[list[tuple[str, str]], pd.DataFrame, pd.DataFrame]:
    """Each value, and the first and last number of each range, as tunnels under IKEv1."""
    places = [
        (column, value)
        for column, (_, values) in agreed.verdicts()[name].items()
        for one in values
        for value in ([one] if COLUMNS[column] else [one, str(max(0, int(one) - 1))])
    ]
    typed = [(c, int(v) if v.isdecimal() else v) for c, v in places]
    known = [{**BEST, "ike_version": 1, "ike_mode": "main", column: v} for column, v in typed]
    return places, *tables(known)


def wanted(name: str, column: str, value: str) -> tuple[str, str]:
    """The verdict that was agreed on, and how it is known."""
    basis, values = agreed.verdicts()[name][column]
    if value == CEILINGS.get(name, {}).get(column):
        return "ceiling", basis
    if COLUMNS[column] is None:
        starts = [int(start) for start in values if int(start) <= int(value)]
        return values[str(max(starts))], basis
    return values[value], basis


def said(profile: Profile) -> list[tuple[str, str]]:
    """What is judged by a profile."""
    places, tunnels, facts = probes(profile.name)
    found = judge(tunnels, profile=profile, key_bits=strength.psk_bits(tunnels, facts))
    told = []
    for i, (column, _) in enumerate(places):
        entry = int(found[column].entry[i])
        basis = profile.entries[entry].basis if entry >= 0 else ""
        told.append((VERDICTS[found[column].verdict[i]], basis))
    return told


def is_profile_killed(name: str, rows: Sequence[Row]) -> bool:
    """Whether the table is refused, or judges otherwise."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    try:
        (profile,) = parse_profiles(text.getvalue(), name="mutant.csv")
    except SettingsError:
        return True
    return said(profile) != [wanted(name, *place) for place in probes(name)[0]]


def profile_rows() -> dict[str, list[Row]]:
    """The lines of each shipped profile."""
    found: dict[str, list[Row]] = {}
    for row in rows_of("profiles/audit-profiles.csv"):
        found.setdefault(row["profile"], []).append(row)
    return found


def profile_mutants() -> Iterator[tuple[str, Check]]:
    """Each verdict by each other, each value, column and basis by another, thresholds moved."""
    for name, rows in profile_rows().items():
        for place, row in enumerate(rows):
            label = f"{name} {row['column']} {row['value'] or row['min']}"
            for what, mutated in row_mutants(rows, place):
                yield f"{label}: {what}", partial(is_profile_killed, name, mutated)


def row_mutants(rows: Sequence[Row], place: int) -> Iterator[tuple[str, list[Row]]]:
    """What can be changed of one line."""
    row = rows[place]
    for word in WORDS:
        if word != row["verdict"]:
            yield word, changed(rows, place, verdict=word)
    yield (
        "another basis",
        changed(rows, place, basis="own" if row["basis"] == "verified" else "verified"),
    )
    yield "no such line", [*rows[:place], *rows[place + 1 :]]
    same_kind = [c for c in COLUMNS if (COLUMNS[c] is None) == (COLUMNS[row["column"]] is None)]
    other = same_kind[(same_kind.index(row["column"]) + 1) % len(same_kind)]
    yield f"column {other}", changed(rows, place, column=other)
    known = sorted(COLUMNS[row["column"]] or ())
    if known:
        value = known[(known.index(row["value"]) + 1) % len(known)]
        yield f"value {value}", changed(rows, place, value=value)
    elif row["max"]:
        last = int(row["max"])
        after = [
            i
            for i, one in enumerate(rows)
            if one["column"] == row["column"] and one["min"] == str(last + 1)
        ]
        for above in after:
            if rows[above]["verdict"] == row["verdict"]:
                continue  # another threshold, and the same judgement
            for step in (-1, 1):
                moved = changed(rows, place, max=str(last + step))
                yield f"ends {step} later", changed(moved, above, min=str(last + 1 + step))


# Bits


@cache
def combinations() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Tunnels of which each part is the weakest once, and what each of them is worth."""
    parts = product((1, 2), (*DH, None, 0), (*ENC, None), (*PRF, None), ("psk", "certificate"))
    rows = [
        BEST
        | {
            "ike_version": version, "auth_method": method, "ike_dh_group": group,
            "ipsec_pfs_group": group, "ike_encryption": cipher, "ipsec_encryption": cipher,
            "ike_integrity": digest, "ipsec_integrity": digest, "psk_bits": 256,
        }
        for version, group, cipher, digest, method in parts
    ]  # fmt: skip
    return rows, [judged(row) for row in rows]


@cache
def combined_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same as tables."""
    return tables(combinations()[0])


def is_strength_killed(rows: Sequence[Row], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether any tunnel is worth something else by the table."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    tunnels, facts = combined_tables()
    with monkeypatch.context() as patch:
        found = strength.parse_components(text.getvalue())
        patch.setattr(strength, "components", lambda: found)
        table = strength.strength(tunnels, key_facts=facts)
    expected = combinations()[1]
    return any(values_of(table, name) != [row[name] for row in expected] for name in expected[0])


def strength_mutants(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Check]]:
    """Bits one more and one less, approval turned, another value, no such line.

    A group or an integrity tag is worth nothing of its own against a quantum computer, and without
    PFS there is none: those cells are for readers, and no judgement is made of them.
    """
    rows = rows_of("strength.csv")
    for place, row in enumerate(rows):
        if row["bits"] == "inherit":
            continue
        label = f"strength of {row['component']} {row['value']}"
        mutated = {"no such line": [*rows[:place], *rows[place + 1 :]]}
        mutated["another value"] = changed(rows, place, value=f"{row['value']}9")
        judged_by = ("bits", "quantum_bits") if row["component"] in ("enc", "prf") else ("bits",)
        for name, step in product(judged_by, (-1, 1)):
            cell = str(int(row[name]) + step)
            mutated[f"{name} {cell}"] = changed(rows, place, **{name: cell})
        turned = "0" if row["nist_approved"] == "1" else "1"
        mutated["approval turned"] = changed(rows, place, nist_approved=turned)
        for what, table in mutated.items():
            yield f"{label}: {what}", partial(is_strength_killed, table, monkeypatch)


# Texts


def is_text_killed(text: Text) -> bool:
    """Whether severity, basis or the rendered evidence are not what was agreed on."""
    if text.severity != agreed.severities()[text.rule_id]:
        return True
    if (text.basis == "verified") != (text.rule_id in agreed.VERIFIED):
        return True
    return evidence_of(text.rule_id, text=text) != told_of(text.rule_id)


def text_mutants() -> Iterator[tuple[str, Check]]:
    """Each other severity, another basis, and each thing that evidence names left out."""
    for rule in RULES:
        text = texts()[rule.rule_id]
        mutated = {
            f"severity {word}": replace(text, severity=word)
            for word in SEVERITIES
            if word != text.severity
        }
        basis = "own" if text.basis == "verified" else "verified"
        mutated["another basis"] = replace(text, basis=basis)
        for field in ("evidence", "unknown"):
            template = getattr(text, field)
            for _, name, _, _ in Formatter().parse(template):
                if name:
                    shorter = template.replace(f"{{{name}}}", "it")
                    mutated[f"{field} without {name}"] = replace(text, **{field: shorter})
        for what, one in mutated.items():
            yield f"{rule.rule_id}: {what}", partial(is_text_killed, one)


def test_the_data_itself_is_what_was_agreed_on() -> None:
    """No check fails where nothing was changed."""
    alive = {name for name, rows in profile_rows().items() if not is_profile_killed(name, rows)}
    assert alive == set(agreed.verdicts())
    with pytest.MonkeyPatch.context() as patch:
        assert not is_strength_killed(rows_of("strength.csv"), patch)
    assert not [rule.rule_id for rule in RULES if is_text_killed(texts()[rule.rule_id])]


@pytest.mark.proof
def test_nine_of_ten_mutants_of_the_data_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figure is printed for each kind, and those that live."""
    kinds: Mapping[str, Iterator[tuple[str, Check]]] = {
        "profiles": profile_mutants(),
        "bits": strength_mutants(monkeypatch),
        "texts": text_mutants(),
    }
    for kind, mutants in kinds.items():
        tried = list(mutants)[::STEP]
        alive = [label for label, is_killed in tried if not is_killed()]
        n_killed = len(tried) - len(alive)
        share = n_killed / len(tried)
        print(f"\n{n_killed:,} of {len(tried):,} mutants of {kind} are killed: {share:.1%}")
        for label in alive:
            print(f"  alive: {label}")
        assert share >= GOAL, kind
