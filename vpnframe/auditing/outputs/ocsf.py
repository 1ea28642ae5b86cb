"""Convert findings to OCSF Compliance Findings (class 2003) with ``py-ocsf-models``.

References
----------
Open Cybersecurity Schema Framework, class 2003 Compliance Finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vpnframe._version import __version__
from vpnframe.auditing.review import Review
from vpnframe.auditing.texts import SEPARATOR
from vpnframe.errors import SettingsError
from vpnframe.schema.joined import split_text

# OCSF ids with their captions.
_SEVERITIES = {
    "info": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
    "critical": (5, "Critical"),
}
_STATUSES = {"open": (1, "New"), "waived": (3, "Suppressed"), "unknown": (1, "New")}
_COMPLIANCE = {"open": (3, "Fail"), "waived": (3, "Fail"), "unknown": (0, "Unknown")}
_CREATED = {
    "activity_id": 1,
    "activity_name": "Create",
    "type_uid": 200301,
    "type_name": "Compliance Finding: Create",
}
_UNMAPPED = ("status", "family", "verdict", "owner", "value", "expected", "basis", "root_cause")


def as_ocsf(review: Review) -> list[dict[str, Any]]:
    """Convert each finding of a review to an OCSF event."""
    try:
        from py_ocsf_models.events.findings.compliance_finding import (  # noqa: PLC0415  heavy
            ComplianceFinding,
        )
    except ImportError:
        raise SettingsError(
            "the format OCSF needs py-ocsf-models: run pip install 'vpnframe[ocsf]'"
        ) from None
    at_ms = int(review.now.timestamp() * 1000)
    found = []
    for row in review.findings.to_dict("records"):
        text = {name: value for name, value in row.items() if isinstance(value, str)}
        model = ComplianceFinding(**_event(row, text, review, at_ms))
        event = model.model_dump(mode="json", exclude_none=True)
        # Fields that the OCSF schema has, but the models lack.
        event["cloud"] = _cloud(text)
        event["compliance"]["status"] = _COMPLIANCE[row["status"]][1]
        found.append(event)
    return found


def _cloud(text: Mapping[str, str]) -> dict[str, Any]:
    """Return the OCSF object ``cloud`` with the provider, the account and the region."""
    cloud: dict[str, Any] = {"provider": "Alibaba Cloud"}
    if account := text.get("account_id"):
        cloud["account"] = {"uid": account, "name": account, "type_id": 99, "type": "Other"}
    if region := text.get("region_id"):
        cloud["region"] = region
    return cloud


def _event(
    row: Mapping[str, Any], text: Mapping[str, str], review: Review, at_ms: int
) -> dict[str, Any]:
    """Return the OCSF event of a finding; ``text`` has those cells of ``row`` that are strings."""
    uid, rule_id, title = text["finding_id"], text["rule_id"], text["title"]
    status_id, status = _STATUSES[text["status"]]
    severity_id, severity = _SEVERITIES[text["severity"]]
    return {
        **_CREATED,
        "time": at_ms,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_detail": text.get("waived_by"),
        "message": f"{title}: {text.get('evidence', '')}",
        "metadata": {
            "product": {"name": "vpnframe", "vendor_name": "vpnframe", "version": __version__},
            "event_code": rule_id,
            "profiles": ["cloud"],
            "uid": uid,
        },
        "finding_info": {
            "uid": uid,
            "title": title,
            "desc": text.get("evidence"),
            "types": [rule_id],
            "created_time": at_ms,
        },
        "compliance": {
            "control": rule_id,
            "standards": _parts(text.get("profile", ""), ", "),
            "requirements": _parts(text.get("references", ""), SEPARATOR),
            "status_id": _COMPLIANCE[text["status"]][0],
        },
        "remediation": {"desc": text["remediation"]},
        "resources": [_resource(row, text)],
        "unmapped": {
            "notes": list(review.notes),
            **{name: text.get(name) for name in _UNMAPPED},
            "tunnel_ids": [*split_text(row["tunnel_ids"])],
        },
    }


def _parts(text: str, separator: str) -> list[str] | None:
    """Split a string at a separator into distinct parts; return None if there are none."""
    return list(dict.fromkeys(part for part in text.split(separator) if part)) or None


def _resource(row: Mapping[str, Any], text: Mapping[str, str]) -> dict[str, Any]:
    uid = text.get("vpn_connection_id") or text.get("vpn_gateway_id") or "fleet"
    return {
        "uid": uid,
        "name": text.get("connection_name") or text.get("customer_gateway_name") or uid,
        "type": "vpn-connection" if "vpn_connection_id" in text else "vpn-gateway",
        "region": text.get("region_id"),
        "labels": [*split_text(row["tags"])] if isinstance(row["tags"], str) else None,
    }
