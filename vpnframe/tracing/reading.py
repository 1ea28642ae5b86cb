"""Read the tables that a trace needs: numbered connections, their tunnels and selectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpnframe.tracing.facts import TracedConnection, TracedTunnel
from vpnframe.tracing.matching import Codes, Mask, Prefixes, number_rows

Texts = npt.NDArray[np.object_]

KEY = ["account_id", "region_id", "vpn_connection_id"]
_STATUSES = {
    "ipsec_sa_established": True,
    "ipsec_sa_not_established": False,
    "ike_sa_established": False,
    "ike_sa_not_established": False,
}
_HEALTH = {"success": True, "failed": False}
_TUNNEL_COLUMNS = (
    *("connection_name", "tunnel_index", "tunnel_id", "tunnel_role", "tunnel_status"),
    *("connection_status", "health_check_enabled", "health_check_status"),
)


@dataclass(frozen=True, slots=True)
class ConnectionTable:
    """K connections, indexed by code from 0; those that only a route names come last."""

    keys: list[tuple[Any, ...]]  # account, region and id of each
    # router_id, vpc_id, routing_mode: its VPN gateway (or else transit router), its VPC and its
    # routing mode, or None
    router_id: Texts
    vpc_id: Texts
    routing_mode: Texts
    is_transit: Mask  # whether it is attached to a transit router
    # Rows of table ``tunnels`` by connection, with the columns ``_TUNNEL_COLUMNS``
    tunnels: list[tuple[Any, ...]]
    # Connection c has ``tunnels[tunnel_starts[c] : tunnel_starts[c + 1]]``
    tunnel_starts: list[int]

    def __len__(self) -> int:
        return len(self.keys)

    def fact(self, code: int) -> TracedConnection:
        """Return one connection with its tunnels."""
        account_id, region_id, connection_id = self.keys[code]
        rows = self.tunnels[self.tunnel_starts[code] : self.tunnel_starts[code + 1]]
        name = rows[0][0] if rows else None
        tunnels = tuple(_tunnel(*row[1:], is_single=len(rows) == 1) for row in rows)
        return TracedConnection(connection_id, name, account_id, region_id, tunnels)


@dataclass(frozen=True, slots=True)
class Selectors:
    """Traffic selectors of K connections."""

    # vpc, onprem: blocks of each side
    vpc: Prefixes
    # vpc_connection, onprem_connection: the connection of each block
    vpc_connection: Codes
    onprem: Prefixes
    onprem_connection: Codes
    is_known: Mask  # whether both sides have blocks, and all texts are valid
    speaks: Mask  # whether they also define the on-premises blocks: a default route does not
    has_known_routes: Mask  # whether every route into the connection was read


def number_connections(tables: Sequence[pd.DataFrame]) -> tuple[list[tuple[Any, ...]], list[Codes]]:
    """Return the keys of all connections in the tables, and the codes of each table's rows."""
    keys = pd.concat([table[KEY] for table in tables], ignore_index=True)
    codes, first = number_rows(*(pd.factorize(keys[name])[0].astype(np.int64) for name in KEY))
    named = zip(*(plain(keys[name].iloc[first]) for name in KEY), strict=True)
    return list(named), np.split(codes, np.cumsum([len(table) for table in tables])[:-1])


def read_connections(
    tunnels: pd.DataFrame, codes: Codes, keys: list[tuple[Any, ...]]
) -> ConnectionTable:
    """Read connections from their tunnels."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(keys) + 1))
    has_row = np.flatnonzero(starts[1:] > starts[:-1])
    tunnels = tunnels.iloc[order]
    first = tunnels.iloc[starts[has_row]]

    def spread(column: str) -> Texts:
        values = np.full(len(keys), None, object)
        values[has_row] = plain(first[column])
        return values

    gateway, transit = spread("vpn_gateway_id"), spread("transit_router_id")
    has_gateway = gateway != np.array(None)
    return ConnectionTable(
        keys,
        np.where(has_gateway, gateway, transit),
        spread("vpc_id"),
        spread("routing_mode"),
        ~has_gateway,
        list(zip(*(plain(tunnels[name]) for name in _TUNNEL_COLUMNS), strict=True)),
        starts.tolist(),
    )


def read_selectors(subnets: pd.DataFrame, codes: Codes, n_connections: int) -> Selectors:
    """Read the traffic selectors of connections from table ``subnets``."""
    known = np.zeros(n_connections, bool)
    known[codes[subnets["has_known_routes"].fillna(False).to_numpy(bool)]] = True
    is_selector = (subnets["origin"] == "selector").to_numpy(bool)
    codes, subnets = codes[is_selector], subnets[is_selector]
    blocks = Prefixes.read(plain(subnets["cidr"]))
    is_vpc, is_block = (subnets["side"] == "vpc").to_numpy(bool), blocks.family > 0
    vpc, onprem = np.flatnonzero(is_block & is_vpc), np.flatnonzero(is_block & ~is_vpc)

    def has(rows: Codes | Mask) -> Mask:
        return np.bincount(codes[rows], minlength=n_connections) > 0

    is_known = has(vpc) & has(onprem) & ~has(~is_block)
    is_default = is_block & ~is_vpc & (blocks.prefix_length == 0)
    return Selectors(
        blocks.take(vpc),
        codes[vpc],
        blocks.take(onprem),
        codes[onprem],
        is_known,
        is_known & ~has(is_default),
        known,
    )


def _tunnel(
    index: int, tunnel_id: str | None, role: str | None, *state: Any, is_single: bool
) -> TracedTunnel:
    """Build a tunnel; the connection's status and health check apply only to single tunnels."""
    status, connection_status, is_checked, health = state
    if is_single:
        status = status or connection_status
    is_up = _STATUSES.get(status)
    if is_up and is_single and is_checked:
        is_up = _HEALTH.get(health)
        status = status if is_up else f"{status}, health check {health or 'not known'}"
    return TracedTunnel(index, tunnel_id, role, status, is_up)


def plain(values: pd.Series[Any]) -> list[Any]:
    """Convert values to Python objects, with None for nulls.

    Examples
    --------
    >>> plain(pd.Series(["a", None], dtype="category")), plain(pd.Series([1, None], dtype="Int16"))
    (['a', None], [1, None])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = [*values.cat.categories.tolist(), None]
        return [categories[code] for code in values.cat.codes.tolist()]
    listed: list[Any] = pa.array(values, from_pandas=True).to_pylist()
    return listed
