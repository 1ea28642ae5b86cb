"""Build table ``findings``; the same finding gets the same id in every audit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpnframe import schema
from vpnframe.auditing.drafts import VERDICTS, Draft
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import UNKNOWN, YES, Positions, Texts, arrow, equals, flags, objects
from vpnframe.auditing.owners import OF_SUBJECT, owners_of
from vpnframe.schema.columns import SEVERITY
from vpnframe.schema.joined import join_lists

_OF_TEXT = ("rule_id", "family", "title", "expected", "basis")
_ID_DIGITS = 16

Hashes = npt.NDArray[np.uint64]


def assemble(fleet: Fleet, drafts: Sequence[Draft], *, owner_tag: str | None) -> pd.DataFrame:
    """Build the sorted table ``findings`` from the findings of all rules and profiles."""
    made = [one for one in drafts if len(one)]
    if not made:
        return schema.empty("findings")
    subjects = _subjects(fleet, owner_tag)
    at, what = _places(fleet, made), _all(made, "what")
    whose = np.repeat(np.arange(len(made)), [len(one) for one in made])
    # Open findings first, then by severity (the worst first), rule, subject and ``what``.
    rank, which = (pd.factorize(one, sort=True)[0] for one in (subjects["key"], what))
    best = -_all(made, "severity").astype(np.int64)
    order = np.lexsort((which, rank[at], whose, best, ~_all(made, "is_open")))
    whose, at = whose[order], np.where(at < 0, len(subjects) - 1, at)[order]
    heads = [f"{one.text.rule_id}\x1f{one.of_profile}" for one in made]
    keys = zip((heads, subjects["key"], what), (whose, at, order), strict=True)
    columns = {"finding_id": _ids(*(_hashes(texts)[rows] for texts, rows in keys))}
    columns |= _columns(fleet, made, whose, order)
    for name in (*OF_SUBJECT, "owner", "is_active"):
        columns[name] = subjects[name].array.take(at)
    names = schema.find("findings").names
    return pd.DataFrame({name: columns.pop(name) for name in names}, copy=False)


def _columns(
    fleet: Fleet, made: Sequence[Draft], whose: Positions, order: Positions
) -> dict[str, Any]:
    """Return the columns of ``findings`` that come from rules, in the row order ``order``."""
    shared = {name: [getattr(one.text, name) for one in made] for name in _OF_TEXT}
    shared["remediation"] = [one.text.advice for one in made]
    shared["column"] = [one.column for one in made]

    def own(name: str) -> npt.NDArray[Any]:
        return _all(made, name)[order]

    never = pd.Series(np.full(len(order), np.datetime64("NaT", "ms")))
    return {
        **{name: _chosen(values, whose) for name, values in shared.items()},
        "profile": _category(own("profile")),
        "verdict": _chosen((None, *VERDICTS), own("verdict") + 1),
        "severity": pd.Categorical.from_codes(own("severity").astype(np.int64), dtype=SEVERITY),
        "status": _chosen(("unknown", "open"), own("is_open").astype(np.int64)),
        "tunnel_ids": _tunnel_ids(fleet, made, order),
        "value": _text(own("value")),
        "evidence": _text(own("evidence")),
        "references": _category(own("references")),
        "root_cause": _category(own("cause")),
        "waived_by": pd.array(pa.nulls(len(order), pa.large_string()), dtype="str"),
        "waived_until": never,
        "first_seen": never,
    }


def _all(made: Sequence[Draft], name: str) -> npt.NDArray[Any]:
    return np.concatenate([getattr(one, name) for one in made])


def _places(fleet: Fleet, made: Sequence[Draft]) -> Positions:
    """Return for each finding the row of ``_subjects`` that it is about; -1 for the whole fleet."""
    n, m = fleet.n_connections, len(fleet.gateways)
    offsets = {"connections": 0, "gateways": n, "coverage": n + m, "": 0}
    return np.concatenate([one.subject + offsets[one.kind] for one in made])


def _subjects(fleet: Fleet, owner_tag: str | None) -> pd.DataFrame:
    """Return one row for each connection, gateway and region, then one for the whole fleet."""
    gateways = fleet.gateways
    is_vpn = equals(gateways["kind"], "vpn")
    of_gateways = pd.DataFrame(
        {
            "account_id": gateways["account_id"],
            "region_id": gateways["region_id"],
            "vpn_gateway_id": gateways["gateway_id"].where(is_vpn),
            "customer_gateway_id": gateways["gateway_id"].where(~is_vpn),
            "customer_gateway_name": gateways["name"].where(~is_vpn),
            "tags": gateways["tags"],
            "subject_id": gateways["gateway_id"],
        }
    )
    # Whether a tunnel of the connection is up; null if that is unknown
    is_active = pd.array(fleet.connection_is_up == YES, dtype="boolean")
    is_active[fleet.connection_is_up == UNKNOWN] = pd.NA
    connections = fleet.connections[[*OF_SUBJECT]].assign(
        subject_id=fleet.connections["vpn_connection_id"], is_active=is_active
    )
    regions = fleet.coverage[["account_id", "region_id"]].assign(subject_id="")
    table = pd.concat([connections, of_gateways, regions], ignore_index=True)
    table = table.reindex(range(len(table) + 1))
    table["owner"] = _text(owners_of(table["tags"], owner_tag))
    keys = [table[name].fillna("") for name in ("account_id", "region_id", "subject_id")]
    table["key"] = keys[0] + "\x1f" + keys[1] + "\x1f" + keys[2]
    kinds = {"is_active": "boolean"}
    return table.astype({name: kinds.get(name, "str") for name in table.columns})


def _hashes(texts: Iterable[str]) -> Hashes:
    """Return the first eight bytes of the SHA-256 of each string, as an unsigned integer."""
    codes, distinct = pd.factorize(objects(texts))
    digests = b"".join(hashlib.sha256(text.encode()).digest()[:8] for text in distinct)
    hashes: Hashes = np.frombuffer(digests, ">u8").astype(np.uint64)[codes]
    return hashes


def _ids(rule: Hashes, subject: Hashes, what: Hashes) -> pd.api.extensions.ExtensionArray:
    """Return an id of 16 hex digits for each finding, computed from its three hashes."""
    mixed = _mix(_mix(_mix(rule) ^ subject) ^ what)
    digits = pa.py_buffer(mixed.astype(">u8").tobytes().hex().encode())
    offsets = pa.py_buffer(np.arange(len(mixed) + 1, dtype=np.int64) * _ID_DIGITS)
    return pd.array(pa.LargeStringArray.from_buffers(len(mixed), offsets, digits), dtype="str")


def _mix(hashes: Hashes) -> Hashes:
    """Mix the bits of each hash with the last step of the random number generator SplitMix64."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _tunnel_ids(
    fleet: Fleet, made: Sequence[Draft], order: Positions
) -> pd.api.extensions.ExtensionArray:
    """Return the tunnel ids of each finding; tunnels of single-tunnel connections have no id."""
    counts = _all(made, "n_tunnels")
    begins = np.cumsum(counts) - counts
    counts, begins = counts[order], begins[order]
    owner = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    ids = fleet.tunnels["tunnel_id"].iloc[_all(made, "tunnel_rows")[begins[owner] + within]]
    is_there = flags(ids.notna())
    n_ids = np.bincount(owner[is_there], minlength=len(counts))
    offsets = np.append(0, np.cumsum(n_ids)).astype(np.int32)
    values = arrow(ids[is_there], pa.string())
    return pd.array(join_lists(pa.ListArray.from_arrays(pa.array(offsets), values)), dtype="str")


def _text(values: Texts | list[str]) -> pd.api.extensions.ExtensionArray:
    return pd.array(pa.array(values, type=pa.large_string(), from_pandas=True), dtype="str")


def _chosen(values: Sequence[str | None], places: Positions) -> pd.Categorical:
    """Return ``values[places]`` as a categorical; its categories are sorted and all in use."""
    is_used = np.bincount(places, minlength=len(values)) > 0
    used = [value if is_there else None for value, is_there in zip(values, is_used, strict=True)]
    return _category(objects(used)).take(places)


def _category(values: Texts) -> pd.Categorical:
    codes, found = pd.factorize(values, sort=True)
    return pd.Categorical.from_codes(codes, categories=pd.Index(found, dtype="str"))
