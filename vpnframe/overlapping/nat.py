"""Read the user's declarations of address translation (NAT).

A NAT file::

    [[nat]]
    connection = "vco-1"        # or vpn_gateway = "vpn-1", for all its connections
    side = "onprem"             # whose addresses are translated
    real = "10.1.0.0/16"
    mapped = "100.65.0.0/16"    # as the other side sees it, of the same size
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
from vpnframe.addresses.wide import Wide
from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml_tables
from vpnframe.schema.codes import NULL, Coded, Codes, Mask

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """A block of one side that the other side sees as another block.

    Parameters
    ----------
    side : str
        ``onprem`` or ``vpc``: whose addresses are translated.
    real, mapped : str
        The original block, and the block that the other side sees, of the same size.
    connection, vpn_gateway : str or None
        The id of the connection, or of the VPN gateway for all its connections; exactly one.
    note : str or None
        Text to append to the blocks in the column ``reason``.

    Raises
    ------
    SettingsError
        If a text is not a side or block, the blocks differ in size, or not exactly one id is given.

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
            raise SettingsError(f"nat of {self.real}: give connection or vpn_gateway, one of them")
        real, mapped = _network(self.real), _network(self.mapped)
        if (real.version, real.prefixlen) != (mapped.version, mapped.prefixlen):
            raise SettingsError(
                f"nat: {self.real} and {self.mapped} differ in size: an address is translated "
                f"into one address"
            )


def read_nat(path: str | Path) -> tuple[Nat, ...]:
    r"""Read the declarations of address translation (NAT) in a file.

    Parameters
    ----------
    path : str or Path
        A TOML file with a table ``[[nat]]`` per translation, with ``connection`` or
        ``vpn_gateway``, ``side``, ``real``, ``mapped`` and optionally ``note``.

    Returns
    -------
    tuple of Nat
        Translations in the order of the file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or an entry is unknown, missing or invalid.

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
    """Check whether a block lies within another one or equals it."""
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def moved(block: Network, old: Network, new: Network) -> str:
    """Return ``block`` moved from ``old`` to ``new``, at the same offset."""
    shift = int(new.network_address) - int(old.network_address)
    return str(type(block)((int(block.network_address) + shift, block.prefixlen)))


def with_mapped(subnets: pd.DataFrame, nats: Sequence[Nat]) -> pd.DataFrame:
    """For each block that NAT translates, add a row with the block it is translated to."""
    if not nats:
        return subnets
    nat_of, mapped = np.full(len(subnets), NULL), {}
    for position, nat in _smallest_first(nats):
        for row in _rows_of(subnets, nat):
            text = _map(subnets["cidr"].iat[row], nat)
            if text is not None and row not in mapped:
                nat_of[row], mapped[row] = position, text
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


def _rows_of(subnets: pd.DataFrame, nat: Nat) -> list[int]:
    """Return the positions of the rows that a declaration applies to."""
    column, wanted = "vpn_connection_id", nat.connection
    if wanted is None:
        column, wanted = "vpn_gateway_id", nat.vpn_gateway
    is_its = (subnets[column].astype("str") == wanted).to_numpy(bool)
    if not is_its.any():
        raise SettingsError(
            f"nat of {nat.real}: {wanted!r} is not a {column} of this fleet: correct it, or "
            f"leave it out"
        )
    return np.flatnonzero(is_its & (subnets["side"] == nat.side).to_numpy(bool)).tolist()


def _map(cidr: object, nat: Nat) -> str | None:
    """Return the block that the other side sees, or None if the declaration does not apply."""
    try:
        block = ipaddress.ip_network(str(cidr))
    except ValueError:
        return None  # a null, or invalid text, which is reported when all blocks are parsed
    real = _network(nat.real)
    return moved(block, real, _network(nat.mapped)) if is_inside(block, real) else None


@dataclass(frozen=True, slots=True)
class Translation:
    """One NAT declaration: its position, its connections, and the blocks inside its real block."""

    position: int
    connections: Codes
    is_within: Mask  # by distinct block


def translations_of(
    nats: Sequence[Nat], name: Coded, gateway: Coded, blocks: ParsedCidrs
) -> tuple[Translation, ...]:
    """Find the connections and blocks of each VPC-side declaration, smallest real block first."""
    found = []
    for position, nat in _smallest_first(nats):
        if nat.side == "vpc":
            column, wanted = name, nat.connection
            if wanted is None:
                column, wanted = gateway, nat.vpn_gateway
            is_its = np.append([word == wanted for word in column.words.to_pylist()], False)
            real = parse_cidrs([nat.real])
            its = np.flatnonzero(is_its[column.codes])
            found.append(Translation(position, its, _within(blocks, real)))
    return tuple(found)


def _within(blocks: ParsedCidrs, outer: ParsedCidrs) -> Mask:
    """Check which blocks are inside or equal to the one block of ``outer``."""
    (family,), (length,) = outer.family.tolist(), outer.prefix_length.tolist()
    host_bits = np.full(len(blocks.low), (32 if family == 4 else 128) - length)
    first = Wide(blocks.high, blocks.low).cleared(host_bits)
    within: Mask = (blocks.family == family) & (blocks.prefix_length >= length)
    return within & first.equals(Wide(outer.high, outer.low))
