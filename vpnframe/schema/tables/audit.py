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
    needed,
    one_of,
)

_WEAKEST = one_of(
    "weakest_component",
    "Weakest component: psk, ike_dh_group, ipsec_encryption or ike_integrity; null if unknown.",
    COMPONENTS,
)
_BITS = (
    Column(
        "effective_bits",
        "int16",
        "Strength: confidentiality_bits, or authentication_bits if smaller; null if unknown.",
    ),
    Column(
        "upper_bound_bits",
        "int16",
        "Upper bound of effective_bits, from the known components; null if none is known.",
    ),
    _WEAKEST,
    Column(
        "confidentiality_bits",
        "int16",
        "Smallest strength of ESP cipher, IKE DH group and PRF; null if one is unknown.",
    ),
    Column(
        "authentication_bits",
        "int16",
        "Smaller strength of pre-shared key and PRF; null if unknown or with certificates.",
    ),
    Column("forward_secrecy_bits", "int16", "Strength of the phase 2 DH group; 0 without PFS."),
    Column(
        "control_bits",
        "int16",
        "Smallest strength of IKE cipher, IKE DH group and PRF; null if one is unknown.",
    ),
    Column(
        "integrity_bits",
        "int16",
        "Strength of phase 2 integrity against online forgery; not part of effective_bits.",
    ),
    Column(
        "quantum_bits",
        "int16",
        "Strength against a quantum computer; 0 if the keys come from DH alone; null if unknown.",
    ),
    Column("not_approved", "texts", "Algorithms that NIST does not approve, as column=value."),
)
STRENGTH = declare(
    "strength",
    "Result of strength: strength in bits of each tunnel, in the order of table tunnels.",
    *CONNECTION,
    *TUNNEL,
    *_BITS,
    key=(*CONNECTION_KEY, "tunnel_index"),
    is_restricted=True,
)
CONNECTION_STRENGTH = declare(
    "connection_strength",
    "Result of connection_strength: one row per connection, the minima over its tunnels.",
    *CONNECTION,
    needed("n_tunnels", "int16", "Number of tunnels of the connection."),
    *_BITS,
    key=CONNECTION_KEY,
    is_restricted=True,
)
STRENGTH_COUNTS = declare(
    "strength_counts",
    "Result of strength_counts: one row per strength, with the number of tunnels.",
    Column("effective_bits", "int16", "Strength in bits; null if a component is unknown."),
    Column(
        "upper_bound_bits", "int16", "Upper bound of effective_bits; null if no component is known."
    ),
    _WEAKEST,
    *COUNTS,
    key=("effective_bits", "upper_bound_bits", "weakest_component"),
)
FINDINGS = declare(
    "findings",
    "Result of audit: one row per fault, or per value that could not be judged.",
    needed("finding_id", "text", "Id of the finding, stable across runs and machines."),
    needed("rule_id", "category", "Id of the rule; profile-... if only a profile judges."),
    Column("profile", "category", "Profiles that reject the value; null if none does."),
    needed("title", "category", "Short description of the fault."),
    needed(
        "severity",
        "severity",
        "Severity, as an ordered category: info < low < medium < high < critical.",
        words=SEVERITIES[::-1],
    ),
    one_of(
        "verdict",
        "Worst verdict of these profiles: must-not, should-not or legacy; else null.",
        VERDICTS,
    ),
    one_of("family", f"Subject of the rule: {', '.join(FAMILIES)}.", FAMILIES, is_nullable=False),
    one_of(
        "status",
        "open, waived, or unknown if the value could not be judged.",
        ("open", "waived", "unknown"),
        is_nullable=False,
    ),
    Column("is_active", "flag", "Whether a tunnel of the connection is up; null if unknown."),
    *PLACE,
    Column("vpn_connection_id", "text", "The connection; null if the finding is about none."),
    Column("connection_name", "text", "Name of the connection."),
    Column("vpn_gateway_id", "text", "The VPN gateway; null if the finding is about none."),
    Column("customer_gateway_id", "text", "The customer gateway; null if the tunnels differ."),
    Column("customer_gateway_name", "text", "Name of the customer gateway."),
    Column("owner", "text", "Value of the tag that names the owner; null without such a tag."),
    Column("tags", "texts", "Tags of the connection or gateway as key=value, sorted."),
    needed("tunnel_ids", "texts", "Ids of the tunnels concerned; a single tunnel has none."),
    Column("column", "category", "Names of the columns that were judged, joined by commas."),
    Column("value", "text", "The value that was judged; never a fact about a pre-shared key."),
    Column("expected", "category", "The value that the rule expects."),
    Column("evidence", "text", "One sentence with the values found."),
    Column("remediation", "category", "What to change, and where."),
    Column("references", "category", "Clauses of standards; 'see' marks unchecked ones."),
    Column(
        "basis",
        "category",
        "Quality of the references: verified, secondary, unverified, or own if there are none.",
    ),
    Column("root_cause", "category", "Rule whose finding explains this one; null if none does."),
    Column("waived_by", "text", "Approver, ticket and reason of the waiver; null if not waived."),
    Column("waived_until", "time", "The last day of the waiver; null if not waived."),
    Column("first_seen", "time", "Reserved for the time of the first finding; always null now."),
    key=("finding_id",),
)
_NUMBERS = (
    *(
        needed(f"n_{word}", "int64", f"Open findings of severity {word} without a root cause.")
        for word in SEVERITIES[::-1]
    ),
    needed("n_folded", "int64", "Open findings with a root cause."),
    needed("n_open", "int64", "All open findings, the sum of n_critical to n_folded."),
    needed("n_waived", "int64", "Number of waived findings."),
)
AUDIT_SUMMARY = declare(
    "audit_summary",
    "Result of audit_summary: one row per rule, and per value that only a profile judges.",
    needed("rule_id", "category", "Id of the rule."),
    Column("profile", "category", "The profile if only a profile judges the value; else null."),
    needed("title", "category", "Short description of the fault."),
    Column(
        "severity",
        "severity",
        "Worst severity of its findings; without findings, the usual severity of the rule.",
    ),
    Column(
        "n_passed",
        "int64",
        "Number of rows that pass; null for a profile, whose passes are in profile_matrix.",
    ),
    needed("n_failed", "int64", "Number of rows that fail."),
    needed("n_unknown", "int64", "Number of rows that could not be judged."),
    *_NUMBERS,
    needed(
        "share",
        "float",
        "Fraction of the fleet's connections (or gateways, in a gateway rule) that fail, 0 to 1.",
    ),
    needed("is_widespread", "flag", "Whether share is more than 0.5."),
    key=("rule_id", "profile"),
)
RULES = declare(
    "rules",
    "Result of rules: one row per rule.",
    needed("rule_id", "text", "Id of the rule."),
    one_of("family", f"Subject of the rule: {', '.join(FAMILIES)}.", FAMILIES, is_nullable=False),
    needed("title", "text", "Short description of the fault."),
    needed(
        "severity",
        "severity",
        "Usual severity of the rule's findings; single findings can have another one.",
    ),
    needed("severity_reason", "text", "Reason for the severity, and exceptions from it."),
    needed("why", "text", "Why the fault matters."),
    needed("expected", "text", "The value that the rule expects."),
    needed("remediation", "text", "What to change."),
    needed(
        "console_field",
        "text",
        "Field of the web console in which to change the value, or - if there is none.",
    ),
    needed(
        "api_parameter",
        "text",
        "API parameter with which to change the value, or - if there is none.",
    ),
    Column("references", "text", "Clauses of standards; 'see' marks unchecked ones."),
    needed(
        "basis",
        "category",
        "Quality of the references: verified, secondary, unverified, or own if there are none.",
    ),
    needed(
        "implied_by",
        "texts",
        "Ids of rules whose findings can be the root cause of findings of this rule.",
    ),
    needed(
        "profile_columns", "texts", "Columns in which this rule applies the verdicts of profiles."
    ),
    key=("rule_id",),
)
AUDIT_CONNECTIONS = declare(
    "audit_connections",
    "Result of audit_connections: one row per connection, with its findings by severity.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection."),
    Column(
        "severity",
        "severity",
        "Worst severity of its open findings without a root cause; null if there is none.",
    ),
    *_NUMBERS,
    needed("n_unknown", "int64", "Number of checks that could not be judged."),
    Column("is_strength_low", "flag", "Whether its strength is under 112 bits; null if unknown."),
    _WEAKEST,
    Column(
        "strength",
        "text",
        "Sentence on what limits its strength if that is low, without a key's bits; else null.",
    ),
    key=CONNECTION_KEY,
)
PROFILE_MATRIX = declare(
    "profile_matrix",
    "Result of profile_matrix: one row per connection and profile.",
    *CONNECTION,
    Column("connection_name", "text", "Name given to the connection."),
    needed("profile", "category", "The profile."),
    needed(
        "standing",
        "category",
        "Worst result: fail, unknown, legacy, ceiling (the best on offer), pass or not-judged.",
    ),
    needed(
        "columns", "texts", "Columns whose value is rejected, legacy or unknown under the profile."
    ),
    key=(*CONNECTION_KEY, "profile"),
)
AUDIT_TABLES = (
    STRENGTH, CONNECTION_STRENGTH, STRENGTH_COUNTS, FINDINGS, AUDIT_SUMMARY, AUDIT_CONNECTIONS,
    RULES, PROFILE_MATRIX,
)  # fmt: skip
