"""Convert rows of table ``tunnels`` to OurTunnel objects, or to one Peer that has them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd
import pyarrow as pa

from vpnframe.model import terms
from vpnframe.peers.model import (
    Lifetime,
    Peer,
    PeerChild,
    PeerConnection,
    PeerEnd,
    PeerProposal,
    Protocol,
)
from vpnframe.peers.selectors import Selector, parse_block
from vpnframe.schema.checked import checked_table
from vpnframe.schema.joined import split_text

KEY = ("account_id", "region_id", "vpn_connection_id", "tunnel_index", "tunnel_id")
_SIDES = ("vpc_subnets", "onprem_subnets")
_FINGERPRINT = ("psk_fingerprint", "psk_fingerprint_key_id")
_ALGORITHMS = {
    "ike": ("ike_encryption", "ike_integrity", "ike_dh_group"),
    "esp": ("ipsec_encryption", "ipsec_integrity", "ipsec_pfs_group"),
}
AUTH_CLASSES = {"psk": "psk", "certificate": "pubkey"}  # by our method, the class at the peer


@dataclass(frozen=True, slots=True)
class OurTunnel:
    """One row of table ``tunnels``; the fields are named like the columns, and None is a null."""

    account_id: str | None
    region_id: str | None
    vpn_connection_id: str
    tunnel_index: int | None
    tunnel_id: str | None
    connection_name: str | None
    vpn_gateway_ip: str | None
    customer_gateway_ip: str | None
    vpn_gateway_ike_id: str | None
    customer_gateway_ike_id: str | None
    auth_method: str | None
    ike_version: int | None
    ike_mode: str | None
    ike_encryption: str | None
    ike_integrity: str | None
    ike_dh_group: int | None
    ike_lifetime_s: int | None
    ipsec_encryption: str | None
    ipsec_integrity: str | None
    ipsec_pfs_group: int | None
    ipsec_lifetime_s: int | None
    vpc_subnets: tuple[str, ...] | None
    onprem_subnets: tuple[str, ...] | None
    dpd_enabled: bool | None
    nat_traversal_enabled: bool | None
    psk_fingerprint: str | None = None
    psk_fingerprint_key_id: str | None = None

    @property
    def connection(self) -> tuple[str | None, str | None, str]:
        """Account id, region id and connection id, which identify the tunnel's VPN connection."""
        return self.account_id, self.region_id, self.vpn_connection_id

    def algorithms(self, protocol: Protocol) -> tuple[str | None, str | None, int | None]:
        """Return cipher, integrity algorithm and DH group of IKE or ESP; unknown ones are None."""
        cipher, integrity, group = (getattr(self, column) for column in _ALGORITHMS[protocol])
        cipher = cipher if cipher in terms.ENCRYPTION_WORDS else None
        return cipher, integrity if integrity in terms.INTEGRITY_WORDS else None, group


_COLUMNS = [one.name for one in fields(OurTunnel) if one.name not in _FINGERPRINT]


def read_tunnels(
    tunnels: pd.DataFrame, *, key_facts: pd.DataFrame | None = None
) -> Iterator[OurTunnel]:
    """Yield the rows of table ``tunnels``; add the key fingerprints from table ``key_facts``."""
    facts = () if key_facts is None else _rows("key_facts", key_facts, (*KEY[:4], *_FINGERPRINT))
    fingerprints = {row[:4]: row[4:] for row in facts if row[4] is not None}
    for row in _rows("tunnels", tunnels, _COLUMNS):
        yield OurTunnel(*row, *fingerprints.get(row[:4], ()))


def tunnels_as_peer(tunnels: pd.DataFrame, *, key_facts: pd.DataFrame | None = None) -> Peer:
    """Convert tunnels of the fleet to a Peer, to compare the two ends of VPC-to-VPC connections."""
    rows = read_tunnels(tunnels, key_facts=key_facts)
    return Peer("fleet", "fleet", tuple(map(_as_connection, rows)))


def _as_connection(row: OurTunnel) -> PeerConnection:
    name = f"{row.vpn_connection_id}/{row.tunnel_index}"
    auth = AUTH_CLASSES.get(row.auth_method or "", "any")
    vpc, onprem = (
        tuple(Selector(parse_block(one)) for one in blocks or ())
        for blocks in (row.vpc_subnets, row.onprem_subnets)
    )
    child = PeerChild(
        name=name,
        proposals=(_proposal(row, "esp"),),
        local_subnets=vpc,
        remote_subnets=onprem,
        lifetime=Lifetime(row.ipsec_lifetime_s, row.ipsec_lifetime_s),
    )
    return PeerConnection(
        name=name,
        ike_version=row.ike_version,
        is_aggressive=None if row.ike_mode is None else row.ike_mode == "aggressive",
        local=_end(row.vpn_gateway_ip, row.vpn_gateway_ike_id, auth),
        remote=_end(row.customer_gateway_ip, row.customer_gateway_ike_id, auth),
        proposals=(_proposal(row, "ike"),),
        lifetime=Lifetime(row.ike_lifetime_s, row.ike_lifetime_s),
        dpd_delay_s=None,
        children=(child,),
        psk_fingerprint=row.psk_fingerprint,
        psk_fingerprint_key_id=row.psk_fingerprint_key_id,
    )


def _end(address: str | None, ike_id: str | None, auth: str) -> PeerEnd:
    # Without an IKE id, a gateway identifies itself by its address.
    return PeerEnd(addresses=(address,) if address else (), ike_id=ike_id or address, auth=auth)


def _proposal(row: OurTunnel, protocol: Protocol) -> PeerProposal:
    is_ike = protocol == "ike"
    cipher, integrity, group = row.algorithms(protocol)
    return PeerProposal(
        text="",
        protocol=protocol,
        encryption=(cipher,) if cipher else (),
        integrity=(integrity,) if integrity else (),
        prf=(integrity,) if integrity and is_ike else (),
        dh_groups=() if group is None else (group,),
        esn=() if is_ike else (False,),
        unknown=("?",) if None in (cipher, integrity, group) else (),
    )


def _rows(name: str, table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield each row's values of ``columns``: None for null, a tuple for a list of blocks."""
    table = checked_table(name, table, needs=columns)
    listed = [pa.array(table[column], from_pandas=True).to_pylist() for column in columns]
    for column, values in zip(columns, listed, strict=True):
        if column in _SIDES:
            values[:] = [None if text is None else split_text(text) for text in values]
    yield from zip(*listed, strict=True)
