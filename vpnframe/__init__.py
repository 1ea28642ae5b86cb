"""IPsec VPN fleets on Alibaba Cloud as pandas tables.

>>> import vpnframe as vf
>>> sorted(name for name in vf.__all__ if name.startswith("f"))
['fetch', 'find_overlaps', 'free_subnets']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vpnframe._version import __version__ as __version__

if TYPE_CHECKING:  # the same names as below, for editors and type checkers
    from vpnframe import plot as plot
    from vpnframe import schema as schema
    from vpnframe import stats as stats
    from vpnframe.auditing.review import assert_no_findings as assert_no_findings
    from vpnframe.auditing.review import audit as audit
    from vpnframe.auditing.review import audit_connections as audit_connections
    from vpnframe.auditing.review import audit_summary as audit_summary
    from vpnframe.auditing.review import profile_matrix as profile_matrix
    from vpnframe.auditing.review import rules as rules
    from vpnframe.auditing.settings import AuditSettings as AuditSettings
    from vpnframe.auditing.strength import connection_strength as connection_strength
    from vpnframe.auditing.strength import strength as strength
    from vpnframe.auditing.strength import strength_counts as strength_counts
    from vpnframe.auditing.waivers import Waiver as Waiver
    from vpnframe.auditing.waivers import read_waivers as read_waivers
    from vpnframe.cloud.actions import Limit as Limit
    from vpnframe.cloud.signing import Credentials as Credentials
    from vpnframe.errors import AddressError as AddressError
    from vpnframe.errors import ClockWarning as ClockWarning
    from vpnframe.errors import FindingsError as FindingsError
    from vpnframe.errors import IncompleteWarning as IncompleteWarning
    from vpnframe.errors import InputWarning as InputWarning
    from vpnframe.errors import InventoryError as InventoryError
    from vpnframe.errors import RequestError as RequestError
    from vpnframe.errors import ResponseError as ResponseError
    from vpnframe.errors import SchemaError as SchemaError
    from vpnframe.errors import SettingsError as SettingsError
    from vpnframe.errors import StatusError as StatusError
    from vpnframe.errors import TransportError as TransportError
    from vpnframe.errors import VpnframeError as VpnframeError
    from vpnframe.fetching.doctor import doctor as doctor
    from vpnframe.fetching.fetch import afetch as afetch
    from vpnframe.fetching.fetch import fetch as fetch
    from vpnframe.fetching.plan import aplan as aplan
    from vpnframe.fetching.plan import plan as plan
    from vpnframe.fetching.settings import Account as Account
    from vpnframe.fetching.settings import FetchSettings as FetchSettings
    from vpnframe.fetching.settings import read_accounts as read_accounts
    from vpnframe.inventory import Inventory as Inventory
    from vpnframe.inventory import read_inventory as read_inventory
    from vpnframe.inventory import write_inventory as write_inventory
    from vpnframe.inventory.housekeeping import prune as prune
    from vpnframe.inventory.housekeeping import snapshots as snapshots
    from vpnframe.inventory.housekeeping import verify as verify
    from vpnframe.inventory.loading import load as load
    from vpnframe.inventory.redacting import Redaction as Redaction
    from vpnframe.inventory.redacting import redact as redact
    from vpnframe.overlapping import Domain as Domain
    from vpnframe.overlapping import Nat as Nat
    from vpnframe.overlapping import OverlapSettings as OverlapSettings
    from vpnframe.overlapping import Topology as Topology
    from vpnframe.overlapping import address_usage as address_usage
    from vpnframe.overlapping import clusters as clusters
    from vpnframe.overlapping import enclosing as enclosing
    from vpnframe.overlapping import find_overlaps as find_overlaps
    from vpnframe.overlapping import free_subnets as free_subnets
    from vpnframe.overlapping import merge as merge
    from vpnframe.overlapping import overlap_counts as overlap_counts
    from vpnframe.overlapping import overlaps as overlaps
    from vpnframe.overlapping import overlaps_per_block as overlaps_per_block
    from vpnframe.overlapping import read_blocks as read_blocks
    from vpnframe.overlapping import read_nat as read_nat
    from vpnframe.overlapping import read_topology as read_topology
    from vpnframe.overlapping import suggest_renumbering as suggest_renumbering
    from vpnframe.overlapping import would_conflict as would_conflict
    from vpnframe.peers import Peer as Peer
    from vpnframe.peers import compare_peer as compare_peer
    from vpnframe.peers import read_peer as read_peer
    from vpnframe.tracing.trace import trace as trace

_MODULES = ("plot", "schema", "stats")
_NAMES = {
    "auditing.review": (
        "assert_no_findings audit audit_connections audit_summary profile_matrix rules"
    ),
    "auditing.settings": "AuditSettings",
    "auditing.strength": "connection_strength strength strength_counts",
    "auditing.waivers": "Waiver read_waivers",
    "cloud.actions": "Limit",
    "cloud.signing": "Credentials",
    "errors": (
        "AddressError ClockWarning FindingsError IncompleteWarning InputWarning InventoryError "
        "RequestError ResponseError SchemaError SettingsError StatusError TransportError "
        "VpnframeError"
    ),
    "fetching.doctor": "doctor",
    "fetching.fetch": "afetch fetch",
    "fetching.plan": "aplan plan",
    "fetching.settings": "Account FetchSettings read_accounts",
    "inventory": "Inventory read_inventory write_inventory",
    "inventory.housekeeping": "prune snapshots verify",
    "inventory.loading": "load",
    "inventory.redacting": "Redaction redact",
    "overlapping": (
        "Domain Nat OverlapSettings Topology address_usage clusters enclosing find_overlaps "
        "free_subnets merge overlap_counts overlaps overlaps_per_block read_blocks read_nat "
        "read_topology suggest_renumbering would_conflict"
    ),
    "peers": "Peer compare_peer read_peer",
    "tracing.trace": "trace",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}
__all__ = sorted([*_HOMES, *_MODULES, "__version__"])  # noqa: PLE0605  it is a list


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
