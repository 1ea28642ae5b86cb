"""Define rules and their results: each row that a rule judges passes, fails or is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import UNKNOWN, Mask, Positions, Truth
from vpnframe.schema.tables import declaring as columns

SEVERITIES = columns.SEVERITIES
INFO, LOW, MEDIUM, HIGH, CRITICAL = range(5)
# Ids of rules that imply other rules.
VALUE_UNKNOWN = "vpn-value-unknown"
ALL_DEFAULTS = "vpn-all-defaults"
LIFETIME_ZERO = "vpn-lifetime-zero"
NO_KEY = "vpn-psk-unavailable"
NO_ROUTES = "vpn-overlap-not-judged"
NO_BLOCK = "vpn-selector-invalid"
COVERAGE = "vpn-coverage"
RULE_CHANGED = "vpn-rule-changed"
NO_LIVE_PATH = "vpn-no-live-path"
# Ids of the rules on outages; the first that fails on a connection is the cause of the others.
DOWN = (NO_LIVE_PATH, "vpn-not-established", "vpn-standby-down")

TableName = Literal["tunnels", "connections", "subnets", "gateways", "overlaps", "coverage", ""]
Severities = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The results of one rule, in arrays with one item per judged row."""

    table: TableName = ""  # the table of the judged rows
    column: str = ""  # the judged columns, joined by ``, ``
    position: Positions  # positions of the judged rows in that table
    result: Truth  # ``YES`` for rows that fail (have the fault), ``NO`` or ``UNKNOWN``
    # Indexes into :data:`SEVERITIES`; None if every row has the rule's own severity
    severity: Severities | None = None
    # Values for the evidence that are not columns of the table. ``value`` becomes column ``value``
    # of the finding; ``what`` divides the rows of one subject into several findings
    facts: Mapping[str, Any] = field(default_factory=dict)

    def take(self, rows: Mask | Positions) -> Verdicts:
        """Return these verdicts reduced to the rows that ``rows`` selects."""
        return replace(
            self,
            position=self.position[rows],
            result=self.result[rows],
            severity=None if self.severity is None else self.severity[rows],
            facts={name: np.asarray(values)[rows] for name, values in self.facts.items()},
        )

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of rows that pass, that fail and that are unknown."""
        n_passed, n_failed, n_unknown = np.bincount(self.result, minlength=UNKNOWN + 1).tolist()
        return n_passed, n_failed, n_unknown


def judged(
    result: npt.ArrayLike,
    *,
    where: Mask | None = None,
    severity: Severities | None = None,
    **facts: Any,
) -> Verdicts:
    """Create the results of a rule: NO, YES (the row has the fault) or UNKNOWN per row.

    ``result`` has one item for each row of the table that the rule checks. Rows that are not in the
    mask ``where`` are left out.
    """
    truth = np.asarray(result, np.uint8)
    position = np.arange(len(truth), dtype=np.int64)
    verdicts = Verdicts(position=position, result=truth, severity=severity, facts=facts)
    return verdicts if where is None else verdicts.take(np.flatnonzero(where))


def severity_where(is_worse: Mask, worse: int, other: int) -> Severities:
    """Return severity ``worse`` where a condition is true, else ``other``."""
    return np.where(is_worse, worse, other).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, with the table and columns that it judges and the rules that explain its findings."""

    rule_id: str  # also the id of its text
    table: TableName
    column: str  # the judged columns, joined by ``, ``
    find: Callable[[Fleet], Verdicts]
    # Ids of rules that explain its result if they fail or are unknown on the same connection
    implied_by: tuple[str, ...] = ()
    # Columns that profiles judge too; if a profile rejects the same value, it adds no finding
    columns: tuple[str, ...] = ()

    def judge(self, fleet: Fleet) -> Verdicts:
        """Apply the rule to a fleet; the results name the judged table and columns."""
        return replace(self.find(fleet), table=self.table, column=self.column)


REGISTERED: dict[str, Rule] = {}


def rule(
    rule_id: str,
    table: TableName,
    *columns: str,
    implied_by: tuple[str, ...] = (),
    is_as_profiles: bool = False,
) -> Callable[[Callable[[Fleet], Verdicts]], Callable[[Fleet], Verdicts]]:
    """Return a decorator that registers a function as a rule on columns of a table.

    If ``is_as_profiles`` is true, profiles judge the same columns, and the rule's findings cite the
    profiles that reject the value.
    """

    def register(find: Callable[[Fleet], Verdicts]) -> Callable[[Fleet], Verdicts]:
        profiled = columns if is_as_profiles else ()
        REGISTERED[rule_id] = Rule(rule_id, table, ", ".join(columns), find, implied_by, profiled)
        return find

    return register
