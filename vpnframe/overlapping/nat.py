"""Read the user's NAT entries: which blocks are translated to which other blocks on the way.

A NAT file has one table per entry::

    [[nat]]
    connection = "vco-1"        # or vpn_gateway = "vpn-1", for all its connections
    side = "onprem"             # whose addresses are translated
    real = "10.1.0.0/16"
    mapped = "100.65.0.0/16"    # the block that the other side sees, of the same size
    note = "ticket 123"         # optional
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.forest import find_longest
from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml_tables
from vpnframe.schema.codes import NULL, Coded, Codes, Mask

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """A NAT entry: a block of one side, and the block that it is translated to.

    Parameters
    ----------
    side : str
        The side whose addresses are translated: ``onprem`` or ``vpc``.
    real : str
        The block before translation.
    mapped : str
        The block that the other side sees, of the same size.
    connection, vpn_gateway : str or None
        Either the id of one connection, or the id of a VPN gateway for all its connections.
    note : str or None
        A note that is added to the column ``reason``.

    Raises
    ------
    SettingsError
        If a side or block is invalid, the blocks differ in size, or not exactly one of
        ``connection`` and ``vpn_gateway`` is given.

    Examples
    --------
    >>> Nat(side="onprem", real="10.1.0.0/16", mapped="100.65.0.0/16", connection="vco-1").side
    'onprem'
    """

    side: Literal["onprem", "vpc"]
    real: str
    mapped: str
    connection: str | None = None
    vpn_gateway: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.side not in ("onprem", "vpc"):
            raise SettingsError(f"nat: side {self.side!r} must be onprem or vpc")
        if (self.connection is None) == (self.vpn_gateway is None):
            raise SettingsError(f"nat of {self.real}: give either connection or vpn_gateway")
        real, mapped = _network(self.real), _network(self.mapped)
        if (real.version, real.prefixlen) != (mapped.version, mapped.prefixlen):
            raise SettingsError(
                f"nat: {self.real} and {self.mapped} differ in size: give two blocks of one "
                f"family and prefix length"
            )


def read_nat(path: str | Path) -> tuple[Nat, ...]:
    r"""Read NAT entries from a file.

    Parameters
    ----------
    path : str or Path
        A TOML file with a table ``[[nat]]`` per entry. The keys of the table are ``connection`` or
        ``vpn_gateway``, ``side``, ``real``, ``mapped`` and optionally ``note``; see
        :class:`vpnframe.Nat`.

    Returns
    -------
    tuple of Nat
        The entries in the order of the file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or if a key is unknown, missing or has an invalid value.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "nat.toml")
    ...     _ = path.write_text(
    ...         '[[nat]]\nvpn_gateway = "vpn-1"\nside = "onprem"\n'
    ...         'real = "10.1.0.0/16"\nmapped = "100.65.0.0/16"\n'
    ...     )
    ...     read_nat(path)[0].mapped
    '100.65.0.0/16'
    """
    valid = {
        "connection": "the id of a connection",
        "vpn_gateway": "the id of a VPN gateway",
        "side": "onprem or vpc",
        "real": "a CIDR block",
        "mapped": "a CIDR block",
    }
    return tuple(read_toml_tables(path, Form("nat", Nat, valid)))


def is_inside(inner: Network, outer: Network) -> bool:
    """Check whether the block ``inner`` lies within ``outer`` or equals it."""
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def moved(block: Network, old: Network, new: Network) -> str:
    """Return the block that has the same offset in ``new`` as ``block`` has in ``old``."""
    shift = int(new.network_address) - int(old.network_address)
    return str(type(block)((int(block.network_address) + shift, block.prefixlen)))


def with_mapped(subnets: pd.DataFrame, nats: Sequence[Nat]) -> pd.DataFrame:
    """Add a copy of each row whose block a NAT entry translates, with the translated block.

    If several entries apply to a row, the one with the smallest block ``real`` is used.
    """
    if not nats:
        return subnets
    nat_of, mapped = np.full(len(subnets), NULL), {}
    for position, nat in _smallest_first(nats):
        real, new = _network(nat.real), _network(nat.mapped)
        for row in _rows_of(subnets, nat):
            try:
                block = ipaddress.ip_network(str(subnets["cidr"].iat[row]))
            except ValueError:
                continue  # a null or an invalid block, which is reported when all are parsed
            if row not in mapped and is_inside(block, real):
                nat_of[row], mapped[row] = position, moved(block, real, new)
    rows = sorted(mapped)
    cidr = [mapped[row] for row in rows]
    added = subnets.take(rows).assign(cidr=cidr, nat=NULL, is_mapped=True)
    return pd.concat([subnets.assign(nat=nat_of, is_mapped=False), added], ignore_index=True)


def _smallest_first(nats: Sequence[Nat]) -> list[tuple[int, Nat]]:
    return sorted(enumerate(nats), key=lambda each: -_network(each[1].real).prefixlen)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise SettingsError(f"nat: {text!r} is not a CIDR block: {error}") from None


def _target(nat: Nat) -> tuple[str, str]:
    """Return the column by which a NAT entry selects connections, and the id to look for."""
    if nat.connection is not None:
        return "vpn_connection_id", nat.connection
    return "vpn_gateway_id", str(nat.vpn_gateway)


def _rows_of(subnets: pd.DataFrame, nat: Nat) -> list[int]:
    column, wanted = _target(nat)
    is_its = (subnets[column].astype("str") == wanted).to_numpy(bool)
    if not is_its.any():
        raise SettingsError(
            f"nat of {nat.real}: {wanted!r} is not a {column} of this fleet: correct the id, or "
            f"remove the entry"
        )
    return np.flatnonzero(is_its & (subnets["side"] == nat.side).to_numpy(bool)).tolist()


@dataclass(frozen=True, slots=True)
class Translation:
    """A NAT entry for the VPC side, with its connections and blocks as numbers."""

    position: int  # position among all NAT entries
    connections: Codes  # positions of its connections
    is_within: Mask  # for each distinct block, whether it lies within the real block


def translations_of(
    nats: Sequence[Nat], name: Coded, gateway: Coded, blocks: ParsedCidrs
) -> tuple[Translation, ...]:
    """Return a Translation for each VPC-side NAT entry, the smallest ``real`` block first."""
    ids = {"vpn_connection_id": name, "vpn_gateway_id": gateway}
    found = []
    for position, nat in _smallest_first(nats):
        if nat.side == "vpc":
            column, wanted = _target(nat)
            is_within = np.zeros(len(blocks.low), bool)
            real = parse_cidrs([nat.real])
            for rows, asked in blocks.by_family():
                is_within[rows] = find_longest(real.of_family(asked.family)[1], asked) >= 0
            its = np.flatnonzero(ids[column].equals(wanted))
            found.append(Translation(position, its, is_within))
    return tuple(found)
