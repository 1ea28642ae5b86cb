"""Turn judged rows into findings: one cause is one finding, however many rows show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.evidence import joined, render, values_of
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import UNKNOWN, YES, Mask, Positions, Texts, none_for_empty
from vpnframe.auditing.texts import SEPARATOR, Text
from vpnframe.auditing.verdicts import SEVERITIES, Severities, Verdicts
from vpnframe.schema.tables import parts as columns

OPEN, NOT_KNOWN = "open", "unknown"
VERDICTS = columns.VERDICTS  # a standard's objections to a value, the mildest first
Rank = TypeVar("Rank", np.uint8, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The m findings of one rule, before they become a table."""

    text: Text  # the texts of the rule
    column: str  # the column or columns that were judged
    profile: Texts  # the profiles that judge the same values
    # The worst verdict of those profiles, an index into ``VERDICTS``; -1 if none judges it
    verdict: Positions
    # connection, gateway: positions in the fleet's tables; -1 if it concerns none
    connection: Positions
    gateway: Positions
    region: Positions  # position in ``coverage`` if it concerns neither; -1 otherwise
    severity: Severities  # index into ``SEVERITIES``
    is_open: Mask  # true for a fault, false if it could not be judged
    # value, evidence, references, cause, what: ``cause`` is the rule that this follows from;
    # ``what`` distinguishes findings of one rule on one connection
    value: Texts
    evidence: Texts
    references: Texts
    cause: Texts
    what: Texts
    # tunnel_rows, n_tunnels: positions in ``tunnels``, finding by finding, and the number of each
    tunnel_rows: Positions
    n_tunnels: npt.NDArray[np.int64]
    of_profile: str = ""  # the profile that alone found them; empty for findings of a rule

    def __len__(self) -> int:
        return len(self.connection)

    def keep(self, mask: Mask) -> Draft:
        """Keep some of the findings."""
        rows = np.flatnonzero(mask)
        taken: dict[str, Any] = {name: getattr(self, name)[rows] for name in _PER_FINDING}
        is_kept = np.repeat(mask, self.n_tunnels)
        return replace(self, tunnel_rows=self.tunnel_rows[is_kept], **taken)


_PER_FINDING = (
    *("profile", "verdict", "connection", "gateway", "region", "severity", "is_open", "value"),
    *("evidence", "references", "cause", "what", "n_tunnels"),
)


@dataclass(frozen=True, slots=True)
class Cited:
    """The profiles' objections to the value in each row that a rule judges."""

    code: Positions  # index into the next three; one for every row
    # profiles, clauses: the profiles that object to a value, and the clauses they cite
    profiles: tuple[str | None, ...]
    clauses: tuple[str | None, ...]
    verdicts: tuple[int, ...]  # the worst verdict, an index into ``VERDICTS``; -1 for none


