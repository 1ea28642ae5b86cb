"""How a review is printed and written: the common formats, SARIF, OCSF and HTML."""

from __future__ import annotations

import enum
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import typer

from vpnframe.auditing.outputs.ocsf import as_ocsf
from vpnframe.auditing.outputs.page import as_page
from vpnframe.auditing.outputs.sarif import as_sarif
from vpnframe.auditing.owners import by_owner, is_on_fleet
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.cli.output import Format, encode_table, print_table, write_file
from vpnframe.display import json_text, printable
from vpnframe.errors import InventoryError

_BRIEF = [
    *("severity", "rule_id", "connection", "evidence", "status", "owner", "root_cause"),
    "vpn_connection_id",
]
_SHOWN = 20


class ReviewFormat(enum.StrEnum):
    """How a review is written."""

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


def encode(review: Review, style: ReviewFormat) -> bytes:
    """Write a review in a format.

    Parameters
    ----------
    review : Review
        Of one fleet.
    style : ReviewFormat
        Which one.

    Returns
    -------
    bytes
        UTF-8, but for Parquet.
    """
    if style is ReviewFormat.SARIF:
        return _json(as_sarif(review))
    if style is ReviewFormat.OCSF:
        return _json(as_ocsf(review))
    if style is ReviewFormat.HTML:
        return as_page(review).encode()
    findings = review.findings
    if style in (ReviewFormat.TABLE, ReviewFormat.MARKDOWN):
        findings = brief(findings, with_profile=len(review.profiles) > 1)
    return encode_table(findings, Format(style))


def print_review(
    review: Review,
    style: ReviewFormat,
    *,
    output: Path | None,
    limit: int | None,
    is_private: bool = False,
) -> None:
    """Print a review, or write it into a file.

    Parameters
    ----------
    review : Review
        Of one fleet.
    style : ReviewFormat
        Parquet is binary: it needs ``output`` or a pipe.
    output : Path or None
        A file instead of standard output.
    limit : int or None
        At most so many findings of a list, beside those on the fleet as a whole; a terminal gets
        the worst 20 otherwise. A page and what other programs read is never cut.
    is_private : bool
        Whether a file is for its owner alone.

    Raises
    ------
    typer.BadParameter
        Parquet to a terminal.
    InventoryError
        The file cannot be written.
    """
    for note in review.notes:
        print(f"vpnframe: {note}", file=sys.stderr)
    if style is ReviewFormat.PARQUET and output is None and sys.stdout.isatty():
        raise typer.BadParameter("parquet is binary: add --output FILE, or a pipe")
    if style is ReviewFormat.TABLE and output is None:
        _print_readable(review, limit)
        return
    shown = review if style in _WHOLE else replace(review, findings=_cut(review.findings, limit))
    body = encode(shown, style)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    else:
        write_file(output, body, is_private=is_private)
        print(f"{output}: {counts_sentence(review.findings)}", file=sys.stderr)
    n_more = len(review.findings) - len(shown.findings)
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
) -> None:
    """Write one file per owner.

    Parameters
    ----------
    review : Review
        Of one fleet.
    connections : DataFrame
        The ``connections`` table.
    style : ReviewFormat
        Of the files.
    owner_tag : str
        The tag whose value is the owner.
    folder : Path
        Made when it is not there.
    is_private : bool
        Whether the files are for their writer alone.

    Raises
    ------
    InventoryError
        The folder cannot be written.
    """
    for note in review.notes:
        print(f"vpnframe: {note}", file=sys.stderr)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InventoryError(f"{folder} cannot be written: {error.strerror}") from None
    names: set[str] = set()
    for owner, findings in by_owner(review.findings, connections, owner_tag=owner_tag).items():
        name = _file_name(owner or "no-owner", names)
        path = folder / f"{name}.{_ENDINGS.get(style, str(style))}"
        body = encode(replace(review, findings=findings), style)
        write_file(path, body, is_private=is_private)
        print(printable(f"{path}: {len(findings):,} findings of {owner or 'no owner'}"))


