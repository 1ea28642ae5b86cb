"""Convert findings to OASIS SARIF 2.1.0, the exchange format of static analysis tools.

References
----------
OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from vpnframe._version import __version__
from vpnframe.auditing.narrowing import holds_key_findings
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import Text, texts
from vpnframe.schema.joined import split_text

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
# Scores on the CVSS scale, which code scanning services expect.
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0", "info": "0.0"}
_KEY_FINDINGS = (
    "This log names connections whose pre-shared key is weak: keep it private (vpnframe writes it "
    "with mode 0600). To share a log, write it with --without-key-findings, which only counts "
    "these findings by rule. Length, class and bits of keys are shown only with --with-key-facts."
)
_PLACE = ("account_id", "region_id", "vpn_connection_id", "vpn_gateway_id")


def as_sarif(review: Review) -> dict[str, Any]:
    """Convert a review to a SARIF log."""
    rows = review.findings.to_dict("records")
    # A rule and a severity; each such pair becomes one SARIF rule.
    checks = [
        (text, text.severity if row["status"] == "unknown" else row["severity"])
        for row in rows
        for text in [texts()[row["rule_id"]]]
    ]
    places = {check: place for place, check in enumerate(dict.fromkeys(checks))}
    about_keys = {"keyFindings": _KEY_FINDINGS} if holds_key_findings(review) else {}
    rules = [_rule(*check) for check in places]
    notes = [{"level": "warning", "message": {"text": note}} for note in review.notes]
    run = {
        "tool": {"driver": {"name": "vpnframe", "version": __version__, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": True,
                "endTimeUtc": review.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "toolExecutionNotifications": notes,
            }
        ],
        "properties": {"profiles": list(review.profiles), **about_keys},
        "results": [
            _result(row, check, places[check]) for row, check in zip(rows, checks, strict=True)
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(text: Text, severity: str) -> dict[str, Any]:
    return {
        "id": _id_of(text, severity),
        "shortDescription": {"text": text.title},
        "fullDescription": {"text": text.why},
        "help": {"text": "\n".join(filter(None, (text.advice, text.cited)))},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {
            "tags": ["security", text.family],
            "security-severity": _SCORES[severity],
            "severityReason": text.severity_reason,
            "basis": text.basis,
        },
    }


def _id_of(text: Text, severity: str) -> str:
    """Return the rule's id, with the severity appended if it differs from the rule's default."""
    return text.rule_id if severity == text.severity else f"{text.rule_id}/{severity}"


def _kind_and_level(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the SARIF kind and level of a finding."""
    if row["status"] == "unknown":
        return "open", "none"
    if row["status"] == "open" and _text(row["root_cause"]):
        return "informational", "none"
    return "fail", _LEVELS[row["severity"]]


def _result(row: Mapping[str, Any], check: tuple[Text, str], place: int) -> dict[str, Any]:
    kind, level = _kind_and_level(row)
    result: dict[str, Any] = {
        "ruleId": _id_of(*check),
        "ruleIndex": place,
        "kind": kind,
        "level": level,
        "message": {"text": f"{row['title']}: {_text(row['evidence']) or row['title']}"},
        "locations": [{"logicalLocations": [_location(row)]}],
        "partialFingerprints": {"vpnframeFindingId/v1": row["finding_id"]},
        "properties": dict(_properties(row)),
    }
    if row["status"] == "waived":
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": _text(row["waived_by"])}
        ]
    return result


def _location(row: Mapping[str, Any]) -> dict[str, str]:
    parts = [text for name in _PLACE if (text := _text(row[name]))] or ["fleet"]
    name = _text(row["connection_name"]) or parts[-1]
    return {"name": name, "fullyQualifiedName": "/".join(parts), "kind": "resource"}


def _properties(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name in ("tags", "tunnel_ids"):
            listed = [*split_text(None if pd.isna(value) else value)]
            yield ("resourceTags" if name == "tags" else name), listed
        elif name in ("finding_id", "rule_id", "title", "first_seen"):
            continue
        elif isinstance(value, pd.Timestamp):
            yield name, value.strftime("%Y-%m-%d")
        elif not pd.isna(value):
            yield name, bool(value) if name == "is_active" else str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
