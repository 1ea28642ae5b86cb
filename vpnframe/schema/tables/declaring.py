"""The parts of table schemas: Column, Table, and columns that several tables share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "category", "severity", "int16", "int32", "int64", "float", "flag", "time", "texts"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str  # its suffix is the unit
    kind: Kind  # see :data:`vpnframe.schema.DTYPES`
    description: str  # one line
    is_nullable: bool = True  # whether it may be null
    # All permitted values if the list is closed (defined here, not by the cloud)
    words: tuple[str, ...] = ()
    source: str = ""  # the field of the records that it is read from, if not of the same name


@dataclass(frozen=True, slots=True)
class Table:
    """The schema of a table."""

    name: str  # for example ``tunnels``
    description: str  # what one row represents
    key: tuple[str, ...]  # columns that identify a row; empty if none do
    columns: tuple[Column, ...]  # in order
    is_stored: bool = False  # whether an inventory on disk contains it
    # Whether it is stored apart, and left out unless requested by name
    is_restricted: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


def declare(
    name: str,
    description: str,
    *columns: Column,
    key: tuple[str, ...] = (),
    is_stored: bool = False,
    is_restricted: bool = False,
) -> Table:
    """Declare a table by its columns."""
    return Table(name, description, key, columns, is_stored, is_restricted)


def one_of(
    name: str,
    description: str,
    words: tuple[str, ...],
    *,
    is_nullable: bool = True,
    source: str = "",
) -> Column:
    """Declare a column whose list of values is closed."""
    return Column(name, "category", description, is_nullable, words, source)


SIDES = ("vpc", "onprem")
KEY_STATES = ("present", "masked", "absent")
SEVERITIES = ("info", "low", "medium", "high", "critical")  # the order of the category
VERDICTS = ("legacy", "should-not", "must-not")  # verdicts of a standard against a value
FAMILIES = (
    "crypto", "key", "identity", "routing", "overlap", "availability", "hygiene", "cost",
)  # fmt: skip
COMPONENTS = ("psk", "ike_dh_group", "ipsec_encryption", "ike_integrity")
PLACE = (
    Column("account_id", "text", "Alibaba Cloud account that owns it; null if unknown."),
    Column("region_id", "text", "Region, for example cn-shanghai; null if unknown."),
)
CONNECTION = (*PLACE, Column("vpn_connection_id", "text", "The IPsec connection, vco-...", False))
CONNECTION_KEY = ("account_id", "region_id", "vpn_connection_id")
TUNNEL = (
    Column("tunnel_index", "int16", "From 1.", False),
    Column("tunnel_id", "text", "tun-...; null for a single tunnel."),
)
COUNTS = (
    Column("n_tunnels", "int64", "Tunnels.", False),
    Column("n_connections", "int64", "Connections with at least one such tunnel.", False),
    Column("share", "float", "Fraction of all tunnels, 0 to 1.", False),
)
