"""IPsec VPN fleets on Alibaba Cloud as pandas tables.

>>> import vpnframe as vf
>>> sorted(name for name in vf.__all__ if name.startswith("f"))
['fetch', 'find_overlaps']
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
    from vpnframe.overlapping import find_overlaps, overlaps, trace
    from vpnframe.redacting import Redaction, redact
    from vpnframe.settings import FetchSettings

_HOMES = {
    "Account": "accounts",
    "AddressError": "errors",
    "Credentials": "cloud.signing",
    "FetchSettings": "settings",
    "IncompleteWarning": "errors",
    "Inventory": "inventory",
    "InventoryError": "errors",
    "Limit": "cloud.actions",
    "Redaction": "redacting",
    "RequestError": "errors",
    "ResponseError": "errors",
    "SchemaError": "errors",
    "SettingsError": "errors",
    "StatusError": "errors",
    "TransportError": "errors",
    "VpnframeError": "errors",
    "afetch": "fetching",
    "aplan": "fetching",
    "doctor": "fetching",
    "fetch": "fetching",
    "find_overlaps": "overlapping",
    "load": "loading",
    "overlaps": "overlapping",
    "plan": "fetching",
    "read_accounts": "accounts",
    "read_inventory": "inventory",
    "redact": "redacting",
    "trace": "overlapping",
    "write_inventory": "inventory",
}
_MODULES = ("plot", "schema", "stats")
__all__ = [
    "Account",
    "AddressError",
    "Credentials",
    "FetchSettings",
    "IncompleteWarning",
    "Inventory",
    "InventoryError",
    "Limit",
    "Redaction",
    "RequestError",
    "ResponseError",
    "SchemaError",
    "SettingsError",
    "StatusError",
    "TransportError",
    "VpnframeError",
    "__version__",
    "afetch",
    "aplan",
    "doctor",
    "fetch",
    "find_overlaps",
    "load",
    "overlaps",
    "plan",
    "plot",
    "read_accounts",
    "read_inventory",
    "redact",
    "schema",
    "stats",
    "trace",
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