def draft(fleet: Fleet, verdicts: Verdicts, text: Text, *, cited: Cited | None = None) -> Draft:
    """Group the rows of a rule that fail or cannot be judged into findings."""
    rows = np.flatnonzero(verdicts.result != 0)
    subject = _subjects(fleet, verdicts, rows)
    is_open = verdicts.result[rows] == YES
    within = fleet.order_within(verdicts.table, verdicts.position[rows])
    order = np.lexsort((*within, subject.what_code, ~is_open, subject.code))
    rows, is_open, subject = rows[order], is_open[order], subject.take(order)
    chosen = verdicts.take(rows)
    starts = _starts(subject.code, ~is_open, subject.what_code)
    evidence = _evidence(fleet, chosen, text)
    profile, verdict, references = _references(text, cited, rows)
    severity = _severities(chosen, text)
    empty = np.full(len(rows), None, dtype=object)
    cause = np.asarray(chosen.facts.get("cause", empty), dtype=object)
    is_of_tunnels = verdicts.table == "tunnels"
    sizes = np.diff(np.append(starts, len(rows)))
    return Draft(
        text=text,
        column=verdicts.column,
        profile=joined(profile, starts),
        verdict=_highest(verdict, starts),
        connection=subject.connection[starts],
        gateway=subject.gateway[starts],
        region=subject.region[starts],
        severity=_highest(severity, starts),
        is_open=is_open[starts],
        value=joined(values_of(fleet, chosen), starts),
        evidence=joined(evidence, starts),
        references=joined(references, starts, separator=SEPARATOR),
        cause=joined(none_for_empty(cause), starts),
        what=np.where(is_open[starts], subject.what[starts], subject.what[starts] + "?"),
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
    """Return one finding that concerns no connection, gateway or region."""

    def one(item: object) -> npt.NDArray[np.object_]:
        return np.array([item], dtype=object)

    nowhere = np.array([-1], np.int64)
    return Draft(
        text=text,
        of_profile=profile or "",
        column=column,
        profile=one(profile),
        verdict=np.array([-1], np.int64),
        connection=nowhere,
        gateway=nowhere,
        region=nowhere,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subjects:
    """The subject of each row."""

    connection: Positions
    gateway: Positions
    region: Positions
    what: Texts
    code: Positions
    what_code: Positions

    def take(self, rows: Positions) -> _Subjects:
        return _Subjects(**{name: getattr(self, name)[rows] for name in self.__slots__})


def _subjects(fleet: Fleet, verdicts: Verdicts, rows: Positions) -> _Subjects:
    """Return the connection, gateway or region of each row, depending on the judged table."""
    at = verdicts.position[rows]
    nothing = np.full(len(rows), -1, np.int64)
    what, what_code = np.full(len(rows), "", object), np.zeros(len(rows), np.int64)
    if "what" in verdicts.facts:
        what = np.asarray(verdicts.facts["what"], object)[rows]
        what_code = pd.factorize(what)[0].astype(np.int64)
    owners = {
        "tunnels": lambda: fleet.of_tunnel[at],
        "subnets": lambda: fleet.of_subnet[at],
        "connections": lambda: at,
        "overlaps": lambda: fleet.of_overlap[at],
    }
    connection = owners[verdicts.table]() if verdicts.table in owners else nothing
    gateway = at if verdicts.table == "gateways" else nothing
    region = at if verdicts.table == "coverage" else nothing
    code = np.where(connection >= 0, connection, np.maximum(gateway, region))
    return _Subjects(
        connection=connection,
        gateway=gateway,
        region=region,
        what=what,
        code=code,
        what_code=what_code,
    )


def _starts(*keys: npt.NDArray[Any]) -> Positions:
    """Return the positions where runs of rows with equal keys begin."""
    if not len(keys[0]):
        return np.empty(0, np.int64)
    is_new = np.zeros(len(keys[0]), bool)
    is_new[0] = True
    for key in keys:
        is_new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(is_new)


def _evidence(fleet: Fleet, chosen: Verdicts, text: Text) -> Texts:
    is_unknown = chosen.result == UNKNOWN
    evidence = np.full(len(chosen.position), None, dtype=object)
    for template, mask in ((text.evidence, ~is_unknown), (text.unknown, is_unknown)):
        if mask.any():
            evidence[mask] = render(template, fleet, chosen.take(np.flatnonzero(mask)))
    return evidence


def _references(text: Text, cited: Cited | None, rows: Positions) -> tuple[Texts, Positions, Texts]:
    """Return the profiles that judge each row, their worst verdict, and all references."""
    own = text.cited or None
    if cited is None:
        nobody = np.full(len(rows), None, object)
        return nobody, np.full(len(rows), -1, np.int64), np.full(len(rows), own, object)
    both = [SEPARATOR.join(filter(None, (own, clause))) or None for clause in cited.clauses]
    code = cited.code[rows]
    profiles, clauses = (np.array([*one, None], object)[code] for one in (cited.profiles, both))
    return profiles, np.array([*cited.verdicts, -1], np.int64)[code], clauses


def _severities(chosen: Verdicts, text: Text) -> Severities:
    if chosen.severity is not None:
        return chosen.severity
    return np.full(len(chosen.position), SEVERITIES.index(text.severity), np.uint8)


def _highest(ranks: npt.NDArray[Rank], starts: Positions) -> npt.NDArray[Rank]:
    return np.maximum.reduceat(ranks, starts) if len(starts) else ranks[:0]
