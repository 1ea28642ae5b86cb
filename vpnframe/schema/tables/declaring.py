"""The classes Column and Table for schemas, and columns that several tables share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

Kind = Literal[
    "text", "category", "severity", "int16", "int32", "int64", "float", "flag", "time", "texts"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """The schema of one column."""

    name: str  # its suffix is the unit
    kind: Kind  # see :data:`vpnframe.schema.DTYPES`
    description: str  # one line
    is_nullable: bool = True  # whether it may be null
    # All permitted values if vpnframe defines them; empty if the cloud defines the values
    words: tuple[str, ...] = ()
    source: str = ""  # record field with its value, if the name differs


needed = partial(Column, is_nullable=False)  # a column that has a value in every row


@dataclass(frozen=True, slots=True)
class Table:
    """The schema of a table: its columns, its key, and how an inventory stores it."""

    name: str  # for example ``tunnels``
    description: str  # what one row represents
    key: tuple[str, ...]  # columns that identify a row; empty if none do
    columns: tuple[Column, ...]  # in order
    is_stored: bool = False  # whether an inventory on disk contains it
    # Whether its file is readable only by the owner, and it is left out unless requested by name
    is_restricted: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)


def declare(
    name: str,
    description: str,
    *columns: Column,
    key: tuple[str, ...] = (),
    is_stored: bool = False,
    is_restricted: bool = False,
) -> Table:
    """Return the schema of a table with the given columns."""
    return Table(name, description, key, columns, is_stored, is_restricted)


def one_of(
    name: str,
    description: str,
    words: tuple[str, ...],
    *,
    is_nullable: bool = True,
    source: str = "",
) -> Column:
    """Return a column that may contain only the values in ``words``."""
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
    Column(
        "account_id",
        "text",
        "Id of the Alibaba Cloud account, or its name in accounts.toml; null if unknown.",
    ),
    Column("region_id", "text", "Region id, for example cn-shanghai; null if unknown."),
)
CONNECTION = (
    *PLACE,
    needed("vpn_connection_id", "text", "Id of the IPsec connection (vco-...)."),
)
CONNECTION_KEY = ("account_id", "region_id", "vpn_connection_id")
TUNNEL = (
    needed("tunnel_index", "int16", "Number of the tunnel in its connection, from 1."),
    Column("tunnel_id", "text", "Id of the tunnel (tun-...); null for a single-tunnel connection."),
)
COUNTS = (
    needed("n_tunnels", "int64", "Number of tunnels."),
    needed("n_connections", "int64", "Number of connections with at least one such tunnel."),
    needed("share", "float", "Fraction of all tunnels, 0 to 1."),
)
