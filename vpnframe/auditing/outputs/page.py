"""Render a review as an HTML page without scripts and external files; all strings are escaped."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vpnframe.auditing.folding import is_counted, is_folded, is_share
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import SEPARATOR, texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.model.display import printable

MOST_ROWS = 500
TITLE = "IPsec VPN security review"
_COLUMNS = {
    "connection_name": "Connection",
    "region_id": "Region",
    "value": "Value",
    "evidence": "Evidence",
    "owner": "Owner",
    "status": "Status",
    "root_cause": "Follows from",
}


def as_page(review: Review, *, title: str = TITLE, with_folded: bool = False) -> str:
    """Render a review as an HTML page.

    Findings that follow from another finding are listed only if ``with_folded`` is true.
    """
    import jinja2  # noqa: PLC0415  only needed for pages

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, ""),
        autoescape=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    findings, connections, matrix = review.findings, review.connections, review.matrix
    of_profiles = pd.crosstab(matrix["profile"].astype("str"), matrix["standing"].astype("str"))
    of_rules = findings.groupby("rule_id", sort=False, observed=True)
    return environment.get_template("page.html.j2").render(
        review=review,
        title=title,
        connections=_by_severity(connections, none=connections["severity"].isna()),
        findings=_counts(findings),
        standings=of_profiles.to_dict("index"),
        widespread=findings[is_share(findings)].to_dict("records"),
        rules=[_section(str(one), rows, with_folded=with_folded) for one, rows in of_rules],
    )


def _by_severity(rows: pd.DataFrame, **others: Any) -> dict[str, int]:
    """Count rows by severity; then count the rows that each mask in ``others`` marks."""
    counts = rows["severity"].value_counts()
    numbers = {word: int(counts.get(word, 0)) for word in reversed(SEVERITIES)}
    return numbers | {word: int(mask.sum()) for word, mask in others.items()}


def _counts(findings: pd.DataFrame) -> dict[str, int]:
    """Count findings by severity, and separately the folded, waived and unknown findings."""
    others = {word: findings["status"] == word for word in ("waived", "unknown")}
    return _by_severity(findings[is_counted(findings)], folded=is_folded(findings), **others)


def _section(rule_id: str, rows: pd.DataFrame, *, with_folded: bool) -> dict[str, Any]:
    """Return the data of the page's section on one rule."""
    counts, n_folded = _counts(rows), 0
    if not with_folded:
        n_folded = counts["folded"]
        rows = rows[~is_folded(rows)]
    cited = rows["references"].dropna().astype("str").drop_duplicates().head(5)
    shown = rows.head(MOST_ROWS).astype(object)
    return {
        "text": texts()[rule_id],
        "counts": counts,
        "n_folded": n_folded,
        "references": dict.fromkeys(part for text in cited for part in text.split(SEPARATOR)),
        "columns": {name: label for name, label in _COLUMNS.items() if rows[name].notna().any()},
        "rows": shown.where(shown.notna(), None).to_dict("records"),
        "n_more": len(rows) - len(shown),
    }
