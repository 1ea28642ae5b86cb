"""Collect the words, such as names and addresses, from which a pre-shared key may be derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from vpnframe.model.psk import FingerprintKey, KeyJudge
from vpnframe.model.records import Gateway, KeyFacts, Record, Statement

Words = Mapping[str, Sequence[str]]


class _KnownKeys(Record, frozen=True, kw_only=True, array_like=True):
    """Key facts from the connection list, and words from which a key may be derived."""

    words: tuple[str, ...]
    facts: tuple[KeyFacts, ...]


def gateway_words(gateways: Iterable[Gateway]) -> Words:
    """Return by gateway id its name, addresses and tags, from which a key may be derived."""
    return {
        g.gateway_id: (*filter(None, (g.name, g.ip_address, g.second_ip_address)), *g.tags)
        for g in gateways
    }


def connection_words(statement: Statement | None, gateways: Words) -> tuple[str, ...]:
    """Return the names, ids and tags from which a connection's key may be derived."""
    if statement is None:
        return ()
    ids = [statement.vpn_gateway_id, statement.customer_gateway_id, statement.transit_router_id]
    ids += [tunnel.customer_gateway_id for tunnel in statement.tunnels]
    named = dict.fromkeys(i for i in ids if i)
    known = [word for i in named for word in gateways.get(i, ())]
    return (*filter(None, [statement.name]), *named, *statement.tags, *known)


def pack_known(statement: Statement, gateways: Words) -> bytes:
    """Serialize a connection's hint words and key facts for :func:`judge_of`.

    Key facts describe the pre-shared keys that are visible in ``statement``, a row of the list
    call. Hint words are strings from which a key may be derived; they are omitted if the keys of
    all tunnels are visible.
    """
    facts = [tunnel.key_facts for tunnel in statement.tunnels]
    shown = tuple(one for one in facts if one is not None and one.length is not None)
    words = () if facts and len(shown) == len(facts) else connection_words(statement, gateways)
    return msgspec.msgpack.encode(_KnownKeys(words=words, facts=shown))


def judge_of(packed: bytes, *, connection_id: str, key: FingerprintKey) -> KeyJudge:
    """Return the KeyJudge for a connection's download, from the result of :func:`pack_known`."""
    known = msgspec.msgpack.decode(packed, type=_KnownKeys)
    facts = {str(one.fingerprint): one for one in known.facts}
    return KeyJudge(key, words={connection_id: known.words}, known=facts)
