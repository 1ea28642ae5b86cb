"""Our end: the rows of a tunnels table as plain values, or as the peer of other tunnels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vpnframe.model import terms
from vpnframe.peers.model import Lifetime, Peer, PeerChild, PeerConnection, PeerEnd, PeerProposal
from vpnframe.peers.selectors import Selector, parse_block
from vpnframe.schema.checked import checked_table

KEY = ("account_id", "region_id", "vpn_connection_id", "tunnel_index", "tunnel_id")
_FINGERPRINT = ("psk_fingerprint", "psk_fingerprint_key_id")
_AUTH = {"psk": "psk", "certificate": "pubkey"}


@dataclass(frozen=True, slots=True)
class OurTunnel:
    """One row of ``tunnels``; None is null. Columns have the table's names and meanings."""

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


_COLUMNS = [name for name in OurTunnel.__slots__ if name not in _FINGERPRINT]


def read_tunnels(
    tunnels: pd.DataFrame, *, key_facts: pd.DataFrame | None = None
) -> Iterator[OurTunnel]:
    """Yield the rows of a tunnels table, with the fingerprints of their keys if known."""
    tunnels = checked_table("tunnels", tunnels, needs=_COLUMNS)
    fingerprints = {} if key_facts is None else _fingerprints(key_facts)
    columns = [_plain(tunnels[name]) for name in _COLUMNS]
    for values in zip(*columns, strict=True):
        row = OurTunnel(**dict(zip(_COLUMNS, values, strict=True)))
        fingerprint = fingerprints.get(tuple(getattr(row, name) for name in KEY[:4]))
        if fingerprint is not None:
            row = OurTunnel(*(getattr(row, name) for name in _COLUMNS), *fingerprint)
        yield row


def tunnels_as_peer(tunnels: pd.DataFrame, *, key_facts: pd.DataFrame | None = None) -> Peer:
    """Convert tunnels of the fleet to a Peer, for VPC-to-VPC connections."""
    rows = read_tunnels(tunnels, key_facts=key_facts)
    return Peer("fleet", "fleet", tuple(_as_connection(row) for row in rows))


def known(word: str | None, words: frozenset[str]) -> str | None:
    """Return a word if it is a known term, else None; unknown tokens are not judged."""
    return word if word in words else None


def _as_connection(row: OurTunnel) -> PeerConnection:
    auth = _AUTH.get(row.auth_method or "", "any")
    is_aggressive = None if row.ike_mode is None else row.ike_mode == "aggressive"
    return PeerConnection(
        name=f"{row.vpn_connection_id}/{row.tunnel_index}",
        ike_version=row.ike_version,
        is_aggressive=is_aggressive,
        local=_end(row.vpn_gateway_ip, row.vpn_gateway_ike_id, auth),
        remote=_end(row.customer_gateway_ip, row.customer_gateway_ike_id, auth),
        proposals=(_ike_proposal(row),),
        lifetime=Lifetime(row.ike_lifetime_s, row.ike_lifetime_s),
        dpd_delay_s=None,
        children=(_child(row),),
        psk_fingerprint=row.psk_fingerprint,
        psk_fingerprint_key_id=row.psk_fingerprint_key_id,
    )


def _end(address: str | None, ike_id: str | None, auth: str) -> PeerEnd:
    # Without an IKE id, a gateway identifies itself by its address.
    return PeerEnd(addresses=(address,) if address else (), ike_id=ike_id or address, auth=auth)


def _ike_proposal(row: OurTunnel) -> PeerProposal:
    cipher = known(row.ike_encryption, terms.ENCRYPTION_WORDS)
    integrity = known(row.ike_integrity, terms.INTEGRITY_WORDS)
    group = row.ike_dh_group
    is_whole = None not in (cipher, integrity, group)
    return PeerProposal(
        text=f"{row.ike_encryption} {row.ike_integrity} group {group}",
        protocol="ike",
        encryption=_one(cipher),
        integrity=_one(integrity),
        prf=_one(integrity),
        dh_groups=() if group is None else (group,),
        unknown=() if is_whole else ("?",),
    )


def _child(row: OurTunnel) -> PeerChild:
    cipher = known(row.ipsec_encryption, terms.ENCRYPTION_WORDS)
    integrity = known(row.ipsec_integrity, terms.INTEGRITY_WORDS)
    group = row.ipsec_pfs_group
    is_whole = None not in (cipher, integrity, group)
    proposal = PeerProposal(
        text=f"{row.ipsec_encryption} {row.ipsec_integrity} group {group}",
        protocol="esp",
        encryption=_one(cipher),
        integrity=_one(integrity),
        dh_groups=() if group is None else (group,),
        esn=(False,),
        unknown=() if is_whole else ("?",),
    )
    return PeerChild(
        name=f"{row.vpn_connection_id}/{row.tunnel_index}",
        proposals=(proposal,),
        local_subnets=_selectors(row.vpc_subnets),
        remote_subnets=_selectors(row.onprem_subnets),
        lifetime=Lifetime(row.ipsec_lifetime_s, row.ipsec_lifetime_s),
    )


def _selectors(blocks: tuple[str, ...] | None) -> tuple[Selector, ...]:
    return tuple(Selector(parse_block(one)) for one in blocks or ())


def _one(word: str | None) -> tuple[str, ...]:
    return () if word is None else (word,)


def _fingerprints(key_facts: pd.DataFrame) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    needed = (*KEY[:4], *_FINGERPRINT)
    key_facts = checked_table("key_facts", key_facts, needs=needed)
    columns = [_plain(key_facts[name]) for name in needed]
    return {row[:4]: row[4:] for row in zip(*columns, strict=True) if row[4] is not None}


def _plain(values: pd.Series[Any]) -> list[Any]:
    """Convert a column to Python values: lists as tuples, nulls as None."""
    if isinstance(values.dtype, pd.ArrowDtype):
        arrow = values.array.__arrow_array__().to_pylist()
        return [None if value is None else tuple(value) for value in arrow]
    present = values.notna().tolist()
    listed = values.astype("object").tolist()
    return [value if is_there else None for value, is_there in zip(listed, present, strict=True)]
