"""Write the reason of each pair's classification: one sentence each, for all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.overlapping.facts import PairFacts
from vpnframe.overlapping.nat import Nat
from vpnframe.schema.codes import CodedSets, Codes, take_words

Field = Callable[[Codes], pa.Array]


def write_reasons(
    facts: PairFacts,
    cases: npt.NDArray[np.integer[Any]],
    templates: Sequence[str],
    *,
    nats: Sequence[Nat] = (),
) -> pa.Array:
    """Return the sentence of each pair, from the template of its case."""
    fields = _fields(facts, nats)
    order = np.argsort(cases, kind="stable")
    bounds = np.searchsorted(cases[order], np.arange(len(templates) + 1))
    parts = [
        _fill(template, fields, order[start:stop])
        for template, start, stop in zip(templates, bounds[:-1], bounds[1:], strict=True)
        if stop > start
    ]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return pa.concat_arrays([pa.array([], pa.large_string()), *parts]).take(pa.array(place))


def _fill(template: str, fields: Mapping[str, Field], rows: Codes) -> pa.Array:
    pieces: list[pa.Array | pa.Scalar] = []
    for literal, name, _, _ in Formatter().parse(template):
        pieces += [pa.scalar(literal, pa.large_string())]
        pieces += [] if name is None else [fields[name](rows).cast(pa.large_string())]
    if all(isinstance(piece, pa.Scalar) for piece in pieces):
        return pa.repeat(pieces[0], len(rows))
    nothing = pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(
        *pieces, nothing, null_handling="replace", null_replacement="?"
    )


def _fields(facts: PairFacts, nats: Sequence[Nat]) -> Mapping[str, Field]:
    """Return the fields of the templates; each maps positions of pairs to texts."""
    fleet, pairs = facts.fleet, facts.pairs
    ends = {"left": (facts.left, pairs.left), "right": (facts.right, pairs.right)}
    named = {
        f"{end}_{name}": field
        for end, (connection, block) in ends.items()
        for name, field in _fields_of_one(facts, connection, block).items()
    }
    vpc = np.where(fleet.is_vpc[pairs.left], pairs.left, pairs.right)
    nat_texts = pa.array([_describe(nat) for nat in nats], pa.large_string())
    nat, outer = facts.nat, facts.outer
    return named | {
        "gateway": named["left_gateway"],
        "router": named["left_router"],
        "peers": named["left_peers"],
        "domain": named["left_domain"],
        "onprem": _cidr(facts, pairs.left + pairs.right - vpc),
        "vpc_block": _cidr(facts, vpc),
        "vpc": _vpc(facts, fleet.connection[vpc]),
        "inner": _cidr(facts, pairs.left + pairs.right - outer),
        "outer": _cidr(facts, outer),
        "nat": lambda rows: take_words(nat_texts, nat[rows]),
    }


def _fields_of_one(facts: PairFacts, connection: Codes, block: Codes) -> Mapping[str, Field]:
    """Return the fields for one end of each pair."""
    its, priority = facts.fleet.connections, facts.fleet.priority
    gateway, vpc, router = its.routers
    peers = _join(its.peers, its.addresses)

    def place(rows: Codes) -> pa.Array:
        each = (column.texts(connection[rows]) for column in (gateway, router, vpc))
        return pc.coalesce(*each)

    def priority_text(rows: Codes) -> pa.Array:
        return pa.array(priority[block[rows]]).cast(pa.large_string())

    return {
        "cidr": _cidr(facts, block),
        "gateway": lambda rows: gateway.texts(connection[rows]),
        "router": lambda rows: router.texts(connection[rows]),
        "place": place,
        "domain": lambda rows: its.domain.texts(connection[rows]),
        "peers": lambda rows: take_words(peers, its.peers.codes[connection[rows]]),
        "ip": lambda rows: take_words(its.addresses, its.gateway_ip[connection[rows]]),
        "owner": lambda rows: its.owner.texts(connection[rows]),
        "priority": priority_text,
    }


def _cidr(facts: PairFacts, block: Codes) -> Field:
    cidrs, cidr = facts.fleet.cidrs, facts.fleet.cidr
    return lambda rows: take_words(cidrs.words, cidr[block[rows]])


def _vpc(facts: PairFacts, connection: Codes) -> Field:
    """Return the VPC of each connection, or else its transit router or VPN gateway."""
    gateway, vpc, router = facts.fleet.connections.routers

    def field(rows: Codes) -> pa.Array:
        return pc.coalesce(*(one.texts(connection[rows]) for one in (vpc, router, gateway)))

    return field


def _join(sets: CodedSets, words: pa.Array) -> pa.Array:
    """Join the texts of each set with "and"."""
    lists = pa.ListArray.from_arrays(
        pa.array(sets.starts, pa.int32()), take_words(words, sets.members)
    )
    return pc.binary_join(lists, pa.scalar(" and ", pa.large_string()))


def _describe(nat: Nat) -> str:
    note = f", {nat.note}" if nat.note else ""
    return f"{nat.real} as {nat.mapped}{note}"
