"""Render a review as one HTML page: no external resources, no scripts, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape as escape_html
from importlib.resources import files
from typing import Any

import pandas as pd

from vpnframe.auditing.folding import is_counted, is_folded, is_share
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import SEPARATOR, Text, texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.model.display import printable

MOST_ROWS = 500
TITLE = "IPsec VPN security review"
_COLUMNS = (
    ("connection_name", "Connection"),
    ("region_id", "Region"),
    ("value", "Value"),
    ("evidence", "Evidence"),
    ("owner", "Owner"),
    ("status", "Status"),
    ("root_cause", "Follows from"),
)


def as_page(review: Review, *, title: str = TITLE, with_folded: bool = False) -> str:
    """Render a review as an HTML page.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.auditing.review import examine
    >>> from vpnframe.inventory import Inventory
    >>> from vpnframe.model.records import Records
    >>> page = as_page(examine(Inventory(**flattening.make_tables(Records()))), title="<fleet>")
    >>> "&lt;fleet&gt;" in page, "<fleet>" in page
    (True, False)
    """
    profiles = ", ".join(review.profiles) or "no profile"
    when = review.now.strftime("%Y-%m-%d %H:%M UTC")
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    body = "".join(
        (
            f"<h1>{escape(title)}</h1><p class=sub>{len(review.connections):,} connections, ",
            f"{escape(profiles)}, {when}</p>",
            _notes(review.notes),
            "<h2>Connections by worst finding</h2>",
            _tiles(_by_severity(review.connections, none=review.connections["severity"].isna())),
            "<h2>Findings by severity</h2>",
            _tiles(_counts(review.findings)),
            _standings(review.matrix),
            _widespread(review.findings),
            *_rules(review.findings, with_folded=with_folded),
            '<footer>Clauses after "see" were not checked against their text. MUST in RFC 8247 '
            "and RFC 8221 means implement. Configured values may not be negotiated yet.</footer>",
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main>"
        "</body></html>\n"
    )


def _notes(notes: Iterable[str]) -> str:
    lines = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes">{lines}</ul>' if lines else ""


def _by_severity(rows: pd.DataFrame, **others: Any) -> dict[str, int]:
    """Count rows by severity, the worst first, and the rows that each mask in ``others`` marks."""
    counts = rows["severity"].value_counts()
    numbers = {word: int(counts.get(word, 0)) for word in reversed(SEVERITIES)}
    return numbers | {word: int(mask.sum()) for word, mask in others.items()}


def _counts(findings: pd.DataFrame) -> dict[str, int]:
    """Count the counted findings by severity, and the folded, waived and unknown findings."""
    others = {word: findings["status"] == word for word in ("waived", "unknown")}
    return _by_severity(findings[is_counted(findings)], folded=is_folded(findings), **others)


def _tiles(numbers: Mapping[str, int]) -> str:
    cells = "".join(
        f'<div class="tile {word}"><b>{number:,}</b><span>{word}</span></div>'
        for word, number in numbers.items()
    )
    return f'<div class="tiles">{cells}</div>'


def _mark(word: str, text: str) -> str:
    return f'<span class="mark {word}">{text}</span>'


def _standings(matrix: pd.DataFrame) -> str:
    """Render a table of the numbers of connections by profile and standing."""
    if matrix.empty:
        return ""
    words = ("pass", "ceiling", "legacy", "unknown", "fail", "not-judged")
    counts = pd.crosstab(matrix["profile"].astype("str"), matrix["standing"].astype("str"))
    head = "".join(f"<th class=n>{word}</th>" for word in words)
    rows = "".join(
        f"<tr><td>{escape(str(profile))}</td>"
        + "".join(f"<td class=n>{int(row.get(word, 0)):,}</td>" for word in words)
        + "</tr>"
        for profile, row in counts.iterrows()
    )
    return (
        "<h2>Profiles</h2><p>Connections by their worst value; ceiling: the best that the cloud "
        f"offers, but not enough.</p><table><tr><th>profile</th>{head}</tr>{rows}</table>"
    )


def _widespread(findings: pd.DataFrame) -> str:
    """Render a table of the faults of more than half of the fleet, often caused by a template."""
    lines = "".join(
        f"<tr><td>{_mark(row.severity, row.severity)}</td>"
        f"<td>{escape(row.title)}</td><td class=n>{escape(row.value)}</td></tr>"
        for row in findings[is_share(findings)].itertuples()
    )
    return lines and (
        "<h2>Widespread</h2><p>These fail on more than half of the fleet: look for one cause. "
        "They are left out of the connections above.</p>"
        f"<table><tr><th>severity</th><th>rule</th><th class=n>share</th></tr>{lines}</table>"
    )


def _rules(findings: pd.DataFrame, *, with_folded: bool) -> Iterator[str]:
    """Yield one HTML section per rule, the worst first, in the order of the findings."""
    yield "<h2>Findings</h2>"
    if findings.empty:
        yield "<p>There are no findings.</p>"
    for rule_id, rows in findings.groupby("rule_id", sort=False, observed=True):
        yield _section(texts()[str(rule_id)], rows, with_folded=with_folded)


def _section(text: Text, rows: pd.DataFrame, *, with_folded: bool) -> str:
    marks = "".join(_mark(word, f"{n:,} {word}") for word, n in _counts(rows).items() if n)
    n_folded = 0 if with_folded else int(is_folded(rows).sum())
    rows = rows[~is_folded(rows)] if n_folded else rows
    columns = {name: label for name, label in _COLUMNS if rows[name].notna().any()}
    head = "".join(f"<th>{label}</th>" for label in columns.values())
    shown = rows.head(MOST_ROWS).to_dict("records")
    lines = "".join(
        f"<tr>{''.join(f'<td>{_cell(row, name)}</td>' for name in columns)}</tr>" for row in shown
    )
    n_more = len(rows) - len(shown)
    more = f"<p>and {n_more:,} more: see the table of findings</p>" if n_more else ""
    if n_folded:
        more += f"<p>{n_folded:,} that follow from another finding are not listed</p>"
    table = f"{_references(rows)}<table><tr>{head}</tr>{lines}</table>" if len(rows) else ""
    return (
        f"<details><summary>{marks} {escape(text.title)}"
        f"<code>{escape(text.rule_id)}</code></summary>"
        f"<p>{escape(text.why)} <i>{escape(text.severity_reason)}</i></p>"
        f"<p><b>Expected</b> {escape(text.expected)}</p><p><b>Remedy</b> {escape(text.advice)}</p>"
        f"{table}{more}</details>"
    )


def _references(rows: pd.DataFrame) -> str:
    """List the references of the rule and the profiles, each once."""
    cited = rows["references"].dropna().astype("str").drop_duplicates().head(5)
    parts = list(dict.fromkeys(part for text in cited for part in text.split(SEPARATOR)))
    return f"<p><b>References</b> {escape('; '.join(parts))}</p>" if parts else ""


def _cell(row: dict[str, Any], name: str) -> str:
    value = row[name]
    text = escape(value) if isinstance(value, str) else ""
    if name == "connection_name":
        subject = row["vpn_connection_id"] or row["vpn_gateway_id"]
        place = escape(subject) if isinstance(subject, str) else "the fleet"
        return f"{text}<br><code>{place}</code>" if text else f"<code>{place}</code>"
    if name == "status" and isinstance(row["waived_by"], str):
        until = row["waived_until"].strftime("%Y-%m-%d")
        return f"waived until {until}<br>{escape(row['waived_by'])}"
    return text


def escape(text: str) -> str:
    """Escape a text for display in HTML."""
    return escape_html(printable(text))
