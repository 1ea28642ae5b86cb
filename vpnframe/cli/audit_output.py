"""Print and write a review: common formats, SARIF, OCSF and HTML."""

from __future__ import annotations

import enum
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from vpnframe.auditing.folding import is_counted, is_folded
from vpnframe.auditing.narrowing import holds_key_findings, reviews_by_owner
from vpnframe.auditing.outputs.ocsf import as_ocsf
from vpnframe.auditing.outputs.page import TITLE, as_page
from vpnframe.auditing.outputs.sarif import as_sarif
from vpnframe.auditing.owners import is_on_fleet
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import Text, texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.cli.output import Format, encode_table, print_table, write_file
from vpnframe.errors import InventoryError
from vpnframe.model.display import json_text, printable

_BRIEF = [
    *("severity", "rule_id", "connection", "evidence", "status", "owner", "root_cause"),
    "vpn_connection_id",
]
_SHOWN = 20


class ReviewFormat(enum.StrEnum):
    """Output format of a review."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    OCSF = "ocsf"
    HTML = "html"


_WHOLE = (ReviewFormat.PARQUET, ReviewFormat.SARIF, ReviewFormat.OCSF, ReviewFormat.HTML)
_ENDINGS = {
    ReviewFormat.TABLE: "txt",
    ReviewFormat.MARKDOWN: "md",
    ReviewFormat.SARIF: "sarif",
    ReviewFormat.OCSF: "ocsf.json",
}


def encode(
    review: Review, style: ReviewFormat, *, title: str = TITLE, with_folded: bool = False
) -> bytes:
    """Encode a review in a format."""
    if style is ReviewFormat.SARIF:
        return _json(as_sarif(review))
    if style is ReviewFormat.OCSF:
        return _json(as_ocsf(review))
    if style is ReviewFormat.HTML:
        return as_page(review, title=title, with_folded=with_folded).encode()
    findings = review.findings
    if style in (ReviewFormat.TABLE, ReviewFormat.MARKDOWN):
        findings = findings if with_folded else findings[~is_folded(findings)]
        findings = brief(findings, with_profile=len(review.profiles) > 1)
    return encode_table(findings, Format(style))


def _body(
    review: Review, cut: pd.DataFrame, style: ReviewFormat, *, with_folded: bool = False
) -> bytes:
    """Encode some findings of a review; counts of all precede a Markdown table."""
    body = encode(replace(review, findings=cut), style, with_folded=with_folded)
    if style is not ReviewFormat.MARKDOWN:
        return body
    counts = f"{headline(review.connections)}  \n{counts_sentence(review.findings)}\n\n"
    return counts.encode() + body


def print_review(
    review: Review,
    style: ReviewFormat,
    *,
    output: Path | None,
    limit: int | None,
    is_private: bool = False,
    with_folded: bool = False,
) -> None:
    """Print a review, or write it to a file."""
    for note in review.notes:
        print(f"vpnframe: {note}", file=sys.stderr)
    if style is ReviewFormat.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter("parquet is binary: add --output FILE, or a pipe")
    if style is ReviewFormat.TABLE and output is None:
        _print_readable(review, limit, with_folded=with_folded)
        return
    listed = review.findings
    if style is ReviewFormat.MARKDOWN and not with_folded:
        listed = listed[~is_folded(listed)].reset_index(drop=True)
    cut = listed if style in _WHOLE else _cut(listed, limit)
    body = _body(review, cut, style, with_folded=with_folded)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    else:
        write_file(output, body, is_private=is_private or holds_key_findings(review))
        print(f"{output}: {counts_sentence(review.findings)}", file=sys.stderr)
    n_more = len(listed) - len(cut)
    if n_more:
        print(f"{n_more:,} more findings: raise --limit", file=sys.stderr)


def write_by_owner(
    review: Review,
    connections: pd.DataFrame,
    style: ReviewFormat,
    *,
    owner_tag: str,
    folder: Path,
    is_private: bool = False,
    with_folded: bool = False,
) -> None:
    """Write one file per owner."""
    for note in review.notes:
        print(f"vpnframe: {note}", file=sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InventoryError(f"{folder} cannot be written: {error.strerror}") from None
    names: set[str] = set()
    for owner, part in reviews_by_owner(review, connections, owner_tag=owner_tag).items():
        name = _file_name(owner or "no-owner", names)
        path = folder / f"{name}.{_ENDINGS.get(style, str(style))}"
        title = f"{TITLE}: {owner or 'no owner'}"
        body = encode(part, style, title=title, with_folded=with_folded)
        write_file(path, body, is_private=is_private or holds_key_findings(part))
        print(printable(f"{path}: {len(part.findings):,} findings of {owner or 'no owner'}"))


def headline(connections: pd.DataFrame) -> str:
    """Return the numbers of connections by their worst finding, as a sentence."""
    counts = connections["severity"].value_counts()
    parts = [f"{word} {counts.get(word, 0):,}" for word in reversed(SEVERITIES)]
    n_none = int(connections["severity"].isna().sum())
    n, noun = len(connections), "connection" if len(connections) == 1 else "connections"
    return f"{n:,} {noun} by worst finding: {', '.join(parts)}, none {n_none:,}"


def counts_sentence(findings: pd.DataFrame) -> str:
    """Return the numbers of findings by severity and status, as a sentence."""
    is_top = is_counted(findings)
    counts = findings[is_top]["severity"].value_counts()
    parts = [f"{word} {counts.get(word, 0):,}" for word in reversed(SEVERITIES)]
    n_folded = int(is_folded(findings).sum())
    others = [f"{n_folded:,} folded under their cause"] if n_folded else []
    others += [f"{(findings['status'] == word).sum():,} {word}" for word in ("waived", "unknown")]
    return f"{int(is_top.sum()):,} open findings: {', '.join(parts)}; {', '.join(others)}"


def _cut(findings: pd.DataFrame, limit: int | None) -> pd.DataFrame:
    """Return the first findings, and those on the fleet that report what was not judged."""
    if limit is None:
        return findings
    is_first = np.arange(len(findings)) < limit
    return findings[is_first | is_on_fleet(findings)]


def explain(rule_id: str) -> None:
    """Print the text of one rule."""
    text = _text_of(rule_id, "--explain")
    print(f"{text.rule_id}: {text.title}\n")
    for label, line in (
        ("Severity", f"{text.severity}. {text.severity_reason}"),
        ("Why", text.why),
        ("Expected", text.expected),
        ("Remedy", text.remediation),
        ("Console", text.console),
        ("API", text.api),
        ("References", text.cited or "none"),
        ("Basis", text.basis),
    ):
        print(f"{label:11}{line}")


def known_rules(rule_ids: Iterable[str]) -> list[str]:
    """Return the requested rule ids, and reject unknown ones."""
    return [_text_of(rule_id, "--rule").rule_id for rule_id in rule_ids]


def _text_of(rule_id: str, option: str) -> Text:
    text = texts().get(rule_id)
    if text is None:
        near = ", ".join(name for name in texts() if rule_id.removeprefix("vpn-") in name)
        known = f"did you mean {near}?" if near else "vf.rules() lists all of them"
        raise typer.BadParameter(f"there is no rule {rule_id!r}: {known}", param_hint=option)
    return text


def brief(findings: pd.DataFrame, *, with_profile: bool = False) -> pd.DataFrame:
    """Reduce findings to the columns for reading, the most important first."""
    name = findings["connection_name"].fillna(findings["vpn_connection_id"])
    name = name.fillna(findings["vpn_gateway_id"]).fillna(findings["customer_gateway_name"])
    names = ["severity", "rule_id", "profile", *_BRIEF[2:]] if with_profile else _BRIEF
    return findings.assign(connection=name.fillna("-"))[names]


def _print_readable(review: Review, limit: int | None, *, with_folded: bool) -> None:
    """Print connections by worst finding, counts by rule, then the findings."""
    findings = review.findings
    print(headline(review.connections))
    print(counts_sentence(findings))
    print("\nBY RULE (share: part of the fleet; over 0.5 look for one cause)")
    print_table(_by_rule(review.summary), Format.TABLE)
    print("\nFINDINGS, the worst first")
    listed = findings if with_folded else findings[~is_folded(findings)].reset_index(drop=True)
    shown = brief(listed, with_profile=len(review.profiles) > 1)
    print_table(shown, Format.TABLE, limit=_SHOWN if limit is None else limit)
    n_folded = len(findings) - len(listed)
    if n_folded:
        print(f"{n_folded:,} findings that follow from these are not listed: add --all")
    for note in review.notes:
        print(printable(f"Note: {note}"))


def _by_rule(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rules with findings, the worst first, with their numbers by severity."""
    rows = summary[(summary["n_open"] > 0) | (summary["n_waived"] > 0)]
    numbers = [f"n_{word}" for word in reversed(SEVERITIES)]
    numbers += ["n_folded", "n_waived"]
    ranked = rows.sort_values(numbers, ascending=False, kind="stable")
    shown = ranked[["rule_id", *numbers, "share", "title", "profile"]]
    return shown.rename(columns={name: name.removeprefix("n_") for name in numbers})


def _json(tree: object) -> bytes:
    return f"{json_text(tree, indent=1)}\n".encode()


def _file_name(owner: str, taken: set[str]) -> str:
    """Return a unique, safe file name for an owner."""
    safe = re.sub(r"[^\w.-]", "_", owner).strip(".") or "_"
    name, number = f"findings-{safe}"[:100], 1
    while name.lower() in taken:
        number += 1
        name = f"findings-{safe}"[:96] + f"-{number}"
    taken.add(name.lower())
    return name
