"""Prepare the tables of an inventory, and derive facts from them once for all rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial

import numpy as np
import pandas as pd

from vpnframe import schema
from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.nesting import TooManyPairsError
from vpnframe.addresses.ordering import Blocks
from vpnframe.auditing.joining import CONNECTION, is_place_in, positions_of
from vpnframe.auditing.logic import (
    Mask,
    Positions,
    Truth,
    any_of,
    both,
    codes_of,
    equals,
    flags,
    is_any,
    marked,
)
from vpnframe.auditing.strength import facts_of, strength_of
from vpnframe.errors import SchemaError
from vpnframe.inventory import Inventory
from vpnframe.overlapping.fleet import overlaps_by_site
from vpnframe.overlapping.scopes import ROUTERS, routing_domains
from vpnframe.overlapping.settings import OverlapSettings
from vpnframe.schema.codes import code_sets, encode_together

STATUSES = (
    "ike_sa_not_established",
    "ike_sa_established",
    "ipsec_sa_not_established",
    "ipsec_sa_established",
)
# Values that the cloud offers or once offered. Any other value is unknown, even a strong one.
CIPHERS = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des-cbc", "3des-cbc", "sm4-cbc")
# Values that mean no encryption. The API does not document them: they are a separate list.
NULL_CIPHERS = ("none", "null", "disabled")
HASHES = ("hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sm3")
GROUPS = (1, 2, 5, 14, 24)
KNOWN = {
    "ike_version": (1, 2),
    "ike_mode": ("main", "aggressive"),
    "ike_encryption": (*CIPHERS, *NULL_CIPHERS),
    "ike_integrity": HASHES,
    "ike_dh_group": GROUPS,
    "ipsec_encryption": (*CIPHERS, *NULL_CIPHERS),
    "ipsec_integrity": HASHES,
    "ipsec_pfs_group": (0, *GROUPS),
}
NOT_JUDGED = "not_judged"  # ``kind`` in ``overlaps`` if a connection's prefixes are unknown
READ = ("complete", "absent", "skipped")


@dataclass(frozen=True, eq=False)
class Fleet:
    """The tables of one fleet, and facts derived from them; rules do not change them."""

    # tunnels, connections, subnets, gateways, routes, disagreements, coverage: tables of one
    # inventory
    tunnels: pd.DataFrame
    connections: pd.DataFrame
    subnets: pd.DataFrame
    gateways: pd.DataFrame
    routes: pd.DataFrame
    disagreements: pd.DataFrame
    coverage: pd.DataFrame
    # Facts about each tunnel's pre-shared key, row by row as in ``tunnels``: ``psk_class
    # psk_bits psk_fingerprint psk_fingerprint_key_id``, null if unknown
    keys: pd.DataFrame
    strength: pd.DataFrame  # the ``strength`` table, row by row as in ``tunnels``
    parsed: ParsedCidrs  # the blocks of ``subnets``
    # of_tunnel, of_subnet: position in ``connections`` for each row of ``tunnels``, ``subnets``
    of_tunnel: Positions
    of_subnet: Positions
    domain: Positions  # number of each connection's routing domain; -1 if it is attached to nothing
    is_unjudged: Mask  # connections whose prefixes are unknown
    is_up: Truth  # which tunnels have an established IPsec SA
    now: datetime  # the time of judgement, in UTC; without a time zone, like the times in tables
    find_overlaps: Callable[[], pd.DataFrame]  # computes the overlaps on demand
    shows_keys: bool = False  # whether findings may show class and bits of a key

    @cached_property
    def overlaps(self) -> pd.DataFrame:
        """The ``overlaps`` table; a pair of blocks that several pairs of sites have is one row.

        Each pair with a VPC block has a row of its own. A row of kind ``not_judged`` is added for
        each connection whose prefixes are unknown.
        """
        return self.find_overlaps()

    @cached_property
    def of_overlap(self) -> Positions:
        """For each overlap, the position in ``connections`` of its left connection."""
        return positions_of(self.overlaps, self.connections, prefix="left_")

    @property
    def n_connections(self) -> int:
        """The number of connections."""
        return len(self.connections)

    @cached_property
    def is_sm(self) -> Mask:
        """Which tunnels end on an SM gateway, which supports only SM algorithms."""
        return equals(self.tunnels["vpn_type"], "sm")

    @cached_property
    def has_psk(self) -> Mask:
        """Which tunnels authenticate with a pre-shared key."""
        return equals(self.tunnels["auth_method"], "psk")

    @cached_property
    def may_have_psk(self) -> Mask:
        """Which tunnels authenticate with a pre-shared key or by an unknown method."""
        return ~equals(self.tunnels["auth_method"], "certificate")

    @cached_property
    def is_judged(self) -> Mask:
        """Which rows of ``overlaps`` are overlaps, not connections with unknown prefixes."""
        return ~equals(self.overlaps["kind"], NOT_JUDGED)

    @cached_property
    def connection_is_up(self) -> Truth:
        """Which connections have a tunnel that is up."""
        return any_of(self.of_tunnel, self.is_up, self.n_connections)

    @cached_property
    def are_routes_known(self) -> Mask:
        """The connections whose routes were all read."""
        is_known = flags(self.subnets["has_known_routes"])
        return marked(self.n_connections, self.of_subnet[is_known])

    @cached_property
    def is_aggressive(self) -> Truth:
        """Which tunnels use IKEv1 aggressive mode; IKEv2 has no modes."""
        is_version_1 = self.is_value("ike_version", {1})
        return both(is_version_1, self.is_value("ike_mode", {"aggressive"}))

    def is_value(self, column: str, wanted: Collection[object]) -> Truth:
        """Check whether ``column`` is in ``wanted``; unknown for nulls and unrecognised values."""
        return is_any(self.tunnels[column], wanted, known=KNOWN[column])

    def sets_of_blocks(self, rows: Mask) -> Positions:
        """Return a code for each connection's set of (side, block) pairs.

        Equal sets have equal codes; an empty set has the code -1. Only the subnets in the mask
        ``rows`` count.
        """
        chosen = np.flatnonzero(rows)
        blocks = self.subnets.iloc[chosen]
        codes = codes_of([blocks["side"], blocks["cidr"]])
        return code_sets(self.of_subnet[chosen], codes, n_owners=self.n_connections).codes

    def subjects_of(self, table: str) -> Positions:
        """Return for each row of a table the position of its connection, gateway or region."""
        if table == "overlaps":
            return self.of_overlap
        owners = {"tunnels": self.of_tunnel, "subnets": self.of_subnet}
        return owners[table] if table in owners else np.arange(len(getattr(self, table)))

    def blocks(self, rows: Positions, groups: Positions) -> Iterator[tuple[Blocks, Positions]]:
        """Yield the valid IPv4 blocks of the given rows, then their valid IPv6 blocks.

        Each result has the blocks, and their positions in table ``subnets``. ``rows`` are also
        positions in ``subnets``, and ``groups`` has the group of every row of ``subnets``.
        """
        parsed = self.parsed
        place = np.full(len(self.subnets), -1, np.int64)
        place[parsed.row] = np.arange(len(parsed.row))
        chosen = place[rows]
        chosen = chosen[chosen >= 0]
        for family in (4, 6):
            some = chosen[parsed.family[chosen] == family]
            at, high = parsed.row[some], parsed.high[some] if family == 6 else None
            yield Blocks(parsed.low[some], parsed.prefix_length[some], high, groups[at]), at

    def order_within(self, name: str, rows: Positions) -> list[Positions]:
        """Return the keys by which ``numpy.lexsort`` sorts the rows of each connection."""
        columns = ("cidr_raw", "origin", "side") if name == "subnets" else ()
        taken = [self.subnets[column].iloc[rows] for column in columns]
        return [rows, *(pd.factorize(values, sort=True)[0] for values in taken)]

    def is_region_read(self, table: pd.DataFrame) -> Mask:
        """Mark the rows of a table whose account and region were read completely."""
        return is_place_in(table, self.coverage[self.coverage["status"].isin(READ)])


def gather(
    inventory: Inventory, *, now: datetime | None = None, settings: OverlapSettings | None = None
) -> Fleet:
    """Create the :class:`Fleet` of an inventory."""
    settings = settings or OverlapSettings()
    of_tunnel = _own_connections(inventory, "tunnels")
    order = np.lexsort((inventory.tunnels["tunnel_index"].to_numpy(np.int64), of_tunnel))
    if (np.diff(order) != 1).any():
        tunnels = inventory.tunnels.take(order).reset_index(drop=True)
        inventory, of_tunnel = replace(inventory, tunnels=tunnels), of_tunnel[order]
    facts = ["psk_class", "psk_bits", "psk_fingerprint", "psk_fingerprint_key_id"]
    keys = facts_of(inventory.tunnels, inventory.key_facts, facts)
    routers = encode_together([inventory.connections[name] for name in ROUTERS])
    is_unjudged = _unjudged(inventory)
    return Fleet(
        tunnels=inventory.tunnels,
        connections=inventory.connections,
        subnets=inventory.subnets,
        gateways=inventory.gateways,
        routes=inventory.routes,
        disagreements=inventory.disagreements,
        coverage=inventory.coverage,
        keys=keys,
        strength=strength_of(inventory.tunnels, keys["psk_bits"]),
        parsed=parse_cidrs(inventory.subnets["cidr"]),
        of_tunnel=of_tunnel,
        of_subnet=_own_connections(inventory, "subnets"),
        domain=routing_domains(routers, settings.topology).codes,
        is_unjudged=is_unjudged,
        is_up=is_any(status(inventory.tunnels), {"ipsec_sa_established"}, known=STATUSES),
        now=(now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None),
        find_overlaps=partial(_pairs, inventory, is_unjudged, settings),
    )


def status(tunnels: pd.DataFrame) -> pd.Series:
    """Return each tunnel's status; if it is null, return the status of its connection."""
    own = tunnels["tunnel_status"].astype("str")
    return own.fillna(tunnels["connection_status"].astype("str"))


