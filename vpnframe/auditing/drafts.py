"""Group the rows that fail a rule, or that it cannot judge, into findings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.evidence import joined, render, values_of
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, Positions, Texts, objects
from vpnframe.auditing.texts import SEPARATOR, Text
from vpnframe.auditing.verdicts import SEVERITIES, Severities, Verdicts
from vpnframe.schema.tables import declaring as columns

VERDICTS = columns.VERDICTS  # a standard's objections to a value, the mildest first
Rank = TypeVar("Rank", np.uint8, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The findings of one rule or profile as arrays, which become rows of table ``findings``."""

    text: Text  # the texts of the rule
    column: str  # the judged columns, joined by ``, ``
    profile: Texts  # the profiles that object to the value, joined by ``, ``; else None
    # The worst verdict of those profiles, an index into ``VERDICTS``; -1 if no profile objects
    verdict: Positions
    # The table whose row positions are in ``subject``; empty for findings on the whole fleet
    kind: Literal["connections", "gateways", "coverage", ""]
    subject: Positions
    severity: Severities  # index into ``SEVERITIES``
    is_open: Mask  # true for a fault, false for rows that could not be judged
    # value, evidence, references, cause, what: ``cause`` is the id of the rule that explains the
    # finding; ``what`` distinguishes the findings of one rule on one connection
    value: Texts
    evidence: Texts
    references: Texts
    cause: Texts
    what: Texts
    # tunnel_rows: positions in ``tunnels``, sorted by finding; n_tunnels: their number per finding
    tunnel_rows: Positions
    n_tunnels: npt.NDArray[np.int64]
    of_profile: str = ""  # the profile that made the findings; empty if a rule made them

    def __len__(self) -> int:
        return len(self.subject)

    def keep(self, mask: Mask) -> Draft:
        """Return a draft with only the findings that ``mask`` marks."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        of_findings = {name: one for name, one in values.items() if isinstance(one, np.ndarray)}
        tunnel_rows = of_findings.pop("tunnel_rows")[np.repeat(mask, self.n_tunnels)]
        taken: dict[str, Any] = {name: one[mask] for name, one in of_findings.items()}
        return replace(self, tunnel_rows=tunnel_rows, **taken)


@dataclass(frozen=True, slots=True)
class Cited:
    """For each judged row, the profiles that reject its value, and the clauses they cite."""

    code: Positions  # for each row, an index into the next three fields
    # profiles, clauses: the profiles that object to a value, and the clauses they cite
    profiles: tuple[str | None, ...]
    clauses: tuple[str | None, ...]
    verdicts: tuple[int, ...]  # the worst verdict, an index into ``VERDICTS``; -1 for none


def draft(fleet: Fleet, verdicts: Verdicts, text: Text, *, cited: Cited | None = None) -> Draft:
    """Group the rows that fail a rule, and the rows that it cannot judge, into findings."""
    table, rows = verdicts.table, np.flatnonzero(verdicts.result != NO)
    position, is_open = verdicts.position[rows], verdicts.result[rows] == YES
    subject = fleet.subjects_of(table)[position]
    what = objects(verdicts.facts.get("what", np.full(len(verdicts.result), "", object)))[rows]
    which = pd.factorize(what)[0]
    order = np.lexsort((*fleet.order_within(table, position), which, ~is_open, subject))
    rows, is_open, subject = rows[order], is_open[order], subject[order]
    what, chosen = what[order], verdicts.take(rows)
    starts = _starts(subject, is_open, which[order])
    profile, verdict, references = _references(text, cited, rows)
    own_severity = np.full(len(rows), SEVERITIES.index(text.severity), np.uint8)
    severity = own_severity if chosen.severity is None else chosen.severity
    is_of_tunnels = table == "tunnels"
    sizes = np.diff(np.append(starts, len(rows)))
    return Draft(
        text=text,
        column=verdicts.column,
        profile=joined(profile, starts),
        verdict=_highest(verdict, starts),
        kind=table if table in ("gateways", "coverage") else "connections",
        subject=subject[starts],
        severity=_highest(severity, starts),
        is_open=is_open[starts],
        value=joined(values_of(fleet, chosen), starts),
        evidence=joined(_evidence(fleet, chosen, text), starts),
        references=joined(references, starts, separator=SEPARATOR),
        cause=np.full(len(starts), None, object),
        what=what[starts] + np.where(is_open[starts], "", "?").astype(object),
        tunnel_rows=chosen.position if is_of_tunnels else np.empty(0, np.int64),
        n_tunnels=sizes if is_of_tunnels else np.zeros(len(starts), np.int64),
    )


def single(
    text: Text,
    *,
    column: str,
    evidence: str,
    value: str | None = None,
    profile: str | None = None,
    is_open: bool = True,
) -> Draft:
    """Return a draft with one finding, which is about no connection, gateway or region."""
    nowhere = np.array([-1], np.int64)

    def one(item: str | None) -> Texts:
        return np.array([item], object)

    return Draft(
        text=text,
        of_profile=profile or "",
        column=column,
        profile=one(profile),
        verdict=nowhere,
        kind="",
        subject=nowhere,
        severity=np.array([SEVERITIES.index(text.severity)], np.uint8),
        is_open=np.array([is_open]),
        value=one(value),
        evidence=one(evidence),
        references=one(text.cited or None),
        cause=one(None),
        what=one(column if is_open else f"{column}?"),
        tunnel_rows=np.empty(0, np.int64),
        n_tunnels=np.zeros(1, np.int64),
    )


def _starts(*keys: npt.NDArray[Any]) -> Positions:
    """Return the index of the first row of each run of rows that are equal in all ``keys``."""
    is_new = np.ones(len(keys[0]), bool)
    is_new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(is_new)


def _evidence(fleet: Fleet, chosen: Verdicts, text: Text) -> Texts:
    is_unknown = chosen.result == UNKNOWN
    evidence = np.full(len(chosen.position), None, dtype=object)
    for template, mask in ((text.evidence, ~is_unknown), (text.unknown, is_unknown)):
        if mask.any():
            evidence[mask] = render(template, fleet, chosen.take(np.flatnonzero(mask)))
    return evidence


def _references(text: Text, cited: Cited | None, rows: Positions) -> tuple[Texts, Positions, Texts]:
    """Return for each row the rejecting profiles, their worst verdict, and the references."""
    own = text.cited or None
    if cited is None:
        nobody = np.full(len(rows), None, object)
        return nobody, np.full(len(rows), -1, np.int64), np.full(len(rows), own, object)
    both = [SEPARATOR.join(filter(None, (own, clause))) or None for clause in cited.clauses]
    code = cited.code[rows]
    profiles, clauses = (np.array([*one, None], object)[code] for one in (cited.profiles, both))
    return profiles, np.array([*cited.verdicts, -1], np.int64)[code], clauses


def _highest(ranks: npt.NDArray[Rank], starts: Positions) -> npt.NDArray[Rank]:
    return np.maximum.reduceat(ranks, starts) if len(starts) else ranks[:0]
