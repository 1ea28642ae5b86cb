"""IPsec VPN fleets on Alibaba Cloud as pandas tables.

>>> import vpnframe as vf
>>> sorted(name for name in vf.__all__ if name.startswith("f"))
['fetch', 'find_overlaps', 'free_subnets']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vpnframe._version import __version__

if TYPE_CHECKING:
    from vpnframe import plot as plot
    from vpnframe import schema as schema
    from vpnframe import stats as stats
    from vpnframe.auditing.review import (
        AuditSettings,
        assert_no_findings,
        audit,
        audit_connections,
        audit_summary,
        profile_matrix,
        rules,
    )
    from vpnframe.auditing.strength import connection_strength, strength, strength_counts
    from vpnframe.auditing.waivers import Waiver, read_waivers
    from vpnframe.cloud.actions import Limit
    from vpnframe.cloud.signing import Credentials
    from vpnframe.errors import (
        AddressError,
        ClockWarning,
        FindingsError,
        IncompleteWarning,
        InputWarning,
        InventoryError,
        RequestError,
        ResponseError,
        SchemaError,
        SettingsError,
        StatusError,
        TransportError,
        VpnframeError,
    )
    from vpnframe.fetching.doctor import doctor
    from vpnframe.fetching.fetch import afetch, fetch
    from vpnframe.fetching.plan import aplan, plan
    from vpnframe.fetching.settings import Account, FetchSettings, read_accounts
    from vpnframe.inventory import Inventory, read_inventory, write_inventory
    from vpnframe.inventory.loading import load
    from vpnframe.inventory.redacting import Redaction, redact
    from vpnframe.overlapping import (
        Domain,
        Nat,
        OverlapSettings,
        Topology,
        address_usage,
        clusters,
        enclosing,
        find_overlaps,
        free_subnets,
        merge,
        overlap_counts,
        overlaps,
        overlaps_per_block,
        read_blocks,
        read_nat,
        read_topology,
        suggest_renumbering,
        would_conflict,
    )
    from vpnframe.peers import Peer, compare_peer, read_peer
    from vpnframe.tracing.trace import trace

_HOMES = {
    "Account": "fetching.settings",
    "AddressError": "errors",
    "AuditSettings": "auditing.review",
    "ClockWarning": "errors",
    "Credentials": "cloud.signing",
    "Domain": "overlapping",
    "FetchSettings": "fetching.settings",
    "FindingsError": "errors",
    "IncompleteWarning": "errors",
    "InputWarning": "errors",
    "Inventory": "inventory",
    "InventoryError": "errors",
    "Limit": "cloud.actions",
    "Nat": "overlapping",
    "OverlapSettings": "overlapping",
    "Peer": "peers",
    "Redaction": "inventory.redacting",
    "RequestError": "errors",
    "ResponseError": "errors",
    "SchemaError": "errors",
    "SettingsError": "errors",
    "StatusError": "errors",
    "Topology": "overlapping",
    "TransportError": "errors",
    "VpnframeError": "errors",
    "Waiver": "auditing.waivers",
    "address_usage": "overlapping",
    "afetch": "fetching.fetch",
    "aplan": "fetching.plan",
    "assert_no_findings": "auditing.review",
    "audit": "auditing.review",
    "audit_connections": "auditing.review",
    "audit_summary": "auditing.review",
    "clusters": "overlapping",
    "compare_peer": "peers",
    "connection_strength": "auditing.strength",
    "doctor": "fetching.doctor",
    "enclosing": "overlapping",
    "fetch": "fetching.fetch",
    "find_overlaps": "overlapping",
    "free_subnets": "overlapping",
    "load": "inventory.loading",
    "merge": "overlapping",
    "overlap_counts": "overlapping",
    "overlaps": "overlapping",
    "overlaps_per_block": "overlapping",
    "plan": "fetching.plan",
    "profile_matrix": "auditing.review",
    "read_accounts": "fetching.settings",
    "read_blocks": "overlapping",
    "read_inventory": "inventory",
    "read_nat": "overlapping",
    "read_peer": "peers",
    "read_topology": "overlapping",
    "read_waivers": "auditing.waivers",
    "redact": "inventory.redacting",
    "rules": "auditing.review",
    "strength": "auditing.strength",
    "strength_counts": "auditing.strength",
    "suggest_renumbering": "overlapping",
    "trace": "tracing.trace",
    "would_conflict": "overlapping",
    "write_inventory": "inventory",
}
_MODULES = ("plot", "schema", "stats")
__all__ = [
    "Account",
    "AddressError",
    "AuditSettings",
    "ClockWarning",
    "Credentials",
    "Domain",
    "FetchSettings",
    "FindingsError",
    "IncompleteWarning",
    "InputWarning",
    "Inventory",
    "InventoryError",
    "Limit",
    "Nat",
    "OverlapSettings",
    "Peer",
    "Redaction",
    "RequestError",
    "ResponseError",
    "SchemaError",
    "SettingsError",
    "StatusError",
    "Topology",
    "TransportError",
    "VpnframeError",
    "Waiver",
    "__version__",
    "address_usage",
    "afetch",
    "aplan",
    "assert_no_findings",
    "audit",
    "audit_connections",
    "audit_summary",
    "clusters",
    "compare_peer",
    "connection_strength",
    "doctor",
    "enclosing",
    "fetch",
    "find_overlaps",
    "free_subnets",
    "load",
    "merge",
    "overlap_counts",
    "overlaps",
    "overlaps_per_block",
    "plan",
    "plot",
    "profile_matrix",
    "read_accounts",
    "read_blocks",
    "read_inventory",
    "read_nat",
    "read_peer",
    "read_topology",
    "read_waivers",
    "redact",
    "rules",
    "schema",
    "stats",
    "strength",
    "strength_counts",
    "suggest_renumbering",
    "trace",
    "would_conflict",
    "write_inventory",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use and keep it (PEP 562)."""
    if name in _MODULES:
        value: Any = import_module(f"vpnframe.{name}")
    elif name in _HOMES:
        value = getattr(import_module(f"vpnframe.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'vpnframe' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
