"""Schemas of the security review's tables."""

from __future__ import annotations

from vpnframe.schema.tables.parts import (
    COMPONENTS,
    CONNECTION_ID,
    COUNTS,
    FAMILIES,
    PLACE,
    SEVERITIES,
    TUNNEL,
    VERDICTS,
    Column,
    Table,
)

_WEAKEST = Column(
    "weakest_component",
    "category",
    "What bounds it: psk, ike_dh_group, ipsec_encryption or ike_integrity.",
    words=COMPONENTS,
)
_BITS = (
    Column("effective_bits", "int16", "Smaller of the next two sums; null where one is unknown."),
    Column("upper_bound_bits", "int16", "The same of those parts that are known: at most so much."),
    _WEAKEST,
    Column("confidentiality_bits", "int16", "Smallest of ESP cipher, IKE DH group and PRF."),
    Column("authentication_bits", "int16", "Smaller of key and PRF; null with certificates."),
    Column("forward_secrecy_bits", "int16", "Of the phase 2 DH group; 0 without PFS."),
    Column("control_bits", "int16", "Smallest of IKE cipher, IKE DH group and PRF."),
    Column("integrity_bits", "int16", "Of phase 2: a bound for forgery online, in no minimum."),
    Column("quantum_bits", "int16", "Against a quantum computer; 0 where DH alone protects."),
    Column("not_approved", "texts", "What NIST does not approve, as column=value."),
)
STRENGTH = Table(
    "strength",
    "Result of strength: one row per tunnel, in the order of tunnels.",
    ("account_id", "region_id", "vpn_connection_id", "tunnel_index"),
    (*PLACE, CONNECTION_ID, *TUNNEL, *_BITS),
    is_restricted=True,
)
CONNECTION_STRENGTH = Table(
    "connection_strength",
    "Result of connection_strength: one row per connection, the minimum over its tunnels.",
    ("account_id", "region_id", "vpn_connection_id"),
    (*PLACE, CONNECTION_ID, Column("n_tunnels", "int16", "Tunnels.", False), *_BITS),
    is_restricted=True,
)
STRENGTH_COUNTS = Table(
    "strength_counts",
    "Result of strength_counts: how strong the tunnels of a fleet are.",
    ("effective_bits", "upper_bound_bits", "weakest_component"),
    (
        Column("effective_bits", "int16", "Bits; null where a part is unknown."),
        Column("upper_bound_bits", "int16", "At most so much."),
        _WEAKEST,
        *COUNTS,
    ),
)
FINDINGS = Table(
    "findings",
    "Result of audit: one row per cause, the worst first.",
    ("finding_id",),
    (
        Column("finding_id", "text", "Equal over runs and machines.", False),
        Column("rule_id", "category", "The rule; profile-... where a profile alone judges.", False),
        Column("profile", "category", "The profiles that have something against the value."),
        Column("title", "category", "In a few words.", False),
        Column(
            *("severity", "severity", "info < low < medium < high < critical: ordered.", False),
            words=SEVERITIES[::-1],
        ),
        Column(
            *(
                "verdict",
                "category",
                "The worst a profile says: must-not, should-not or legacy.",
            ),
            words=VERDICTS,
        ),
        Column("family", "category", f"{', '.join(FAMILIES)}.", False, FAMILIES),
        Column(
            *("status", "category", "open, waived, or unknown: it could not be judged.", False),
            words=("open", "waived", "unknown"),
        ),
        Column("is_active", "flag", "Whether a tunnel of the connection stands."),
        *PLACE,
        Column("vpn_connection_id", "text", "The connection; null for a gateway or the fleet."),
        Column("connection_name", "text", "Its name."),
        Column("vpn_gateway_id", "text", "The VPN gateway."),
        Column("customer_gateway_id", "text", "The other end; null where tunnels differ."),
        Column("customer_gateway_name", "text", "Its name."),
        Column("owner", "text", "The value of the owner tag."),
        Column("tags", "texts", "Tags as key=value, sorted."),
        Column("tunnel_ids", "texts", "The tunnels; a single tunnel has no id.", False),
        Column("column", "category", "What was looked at."),
        Column("value", "text", "What stood there; never a fact about a key."),
        Column("expected", "category", "What should stand there."),
        Column("evidence", "text", "In words and values."),
        Column("remediation", "category", "What to do, and where."),
        Column("references", "category", "Clauses; see: not checked against the text."),
        Column("basis", "category", "How the references are known: verified, own and others."),
        Column("root_cause", "category", "The rule that this follows from."),
        Column("waived_by", "text", "Who accepted it, and why."),
        Column("waived_until", "time", "The last day of the waiver."),
        Column("first_seen", "time", "When it was found first; null without a history."),
    ),
)
_NUMBERS = (
    *(
        Column(f"n_{word}", "int64", f"Open findings of severity {word} that are counted.", False)
        for word in SEVERITIES[::-1]
    ),
    Column("n_folded", "int64", "Open ones that follow from another one.", False),
    Column("n_open", "int64", "All open ones: the sum of those.", False),
    Column("n_waived", "int64", "Waived ones.", False),
)
AUDIT_SUMMARY = Table(
    "audit_summary",
    "Result of audit_summary: one row per rule and per profile's column.",
    ("rule_id", "profile"),
    (
        Column("rule_id", "category", "The rule.", False),
        Column("profile", "category", "The profile, where it judges alone."),
        Column("title", "category", "In a few words.", False),
        Column("severity", "severity", "The worst that was found; its own where nothing was."),
        Column("n_passed", "int64", "Rows that pass; null for a profile: see profile_matrix."),
        Column("n_failed", "int64", "Rows that fail.", False),
        Column("n_unknown", "int64", "Rows that could not be judged.", False),
        *_NUMBERS,
        Column("share", "float", "Part of all connections, or gateways, that fail; 0 to 1.", False),
        Column("is_widespread", "flag", "Whether that is more than half of them.", False),
    ),
)
RULES = Table(
    "rules",
    "Result of rules: one row per rule.",
    ("rule_id",),
    (
        Column("rule_id", "text", "Its name.", False),
        Column("family", "category", f"{', '.join(FAMILIES)}.", False, FAMILIES),
        Column("title", "text", "In a few words.", False),
        Column("severity", "severity", "Where a row has no other one.", False),
        Column("severity_reason", "text", "Why so bad, and when worse.", False),
        Column("why", "text", "What is behind it.", False),
        Column("expected", "text", "What should stand there.", False),
        Column("remediation", "text", "What to do.", False),
        Column("console_field", "text", "Where the console has it.", False),
        Column("api_parameter", "text", "Where the API has it.", False),
        Column("references", "text", "Clauses; see: not checked against the text."),
        Column("basis", "category", "How the references are known.", False),
        Column("implied_by", "texts", "Rules that it may follow from.", False),
        Column("profile_columns", "texts", "Columns that profiles judge with it.", False),
    ),
)
AUDIT_CONNECTIONS = Table(
    "audit_connections",
    "Result of audit_connections: one row per connection, without what most of the fleet has.",
    ("account_id", "region_id", "vpn_connection_id"),
    (
        *PLACE,
        CONNECTION_ID,
        Column("connection_name", "text", "Name given to the connection."),
        Column("severity", "severity", "Of its worst finding that is counted; null for none."),
        *_NUMBERS,
        Column("n_unknown", "int64", "What could not be judged.", False),
        Column("is_strength_low", "flag", "Whether it is worth under 112 bits."),
        _WEAKEST,
        Column("strength", "text", "What it is worth, in words, where that is low; no key's bits."),
    ),
)
PROFILE_MATRIX = Table(
    "profile_matrix",
    "Result of profile_matrix: one row per connection and profile.",
    ("account_id", "region_id", "vpn_connection_id", "profile"),
    (
        *PLACE,
        CONNECTION_ID,
        Column("connection_name", "text", "Name given to the connection."),
        Column("profile", "category", "The standard.", False),
        Column(
            "standing",
            "category",
            "fail, legacy, unknown, ceiling (the best on offer), pass or not-judged.",
            False,
        ),
        Column("columns", "texts", "What fails, is legacy or is unknown.", False),
    ),
)
AUDIT_TABLES = (
    STRENGTH, CONNECTION_STRENGTH, STRENGTH_COUNTS, FINDINGS, AUDIT_SUMMARY, AUDIT_CONNECTIONS,
    RULES, PROFILE_MATRIX,
)  # fmt: skip