def counts_sentence(findings: pd.DataFrame) -> str:
    """Say how many findings there are, by severity and status.

    Parameters
    ----------
    findings : DataFrame
        Table ``findings``.

    Returns
    -------
    str
    """
    is_open = findings["status"] == "open"
    counts = findings[is_open]["severity"].value_counts()
    parts = [f"{word} {counts.get(word, 0):,}" for word in reversed(SEVERITIES)]
    others = [f"{(findings['status'] == word).sum():,} {word}" for word in ("waived", "unknown")]
    return f"{int(is_open.sum()):,} open findings: {', '.join(parts)}; {', '.join(others)}"


def _cut(findings: pd.DataFrame, limit: int | None) -> pd.DataFrame:
    """The first findings, and those that say what of the fleet was not judged."""
    if limit is None:
        return findings
    is_first = np.arange(len(findings)) < limit
    return findings[is_first | is_on_fleet(findings)]


def explain(rule_id: str) -> None:
    """Print what one rule says.

    Parameters
    ----------
    rule_id : str
        Its name.

    Raises
    ------
    typer.BadParameter
        There is no such rule.
    """
    text = texts().get(rule_id)
    if text is None:
        near = ", ".join(name for name in texts() if rule_id.removeprefix("vpn-") in name)
        known = f"did you mean {near}?" if near else "vf.rules() lists all of them"
        raise typer.BadParameter(f"there is no rule {rule_id!r}: {known}", param_hint="--explain")
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


def brief(findings: pd.DataFrame, *, with_profile: bool = False) -> pd.DataFrame:
    """Put findings as a person reads them: what matters first.

    Parameters
    ----------
    findings : DataFrame
        Table ``findings``.
    with_profile : bool
        Whether it matters which standard says so.

    Returns
    -------
    DataFrame
        Fewer columns; ``connection`` is its name, or what else it is about.
    """
    name = findings["connection_name"].fillna(findings["vpn_connection_id"])
    name = name.fillna(findings["vpn_gateway_id"]).fillna(findings["customer_gateway_name"])
    names = ["severity", "rule_id", "profile", *_BRIEF[2:]] if with_profile else _BRIEF
    return findings.assign(connection=name.fillna("-"))[names]


def _print_readable(review: Review, limit: int | None) -> None:
    """Counts, what is widespread, then the findings."""
    findings = review.findings
    print(counts_sentence(findings))
    print("\nBY RULE (share: part of the fleet; over 0.5 look for one cause)")
    print_table(_by_rule(review.summary), Format.TABLE)
    print("\nFINDINGS, the worst first")
    shown = brief(findings, with_profile=len(review.profiles) > 1)
    print_table(shown, Format.TABLE, limit=_SHOWN if limit is None else limit)
    for note in review.notes:
        print(printable(f"Note: {note}"))


def _by_rule(summary: pd.DataFrame) -> pd.DataFrame:
    """The rules that found something, the worst first."""
    order = {word: place for place, word in enumerate(reversed(SEVERITIES))}
    rows = summary[(summary["n_open"] > 0) | (summary["n_waived"] > 0)]
    worst = rows["severity"].astype("str").map(order)
    ranked = rows.assign(worst=worst).sort_values(["worst", "n_open"], ascending=[True, False])
    columns = ["severity", "rule_id", "n_open", "n_waived", "share", "title", "profile"]
    return ranked[columns]


def _json(tree: object) -> bytes:
    return f"{json_text(tree, indent=1)}\n".encode()


def _file_name(owner: str, taken: set[str]) -> str:
    """A file's name for an owner, whoever that is."""
    safe = re.sub(r"[^\w.-]", "_", owner).strip(".") or "_"
    name, number = f"findings-{safe}"[:100], 1
    while name.lower() in taken:
        number += 1
        name = f"findings-{safe}"[:96] + f"-{number}"
    taken.add(name.lower())
    return name
