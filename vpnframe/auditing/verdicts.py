"""The result of a rule: pass, fail or unknown for each row, with severity and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, Positions, Truth
from vpnframe.schema.tables import parts as columns

PASS, FAIL = NO, YES  # a rule's condition describes a fault: it fails where it holds

SEVERITIES = columns.SEVERITIES
INFO, LOW, MEDIUM, HIGH, CRITICAL = range(5)

TableName = Literal["tunnels", "connections", "subnets", "gateways", "overlaps", "coverage"]
Severities = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The results of one rule, one row per object that it judges."""

    table: TableName  # the table of the judged rows
    position: Positions  # their positions in that table; absent rows were not judged
    result: Truth  # ``PASS``, ``FAIL`` or ``UNKNOWN``
    column: str  # the judged columns, joined by ``, ``
    # Index into :data:`SEVERITIES`, if the rule's own severity does not apply to every row
    severity: Severities | None = None
    # Values named in the evidence that are not columns of the table. ``value`` and ``cause`` (a
    # rule's id) set those columns of the finding
    facts: Mapping[str, Any] = field(default_factory=dict)

    def take(self, rows: Mask | Positions) -> Verdicts:
        """Keep some of the rows."""
        return Verdicts(
            table=self.table,
            position=self.position[rows],
            result=self.result[rows],
            column=self.column,
            severity=None if self.severity is None else self.severity[rows],
            facts={name: np.asarray(values)[rows] for name, values in self.facts.items()},
        )

    def counts(self) -> tuple[int, int, int]:
        """Count the rows that pass, fail and are unknown."""
        n_passed, n_failed, n_unknown = np.bincount(self.result, minlength=UNKNOWN + 1).tolist()
        return n_passed, n_failed, n_unknown


def judged(
    table: TableName,
    result: Truth,
    *,
    column: str,
    where: Mask | None = None,
    severity: Severities | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Verdicts:
    """Create verdicts from one result per row of a table.

    Examples
    --------
    >>> judged("tunnels", np.array([0, 1, 2], np.uint8), column="ike_mode").counts()
    (1, 1, 1)
    """
    verdicts = Verdicts(
        table=table,
        position=np.arange(len(result), dtype=np.int64),
        result=result,
        column=column,
        severity=severity,
        facts=facts or {},
    )
    return verdicts if where is None else verdicts.take(np.flatnonzero(where))
