"""Compare the configuration of a peer with the tunnels of the fleet; return a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from vpnframe import schema
from vpnframe.peers.child_fields import child_verdicts
from vpnframe.peers.ike_fields import ike_verdicts
from vpnframe.peers.model import FieldComparison, FieldOutcome, Peer
from vpnframe.peers.pairing import Pairing, pair
from vpnframe.peers.reading import read_peer
from vpnframe.peers.tunnels import KEY, OurTunnel, read_tunnels, tunnels_as_peer

_OF_TUNNEL = (*KEY[:3], "connection_name", *KEY[3:])
_OF_VERDICT = ("field", "result", "ike_error", "ours", "theirs", "reason")
# The tunnel, the name of the peer's connection, and the comparison of one field.
_Row = tuple[OurTunnel | None, str | None, FieldComparison]


def compare_peer(
    tunnels: pd.DataFrame,
    *,
    peer: str | Path | Peer | pd.DataFrame,
    key_facts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""Compare tunnels with the configuration of their peer, and predict the outcome of IKE.

    Parameters
    ----------
    tunnels : DataFrame
        Table ``tunnels``, or some of its rows.
    peer : str, Path, Peer or DataFrame
        A strongSwan file (see :func:`read_peer`), a Peer read from such a file, or, for VPC-to-VPC
        connections, the rows of ``tunnels`` for the other end.
    key_facts : DataFrame, optional
        Table ``key_facts``: pre-shared keys are compared only by fingerprint, and only if both
        fingerprints were made with the same fingerprint key.

    Returns
    -------
    DataFrame
        Table ``peer_comparison``: one row per tunnel and field, with ``result`` and ``ike_error``
        (category), ``ours``, ``theirs`` and ``reason`` (str). ``match`` means that the field works
        whichever end initiates. Each connection in the peer's file that fits no tunnel also has a
        row. VPN connections of the cloud for which the peer has no connection are left out; if
        the peer has none for any of several tunnels, the table has one row, which says so.

    Raises
    ------
    SettingsError
        The file cannot be read.
    SchemaError
        A table does not match its schema.

    References
    ----------
    RFC 7296, sections 1.2, 1.3, 2.7 and 2.9, and section 3.10.1 for the errors.

    Examples
    --------
    >>> peer = Peer("hq.conf", "swanctl.conf", ())
    >>> compare_peer(schema.empty("tunnels"), peer=peer).shape
    (0, 15)
    """
    ours = list(read_tunnels(tunnels, key_facts=key_facts))
    if isinstance(peer, pd.DataFrame):
        other = tunnels_as_peer(peer, key_facts=key_facts)
    else:
        other = peer if isinstance(peer, Peer) else read_peer(peer)
    pairings = list(pair(ours, other))
    known = {one.tunnel.connection for one in pairings if one.connection or one.rivals}
    relevant = [one for one in pairings if one.tunnel.connection in known]
    if len(pairings) > 1 and not relevant:
        return _table([_unknown_to(other, pairings)], other)
    rows: list[_Row] = [
        (one.tunnel, one.connection.name if one.connection else None, found)
        for one in relevant or pairings
        for found in _verdicts(one, other)
    ]
    return _table([*rows, *_unpaired(pairings, other)], other)


def _unknown_to(peer: Peer, pairings: Sequence[Pairing]) -> _Row:
    """Return a table row which says that the peer has no connection for any of the tunnels."""
    reason = (
        f"none of the peer's connections ({len(peer.connections)}) goes to the address of one of "
        f"the {len(pairings)} tunnels, or names an IKE id of one of them"
    )
    outcome = FieldOutcome("mismatch", reason, "NO_PROPOSAL_CHOSEN")
    if peer.notes:
        # The missing connections may be in an included file.
        outcome = FieldOutcome("unverifiable", "; ".join((reason, *peer.notes)))
    # If all tunnels belong to one VPN connection, the row names that connection.
    is_one = len({one.tunnel.connection for one in pairings}) == 1
    shared = replace(pairings[0].tunnel, tunnel_index=None, tunnel_id=None) if is_one else None
    return shared, None, FieldComparison("peer_connection", None, None, *outcome)


def _verdicts(pairing: Pairing, peer: Peer) -> Iterator[FieldComparison]:
    connection = pairing.connection
    name = None if connection is None else connection.name
    yield FieldComparison("peer_connection", None, name, *_belonging(pairing))
    notes = (*peer.notes, *(connection.notes if connection else ()))
    if notes:
        reason = "; ".join(dict.fromkeys(notes))
        yield FieldComparison("peer_file", None, None, "unverifiable", reason)
    if connection is not None:
        yield from ike_verdicts(pairing.tunnel, connection)
        yield from child_verdicts(pairing.tunnel, connection)


def _belonging(pairing: Pairing) -> FieldOutcome:
    """Return ``match`` if strongSwan loads a connection of the peer for the tunnel.

    The outcome is ``mismatch`` if the peer has no such connection or strongSwan does not load it,
    and ``unverifiable`` if this is uncertain.
    """
    connection, reason = pairing.connection, pairing.reason
    if pairing.rivals:
        return FieldOutcome("unverifiable", reason)
    if connection is None or connection.refused:
        if connection:
            reason = f"the peer's daemon does not load the connection: {connection.refused}"
        return FieldOutcome("mismatch", reason, "NO_PROPOSAL_CHOSEN")
    if connection.may_not_load:
        reason += "; whether the peer's daemon loads the connection depends on the daemon's version"
    is_match = pairing.is_certain and not connection.may_not_load
    return FieldOutcome("match" if is_match else "unverifiable", reason)


def _unpaired(pairings: Sequence[Pairing], peer: Peer) -> Iterator[_Row]:
    """Yield a table row for each connection in the peer's file that fits none of the tunnels."""
    named = {one.connection.name for one in pairings if one.connection is not None}
    named |= {name for one in pairings for name in one.rivals}
    for one in peer.connections:
        if peer.syntax != "fleet" and one.name not in named:
            reason = "the connection matches no tunnel"
            yield None, one.name, FieldComparison("peer_connection", None, one.name, "info", reason)


def _table(rows: list[_Row], peer: Peer) -> pd.DataFrame:
    of_tunnel = {name: [getattr(one, name, None) for one, _, _ in rows] for name in _OF_TUNNEL}
    of_verdict = {name: [getattr(one, name) for _, _, one in rows] for name in _OF_VERDICT}
    of_peer: dict[str, list[str | None]] = {
        "peer": [peer.source] * len(rows),
        "peer_connection": [name for _, name, _ in rows],
        "peer_child": [found.child for _, _, found in rows],
    }
    return schema.build("peer_comparison", of_tunnel | of_peer | of_verdict)
