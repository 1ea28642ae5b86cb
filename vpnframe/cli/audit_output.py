"""Print the result of an audit, or write it to files: as a table, SARIF, OCSF or HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

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
from vpnframe.cli.options import LimitOption, WithKeyFactsOption, flag
from vpnframe.cli.output import Format, OutputOption, TableOptions, encode_table, put, refuse_binary
from vpnframe.cli.streams import note
from vpnframe.errors import InventoryError
from vpnframe.model.display import counted, json_text, printable

_BRIEF = [
    *("severity", "rule_id", "connection", "evidence", "status", "owner", "root_cause"),
    "vpn_connection_id",
]
_SHOWN = 20

ReviewFormat = Literal[Format, "sarif", "ocsf", "html"]
_WHOLE = ("parquet", "sarif", "ocsf", "html")  # formats to which --limit does not apply
_ENDINGS = {"table": "txt", "markdown": "md", "ocsf": "ocsf.json"}


@dataclass(frozen=True, kw_only=True)
class ReviewOptions:
    """Options for the format and the destination of the findings of an audit."""

    with_folded: Annotated[
        bool,
        flag(
            "--all",
            "Also list findings that follow from another finding. CSV, JSON lines, Parquet, SARIF "
            "and OCSF always contain these findings, with their root cause.",
        ),
    ] = False
    with_key_facts: WithKeyFactsOption = False
    limit: LimitOption = None
    style: Annotated[ReviewFormat, typer.Option("--format", "-f", help="Format of the output.")] = (
        "table"
    )
    output: OutputOption = None

    def print(self, review: Review) -> None:
        """Print the result of an audit, or write it to a file."""
        refuse_binary(self.style, self.output)
        if self.style == "table" and self.output is None:
            self._print_readable(review)
            return
        listed = self._listed(review) if self.style == "markdown" else review.findings
        cut = listed
        if self.limit is not None and self.style not in _WHOLE:
            # Findings on the whole fleet report what was not judged: --limit never cuts them.
            cut = listed[(np.arange(len(listed)) < self.limit) | is_on_fleet(listed)]
        body = encode(replace(review, findings=cut), self.style, with_folded=self.with_folded)
        counts = counts_sentence(review.findings)
        if self.style == "markdown":
            body = f"{headline(review.connections)}  \n{counts}\n\n".encode() + body
        put(body, self.output, is_private=self._is_private(review))
        if self.output is not None:
            note(f"{self.output}: {counts}")
        if n_more := len(listed) - len(cut):
            note(f"{n_more:,} more findings are left out: raise --limit to see them")

    def write_by_owner(
        self, review: Review, connections: pd.DataFrame, *, owner_tag: str, folder: Path
    ) -> None:
        """Write a file for each owner, with the findings on the owner's connections."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InventoryError(f"{folder} cannot be written: {error.strerror}") from None
        names: set[str] = set()
        for owner, part in reviews_by_owner(review, connections, owner_tag=owner_tag).items():
            name, whose = _file_name(owner or "no-owner", names), owner or "no owner"
            path = folder / f"{name}.{_ENDINGS.get(self.style, self.style)}"
            title = f"{TITLE}: {whose}"
            body = encode(part, self.style, title=title, with_folded=self.with_folded)
            put(body, path, is_private=self._is_private(part))
            print(printable(f"{path}: {len(part.findings):,} findings of {whose}"))

    def _is_private(self, review: Review) -> bool:
        return self.with_key_facts or holds_key_findings(review)

    def _listed(self, review: Review) -> pd.DataFrame:
        """Return the findings; without --all, leave out those that follow from another finding."""
        findings = review.findings
        return findings if self.with_folded else findings[~is_folded(findings)]

    def _print_readable(self, review: Review) -> None:
        """Print an audit for a terminal: summary sentences, a table by rule, and the findings."""
        print(headline(review.connections))
        print(counts_sentence(review.findings))
        print("\nBY RULE (share: part of the fleet; over 0.5 look for one cause)")
        TableOptions().print(_by_rule(review.summary))
        print("\nFINDINGS, the worst first")
        listed = self._listed(review)
        shown = _brief(listed, with_profile=len(review.profiles) > 1)
        TableOptions().print(shown, limit=_SHOWN if self.limit is None else self.limit)
        if n_folded := len(review.findings) - len(listed):
            print(f"{n_folded:,} findings that follow from these are not listed: add --all")
        for text in review.notes:
            print(printable(f"Note: {text}"))


