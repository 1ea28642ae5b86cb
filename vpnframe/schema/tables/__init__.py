"""The schemas of all tables as data; :mod:`vpnframe.schema` derives everything else from them."""

from __future__ import annotations

from vpnframe.schema.tables.audit import AUDIT_TABLES
from vpnframe.schema.tables.coverage import COVERAGE_TABLES
from vpnframe.schema.tables.declaring import Column, Kind, Table
from vpnframe.schema.tables.fleet import FLEET_TABLES, KEY_FACTS
from vpnframe.schema.tables.results import PEER_COMPARISON, RESULT_TABLES, TRACE

__all__ = ["RESTRICTED", "STORED", "TABLES", "Column", "Kind", "Table"]

TABLES = {
    table.name: table
    for table in (
        *(*FLEET_TABLES, *COVERAGE_TABLES, KEY_FACTS),
        *(*RESULT_TABLES, *AUDIT_TABLES, TRACE, PEER_COMPARISON),
    )
}
STORED = tuple(t.name for t in TABLES.values() if t.is_stored and not t.is_restricted)
RESTRICTED = tuple(t.name for t in TABLES.values() if t.is_stored and t.is_restricted)
