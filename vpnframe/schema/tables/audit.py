"""Schemas of the security review's tables."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import (
    COMPONENTS,
    CONNECTION,
    CONNECTION_KEY,
    COUNTS,
    FAMILIES,
    PLACE,
    SEVERITIES,
    TUNNEL,
    VERDICTS,
    Column,
    declare,
    one_of,
)

_WEAKEST = one_of(
    "weakest_component",
    "Weakest part: psk, ike_dh_group, ipsec_encryption or ike_integrity.",
    COMPONENTS,
)
_BITS = (
    Column("effective_bits", "int16", "Smaller of the next two sums; null if unknown."),
    Column("upper_bound_bits", "int16", "Upper bound, from the parts that are known."),
    _WEAKEST,
    Column("confidentiality_bits", "int16", "Smallest of ESP cipher, IKE DH group and PRF."),
    Column("authentication_bits", "int16", "Smaller of key and PRF; null with certificates."),
    Column("forward_secrecy_bits", "int16", "Strength of the phase 2 DH group; 0 without PFS."),
    Column("control_bits", "int16", "Smallest of IKE cipher, IKE DH group and PRF."),
    Column("integrity_bits", "int16", "Phase 2 integrity: limits online forgery; in no minimum."),
    Column("quantum_bits", "int16", "Against a quantum computer; 0 if only DH protects."),
    Column("not_approved", "texts", "Values that NIST does not approve, as column=value."),
)
STRENGTH = declare(
    "strength",
    "Result of strength: one row per tunnel, in the order of tunnels.",
    *CONNECTION,
    *TUNNEL,
    *_BITS,
    key=(*CONNECTION_KEY, "tunnel_index"),
    is_restricted=True,
)
CONNECTION_STRENGTH = declare(
    "connection_strength",
    "Result of connection_strength: one row per connection, the minimum over its tunnels.",
    *CONNECTION,
    Column("n_tunnels", "int16", "Tunnels.", False),
    *_BITS,
    key=CONNECTION_KEY,
    is_restricted=True,
)
STRENGTH_COUNTS = declare(
    "strength_counts",
    "Result of strength_counts: number of tunnels by strength.",
    Column("effective_bits", "int16", "Strength in bits; null if a part is unknown."),
    Column("upper_bound_bits", "int16", "Upper bound of effective_bits."),
    _WEAKEST,
    *COUNTS,
    key=("effective_bits", "upper_bound_bits", "weakest_component"),
)
FINDINGS = declare(
    "findings",
    "Result of audit: one row per cause, the worst first.",
    Column("finding_id", "text", "Stable across runs and machines.", False),
    Column("rule_id", "category", "The rule; profile-... if only a profile judges it.", False),
    Column("profile", "category", "Profiles that reject the value."),
    Column("title", "category", "Short description of the fault.", False),
    Column(
        *("severity", "severity", "info < low < medium < high < critical: ordered.", False),
        words=SEVERITIES[::-1],
    ),
    one_of("verdict", "Worst verdict of a profile: must-not, should-not or legacy.", VERDICTS),
    one_of("family", f"{', '.join(FAMILIES)}.", FAMILIES, is_nullable=False),
    one_of(
        "status",
        "open, waived, or unknown: it could not be judged.",
        ("open", "waived", "unknown"),
        is_nullable=False,
    ),
    Column("is_active", "flag", "Whether a tunnel of the connection is up."),
    *PLACE,
    Column("vpn_connection_id", "text", "The connection; null for a gateway or the fleet."),
    Column("connection_name", "text", "Its name."),
    Column("vpn_gateway_id", "text", "The VPN gateway."),
    Column("customer_gateway_id", "text", "The other end; null if the tunnels differ."),
    Column("customer_gateway_name", "text", "Its name."),
    Column("owner", "text", "The value of the owner tag."),
    Column("tags", "texts", "Tags as key=value, sorted."),
    Column("tunnel_ids", "texts", "The tunnels; a single tunnel has no id.", False),
    Column("column", "category", "Column that was judged, or several."),
    Column("value", "text", "The value found; never a fact about a key."),
    Column("expected", "category", "The expected value."),
    Column("evidence", "text", "One sentence with the values found."),
    Column("remediation", "category", "What to change, and where."),
    Column("references", "category", "Clauses; those after the word see were not checked."),
    Column("basis", "category", "How well the references are known: verified, own, ..."),
    Column("root_cause", "category", "The rule whose finding causes this one."),
    Column("waived_by", "text", "Approver, ticket and reason of the waiver."),
    Column("waived_until", "time", "The last day of the waiver."),
    Column("first_seen", "time", "When it was first found; null without a history."),
    key=("finding_id",),
)
_NUMBERS = (
    *(
        Column(f"n_{word}", "int64", f"Counted open findings of severity {word}.", False)
        for word in SEVERITIES[::-1]
    ),
    Column("n_folded", "int64", "Open findings that follow from another one.", False),
    Column("n_open", "int64", "All open findings: the sum of the above.", False),
    Column("n_waived", "int64", "Waived findings.", False),
)
AUDIT_SUMMARY = declare(
    "audit_summary",
    "Result of audit_summary: one row per rule and per profile's column.",
    Column("rule_id", "category", "The rule.", False),
    Column("profile", "category", "The profile, if no rule judges the value."),
    Column("title", "category", "Short description of the fault.", False),
    Column("severity", "severity", "Worst severity found, else the rule's own."),
    Column("n_passed", "int64", "Rows that pass; null for a profile: see profile_matrix."),
    Column("n_failed", "int64", "Rows that fail.", False),
    Column("n_unknown", "int64", "Rows that could not be judged.", False),
    *_NUMBERS,
    Column("share", "float", "Fraction of connections, or gateways, that fail; 0 to 1.", False),
    Column("is_widespread", "flag", "Whether more than half of them fail.", False),
    key=("rule_id", "profile"),
)
RULES = declare(
    "rules",
    "Result of rules: one row per rule.",
    Column("rule_id", "text", "Id of the rule.", False),
    one_of("family", f"{', '.join(FAMILIES)}.", FAMILIES, is_nullable=False),
    Column("title", "text", "Short description of the fault.", False),
    Column("severity", "severity", "Severity, unless a row has its own.", False),
    Column("severity_reason", "text", "Reason for the severity, and its exceptions.", False),
    Column("why", "text", "Why it matters.", False),
    Column("expected", "text", "The expected value.", False),
    Column("remediation", "text", "What to change.", False),
    Column("console_field", "text", "Field in the console.", False),
    Column("api_parameter", "text", "Parameter in the API.", False),
    Column("references", "text", "Clauses; those after the word see were not checked."),
    Column("basis", "category", "How well the references are known.", False),
    Column("implied_by", "texts", "Rules whose findings may cause this one.", False),
    Column("profile_columns", "texts", "Columns that this rule judges for profiles.", False),
    key=("rule_id",),
)
AUDIT_CONNECTIONS = declare(
    "audit_connections",
    "Result of audit_connections: one row per connection, without widespread findings.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection."),
    Column("severity", "severity", "Severity of its worst counted finding; null if none."),
    *_NUMBERS,
    Column("n_unknown", "int64", "Findings that could not be judged.", False),
    Column("is_strength_low", "flag", "Whether its strength is under 112 bits."),
    _WEAKEST,
    Column("strength", "text", "Its strength in words, if it is low; without the key's bits."),
    key=CONNECTION_KEY,
)
PROFILE_MATRIX = declare(
    "profile_matrix",
    "Result of profile_matrix: one row per connection and profile.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection."),
    Column("profile", "category", "The profile.", False),
    Column(
        "standing",
        "category",
        "fail, legacy, unknown, ceiling (the best on offer), pass or not-judged.",
        False,
    ),
    Column("columns", "texts", "Columns that fail, are legacy or are unknown.", False),
    key=(*CONNECTION_KEY, "profile"),
)
AUDIT_TABLES = (
    STRENGTH, CONNECTION_STRENGTH, STRENGTH_COUNTS, FINDINGS, AUDIT_SUMMARY, AUDIT_CONNECTIONS,
    RULES, PROFILE_MATRIX,
)  # fmt: skip