def encode(
    review: Review, style: ReviewFormat, *, title: str = TITLE, with_folded: bool = False
) -> bytes:
    """Encode a review in the format ``style``; ``title`` is the title of an HTML page.

    HTML, Markdown and text contain findings that follow from another finding only if
    ``with_folded`` is true. All other formats always contain every finding.
    """
    if style in ("sarif", "ocsf"):
        tree = as_sarif(review) if style == "sarif" else as_ocsf(review)
        return f"{json_text(tree, indent=1)}\n".encode()
    if style == "html":
        return as_page(review, title=title, with_folded=with_folded).encode()
    findings = review.findings
    if style in ("table", "markdown"):
        findings = findings if with_folded else findings[~is_folded(findings)]
        findings = _brief(findings, with_profile=len(review.profiles) > 1)
    return encode_table(findings, style)


def headline(connections: pd.DataFrame) -> str:
    """Return a sentence that counts the connections by the severity of their worst finding."""
    by_severity = _by_severity(connections["severity"])
    n_none = int(connections["severity"].isna().sum())
    n = counted(len(connections), "connection")
    return f"{n} by worst finding: {by_severity}, none {n_none:,}"


def counts_sentence(findings: pd.DataFrame) -> str:
    """Return a sentence that counts the findings by severity and by status."""
    is_top = is_counted(findings)
    n_folded = int(is_folded(findings).sum())
    others = [f"{n_folded:,} folded under their cause"] if n_folded else []
    others += [f"{(findings['status'] == word).sum():,} {word}" for word in ("waived", "unknown")]
    by_severity = _by_severity(findings.loc[is_top, "severity"])
    return f"{int(is_top.sum()):,} open findings: {by_severity}; {', '.join(others)}"


def _by_severity(severities: pd.Series) -> str:
    counts = severities.value_counts()
    return ", ".join(f"{word} {counts.get(word, 0):,}" for word in reversed(SEVERITIES))


def explain(rule_id: str) -> None:
    """Print the explanation of a rule, such as its reason, its remedy and its references."""
    text = rule_text(rule_id, "--explain")
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


def rule_text(rule_id: str, option: str) -> Text:
    """Return the texts that explain a rule; raise BadParameter if there is no such rule."""
    text = texts().get(rule_id)
    if text is None:
        near = ", ".join(name for name in texts() if rule_id.removeprefix("vpn-") in name)
        known = f"did you mean {near}?" if near else "vf.rules() lists all of them"
        raise typer.BadParameter(f"there is no rule {rule_id!r}: {known}", param_hint=option)
    return text


def _brief(findings: pd.DataFrame, *, with_profile: bool) -> pd.DataFrame:
    """Return the columns of the findings that people read, the most important column first."""
    name = findings["connection_name"].fillna(findings["vpn_connection_id"])
    name = name.fillna(findings["vpn_gateway_id"]).fillna(findings["customer_gateway_name"])
    names = ["severity", "rule_id", "profile", *_BRIEF[2:]] if with_profile else _BRIEF
    return findings.assign(connection=name.fillna("-"))[names]


def _by_rule(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the rules that have findings, and count the findings by severity; worst rule first."""
    rows = summary[(summary["n_open"] > 0) | (summary["n_waived"] > 0)]
    numbers = [f"n_{word}" for word in reversed(SEVERITIES)]
    numbers += ["n_folded", "n_waived"]
    ranked = rows.sort_values(numbers, ascending=False, kind="stable")
    shown = ranked[["rule_id", *numbers, "share", "title", "profile"]]
    return shown.rename(columns={name: name.removeprefix("n_") for name in numbers})


def _file_name(owner: str, taken: set[str]) -> str:
    """Turn an owner into a file name that is not in ``taken``, ignoring case; add it there."""
    safe = re.sub(r"[^\w.-]", "_", owner).strip(".") or "_"
    name, number = f"findings-{safe}"[:100], 1
    while name.lower() in taken:
        number += 1
        name = f"findings-{safe}"[:96] + f"-{number}"
    taken.add(name.lower())
    return name
