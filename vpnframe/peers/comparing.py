"""The other end's configuration against ours, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from vpnframe import schema
from vpnframe.peers.child_fields import child_verdicts
from vpnframe.peers.ike_fields import ike_verdicts
from vpnframe.peers.model import Peer
from vpnframe.peers.pairing import Pairing, pair
from vpnframe.peers.reading import read_peer
from vpnframe.peers.tunnels import KEY, OurTunnel, read_tunnels, tunnels_as_peer
from vpnframe.peers.verdicts import FieldComparison, Result

_OF_TUNNEL = (*KEY[:3], "connection_name", *KEY[3:])
_OF_VERDICT = ("field", "result", "ike_error", "ours", "theirs", "reason")
_Row = tuple[OurTunnel | None, str | None, FieldComparison]


def compare_peer(
    tunnels: pd.DataFrame,
    *,
    peer: str | Path | Peer | pd.DataFrame,
    key_facts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""Compare tunnels with the configuration of their other end, and say what IKE would do.

    Parameters
    ----------
    tunnels : DataFrame
        Table ``tunnels``, or some of its rows.
    peer : str, Path, Peer or DataFrame
        A file of strongSwan (see :func:`read_peer`), what was read of one, or the rows of
        ``tunnels`` at the other end: one VPC to another.
    key_facts : DataFrame, optional
        Table ``key_facts``: keys are compared by their fingerprints, where both were made under
        one key, and never otherwise.

    Returns
    -------
    DataFrame
        Table ``peer_comparison``: one row per tunnel and field, with ``result`` and ``ike_error``
        (category), ``ours``, ``theirs`` and ``reason`` (str). A match comes up whichever end
        begins. Tunnels that the other end does not know are left out; if it knows none, one row
        says so. Connections of a file that belong to no tunnel have rows of their own.

    Raises
    ------
    SettingsError
        The file cannot be read.
    SchemaError
        A table is not what its schema says.

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
    relevant = _relevant(pairings)
    if len(pairings) > 1 and not relevant:
        return _table([(_shared(pairings), None, _unknown_to(other, len(pairings)))], other)
    return _table([*_rows(relevant or pairings, other), *_unpaired(pairings, other)], other)


def _relevant(pairings: Iterable[Pairing]) -> list[Pairing]:
    """Leave out connections of which the other end knows nothing."""
    listed = list(pairings)
    known = {_connection(one) for one in listed if one.connection is not None or one.rivals}
    return [one for one in listed if _connection(one) in known]


def _unknown_to(peer: Peer, n_tunnels: int) -> FieldComparison:
    """What is said of another end that knows none of several tunnels: one sentence for all."""
    reason = (
        f"none of its connections ({len(peer.connections)}) goes to the address of one of the "
        f"{n_tunnels} tunnels, or names their ids"
    )
    if peer.notes:
        # What it does not hold may stand in a file that it includes.
        reason = "; ".join((reason, *peer.notes))
        return FieldComparison("peer_connection", "unverifiable", None, None, reason)
    return FieldComparison("peer_connection", "mismatch", None, None, reason, "NO_PROPOSAL_CHOSEN")


def _shared(pairings: Sequence[Pairing]) -> OurTunnel | None:
    """What several tunnels of one connection share; None of several connections."""
    if len({_connection(one) for one in pairings}) > 1:
        return None
    return replace(pairings[0].tunnel, tunnel_index=None, tunnel_id=None)


def _connection(pairing: Pairing) -> tuple[str | None, str | None, str]:
    tunnel = pairing.tunnel
    return tunnel.account_id, tunnel.region_id, tunnel.vpn_connection_id


def _rows(pairings: Iterable[Pairing], peer: Peer) -> Iterator[_Row]:
    for pairing in pairings:
        name = pairing.connection.name if pairing.connection else None
        for found in _verdicts(pairing, peer):
            yield pairing.tunnel, name, found


def _verdicts(pairing: Pairing, peer: Peer) -> Iterator[FieldComparison]:
    connection = pairing.connection
    yield _belonging(pairing)
    notes = (*peer.notes, *(connection.notes if connection else ()))
    if notes:
        yield FieldComparison(
            "peer_file", "unverifiable", None, None, "; ".join(dict.fromkeys(notes))
        )
    if connection is not None:
        yield from ike_verdicts(pairing.tunnel, connection)
        yield from child_verdicts(pairing.tunnel, connection)


def _belonging(pairing: Pairing) -> FieldComparison:
    """Which connection it is, and whether its daemon has it at all."""
    field, connection = "peer_connection", pairing.connection
    if pairing.rivals:
        return FieldComparison(field, "unverifiable", None, None, pairing.reason)
    if connection is None:
        return FieldComparison(field, "mismatch", None, None, pairing.reason, "NO_PROPOSAL_CHOSEN")
    if connection.refused:
        reason = f"its daemon does not load it: {connection.refused}"
        return FieldComparison(
            field, "mismatch", None, connection.name, reason, "NO_PROPOSAL_CHOSEN"
        )
    if connection.may_not_load:
        reason = f"{pairing.reason}; whether its daemon loads it depends on the words that it knows"
        return FieldComparison(field, "unverifiable", None, connection.name, reason)
    result: Result = "match" if pairing.is_certain else "unverifiable"
    return FieldComparison(field, result, None, connection.name, pairing.reason)


def _unpaired(pairings: Iterable[Pairing], peer: Peer) -> Iterator[_Row]:
    """Connections of a file that belong to none of the tunnels."""
    named = {one.connection.name for one in pairings if one.connection is not None}
    named |= {name for one in pairings for name in one.rivals}
    if peer.syntax == "fleet":
        return
    for connection in peer.connections:
        if connection.name not in named:
            reason = "it belongs to none of the tunnels"
            found = FieldComparison("peer_connection", "info", None, connection.name, reason)
            yield None, connection.name, found


def _table(rows: list[_Row], peer: Peer) -> pd.DataFrame:
    values: dict[str, list[object]] = {
        name: [getattr(tunnel, name, None) for tunnel, _, _ in rows] for name in _OF_TUNNEL
    }
    values["peer"] = [peer.source] * len(rows)
    values["peer_connection"] = [name for _, name, _ in rows]
    values["peer_child"] = [found.child for _, _, found in rows]
    for name in _OF_VERDICT:
        values[name] = [getattr(found, name) for _, _, found in rows]
    return schema.build("peer_comparison", values)
