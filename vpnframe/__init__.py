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
    from vpnframe.accounts import Account, read_accounts
    from vpnframe.cloud.actions import Limit
    from vpnframe.cloud.signing import Credentials
    from vpnframe.errors import (
        AddressError,
        IncompleteWarning,
        InventoryError,
        RequestError,
        ResponseError,
        SchemaError,
        SettingsError,
        StatusError,
        TransportError,
        VpnframeError,
    )
    from vpnframe.fetching import afetch, aplan, doctor, fetch, plan
    from vpnframe.inventory import Inventory, read_inventory, write_inventory
    from vpnframe.loading import load
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
        trace,
        would_conflict,
    )
    from vpnframe.peers import Peer, compare_peer, read_peer
    from vpnframe.redacting import Redaction, redact
    from vpnframe.settings import FetchSettings

_HOMES = {
    "Account": "accounts",
    "AddressError": "errors",
    "Credentials": "cloud.signing",
    "Domain": "overlapping",
    "FetchSettings": "settings",
    "IncompleteWarning": "errors",
    "Inventory": "inventory",
    "InventoryError": "errors",
    "Limit": "cloud.actions",
    "Nat": "overlapping",
    "OverlapSettings": "overlapping",
    "Peer": "peers",
    "Redaction": "redacting",
    "RequestError": "errors",
    "ResponseError": "errors",
    "SchemaError": "errors",
    "SettingsError": "errors",
    "StatusError": "errors",
    "Topology": "overlapping",
    "TransportError": "errors",
    "VpnframeError": "errors",
    "address_usage": "overlapping",
    "afetch": "fetching",
    "aplan": "fetching",
    "clusters": "overlapping",
    "compare_peer": "peers",
    "doctor": "fetching",
    "enclosing": "overlapping",
    "fetch": "fetching",
    "find_overlaps": "overlapping",
    "free_subnets": "overlapping",
    "load": "loading",
    "merge": "overlapping",
    "overlap_counts": "overlapping",
    "overlaps": "overlapping",
    "overlaps_per_block": "overlapping",
    "plan": "fetching",
    "read_accounts": "accounts",
    "read_blocks": "overlapping",
    "read_inventory": "inventory",
    "read_nat": "overlapping",
    "read_peer": "peers",
    "read_topology": "overlapping",
    "redact": "redacting",
    "suggest_renumbering": "overlapping",
    "trace": "overlapping",
    "would_conflict": "overlapping",
    "write_inventory": "inventory",
}
_MODULES = ("plot", "schema", "stats")
__all__ = [
    "Account",
    "AddressError",
    "Credentials",
    "Domain",
    "FetchSettings",
    "IncompleteWarning",
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
    "__version__",
    "address_usage",
    "afetch",
    "aplan",
    "clusters",
    "compare_peer",
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
    "read_accounts",
    "read_blocks",
    "read_inventory",
    "read_nat",
    "read_peer",
    "read_topology",
    "redact",
    "schema",
    "stats",
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