def _unjudged(inventory: Inventory) -> Mask:
    """Mark connections whose on-premises prefixes are unknown, because routes were not read."""
    subnets, connections = inventory.subnets, inventory.connections
    of_subnet = positions_of(subnets, connections)
    is_everything = equals(subnets["side"], "onprem") & equals(subnets["origin"], "selector")
    is_everything &= flags(subnets["is_default_route"])
    is_known, has_default = (
        marked(len(connections) + 1, of_subnet[rows])[:-1]
        for rows in (flags(subnets["has_known_routes"]), is_everything)
    )
    mode = connections["routing_mode"].astype("str")
    return (equals(mode, "route") | (equals(mode, "mixed") & has_default)) & ~is_known


def _pairs(inventory: Inventory, is_unjudged: Mask, settings: OverlapSettings) -> pd.DataFrame:
    """Return table ``overlaps``, with a row added for each connection with unknown overlaps."""
    why = "the prefixes behind the connection are not known"
    try:
        pairs = overlaps_by_site(inventory, settings=settings)
    except TooManyPairsError as error:
        pairs, why = schema.empty("overlaps"), str(error)
        is_unjudged = np.ones_like(is_unjudged)
    rows = inventory.connections[is_unjudged].reset_index(drop=True)
    unknown = pd.DataFrame({f"left_{name}": rows[name] for name in CONNECTION})
    unknown = schema.cast("overlaps", unknown.assign(kind=NOT_JUDGED, reason=why))
    return schema.cast("overlaps", pd.concat([pairs, unknown], ignore_index=True))


def _own_connections(inventory: Inventory, name: str) -> Positions:
    """Return the position of each row's connection; raise SchemaError if it is missing."""
    table = getattr(inventory, name)
    found = positions_of(table, inventory.connections)
    if (found < 0).any():
        stray = table["vpn_connection_id"].iloc[int(np.argmax(found < 0))]
        raise SchemaError(
            f"table {name} has rows of connection {stray}, which is not in table connections"
        )
    return found
