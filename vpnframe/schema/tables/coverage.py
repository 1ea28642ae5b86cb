"""The tables of an inventory about the fetch: what was read, what failed, which values differ."""

from __future__ import annotations

from vpnframe.schema.tables.declaring import CONNECTION, PLACE, Column, declare, needed, one_of

_STATUSES = ("complete", "partial", "denied", "unreachable", "absent", "skipped")
FAILURES = declare(
    "failures",
    "One row per failure to read data or to understand it.",
    *PLACE,
    Column("action", "category", "Name of the API call; null if the failure is of another kind."),
    Column("vpn_connection_id", "text", "Id of the connection concerned; null if there is none."),
    needed(
        "kind",
        "category",
        "Kind of failure: throttled, server, network, timeout, malformed, empty (without data), "
        "denied, credentials, gone (no longer in the list), unavailable (still in the list), "
        "unsupported (the endpoint lacks the call), parameter, settings, file or address.",
    ),
    Column("code", "category", "The cloud's error code; null if the cloud sent none."),
    needed("message", "text", "What went wrong, and where."),
    Column("http_status", "int16", "HTTP status of the response; null without a response."),
    Column("request_id", "text", "Request id for a support ticket; null if the cloud sent none."),
    needed("attempts", "int16", "Number of attempts to make the call."),
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
    needed(
        "n_expected", "int32", "Number of known connections, without those attached to nothing."
    ),
    needed("n_read", "int32", "How many of them were read as requested."),
    needed("n_failed", "int32", "How many of them were not read as requested."),
    Column(
        "n_unattached",
        "int32",
        "Number of connections attached to nothing, which have no download; null if unknown.",
    ),
    needed("n_calls", "int32", "Number of API requests that were sent."),
    needed("n_throttled", "int32", "Number of requests that the cloud throttled."),
    needed(
        "is_stable",
        "flag",
        "Whether every list has as many rows as it states, and did not change during the fetch.",
    ),
    needed("elapsed_s", "float", "Seconds that it took to read the region."),
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
    needed(
        "field",
        "category",
        "Column that differs; connection_level for settings that match no tunnel.",
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
    needed("snapshot", "text", "Id of the snapshot."),
    one_of(
        "kind",
        "What was fetched: full, lists (no downloads) or sample (some downloads).",
        ("full", "lists", "sample"),
        is_nullable=False,
    ),
    needed("is_complete", "flag", "Whether everything that was requested was read."),
    Column("started_at", "time", "When the fetch began; null if unknown."),
    needed("finished_at", "time", "When the snapshot was written."),
    needed("n_connections", "int32", "Number of connections."),
    needed("n_tunnels", "int32", "Number of tunnels."),
    needed("coverage", "text", "How much of the fleet was read, as a sentence."),
    needed("tool_version", "text", "Version of vpnframe that wrote it."),
    key=("snapshot",),
)
DAMAGES = declare(
    "damages",
    "One row per snapshot and file of the snapshot that is missing or damaged.",
    needed("snapshot", "text", "Id of the snapshot."),
    needed("file", "text", "Path of the file in the inventory folder."),
    needed("problem", "text", "What is wrong with the file."),
)
COVERAGE_TABLES = (FAILURES, COVERAGE, DISAGREEMENTS, SNAPSHOTS, DAMAGES)
