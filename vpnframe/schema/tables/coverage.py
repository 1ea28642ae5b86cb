"""The tables of an inventory about the fetch: what was read, what failed, which values differ."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import CONNECTION, PLACE, Column, declare, one_of

_STATUSES = ("complete", "partial", "denied", "unreachable", "absent", "skipped")
FAILURES = declare(
    "failures",
    "One row per failure to read data or to understand it.",
    *PLACE,
    Column("action", "category", "Name of the API call; null if the failure is of another kind."),
    Column("vpn_connection_id", "text", "Id of the connection concerned; null if there is none."),
    Column(
        "kind",
        "category",
        "Kind of failure: throttled, server, network, timeout, malformed, empty (without data), "
        "denied, credentials, gone (no longer in the list), unavailable (still in the list), "
        "unsupported (the endpoint lacks the call), parameter, settings, file or address.",
        False,
    ),
    Column("code", "category", "The cloud's error code; null if the cloud sent none."),
    Column("message", "text", "What went wrong, and where.", False),
    Column("http_status", "int16", "HTTP status of the response; null without a response."),
    Column("request_id", "text", "Request id for a support ticket; null if the cloud sent none."),
    Column("attempts", "int16", "Number of attempts to make the call.", False),
    Column("at", "time", "Time of the failure."),
    is_stored=True,
)
COVERAGE = declare(
    "coverage",
    "One row per account and region: how much of it was read.",
    *PLACE,
    one_of(
        "status",
        "complete, partial, denied, unreachable, skipped, or absent (only in older snapshots).",
        _STATUSES,
        is_nullable=False,
    ),
    Column(
        "n_expected",
        "int32",
        "Number of known connections, without those attached to nothing.",
        False,
    ),
    Column("n_read", "int32", "How many of them were read as requested.", False),
    Column("n_failed", "int32", "How many of them were not read as requested.", False),
    Column(
        "n_unattached",
        "int32",
        "Number of connections attached to nothing, which have no download; null if unknown.",
    ),
    Column("n_calls", "int32", "Number of API requests that were sent.", False),
    Column("n_throttled", "int32", "Number of requests that the cloud throttled.", False),
    Column(
        "is_stable",
        "flag",
        "Whether every list has as many rows as it states, and did not change during the fetch.",
        False,
    ),
    Column("elapsed_s", "float", "Seconds that it took to read the region.", False),
    key=("account_id", "region_id"),
    is_stored=True,
)
DISAGREEMENTS = declare(
    "disagreements",
    "One row per field whose values in a connection's download and list row differ.",
    *CONNECTION,
    Column(
        "tunnel_id",
        "text",
        "Id of the tunnel; null for a field of the connection, or for a single tunnel.",
    ),
    Column(
        "field",
        "category",
        "Column that differs; connection_level for settings that match no tunnel.",
        False,
    ),
    Column("download_value", "text", "Value in the downloaded configuration; null if it has none."),
    Column(
        "describe_value",
        "text",
        "Value in the list row, which the other tables contain; null if the row has none.",
    ),
    is_stored=True,
)
SNAPSHOTS = declare(
    "snapshots",
    "One row per snapshot of an inventory folder.",
    Column("snapshot", "text", "Id of the snapshot.", False),
    one_of(
        "kind",
        "What was fetched: full, lists (no downloads) or sample (some downloads).",
        ("full", "lists", "sample"),
        is_nullable=False,
    ),
    Column("is_complete", "flag", "Whether everything that was requested was read.", False),
    Column("started_at", "time", "When the fetch began; null if unknown."),
    Column("finished_at", "time", "When the snapshot was written.", False),
    Column("n_connections", "int32", "Number of connections.", False),
    Column("n_tunnels", "int32", "Number of tunnels.", False),
    Column("coverage", "text", "How much of the fleet was read, as a sentence.", False),
    Column("tool_version", "text", "Version of vpnframe that wrote it.", False),
    key=("snapshot",),
)
DAMAGES = declare(
    "damages",
    "One row per snapshot and file of the snapshot that is missing or damaged.",
    Column("snapshot", "text", "Id of the snapshot.", False),
    Column("file", "text", "Path of the file in the inventory folder.", False),
    Column("problem", "text", "What is wrong with the file.", False),
)
COVERAGE_TABLES = (FAILURES, COVERAGE, DISAGREEMENTS, SNAPSHOTS, DAMAGES)
