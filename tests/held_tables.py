"""The public functions that take tables, each with a call, and the ways in which users hold tables.

A way gives a table that stands for the same: the answer has to be the same, too.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from helpers import inventory_of
from matplotlib.figure import Figure
from pandas.testing import assert_frame_equal

import vpnframe as vf
from vpnframe.emulator import make_fleet, make_state
from vpnframe.inventory import Inventory
from vpnframe.schema.joined import split_text
from vpnframe.schema.tables import TABLES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = vf.AuditSettings(now=NOW, owner_tag="owner")
Way = Callable[[str, pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Held:
    """What a call is given: tables as somebody holds them, and packets to trace."""

    inv: Inventory
    findings: pd.DataFrame
    strengths: pd.DataFrame
    packets: tuple[list[str], list[str]]


def fleets(first_seed: int, n: int) -> Inventory:
    """So many random fleets in one inventory of two accounts, each with ids of its own."""
    found = [
        inventory_of(
            make_state(
                make_fleet(connections=4 + seed % 9, regions=1 + seed % 2, seed=seed), quotas=False
            )
        )
        for seed in range(first_seed, first_seed + n)
    ]
    tables = {}
    for name in found[0].tables(with_key_facts=True):
        parts = [getattr(one, name).assign(account_id=str(n % 2)) for n, one in enumerate(found)]
        whole = vf.schema.cast(name, pd.concat(parts, ignore_index=True))
        tables[name] = (
            whole.drop_duplicates(["account_id", "region_id"]).reset_index(drop=True)
            if name == "coverage"
            else whole
        )
    return Inventory(**tables)


def hold(inv: Inventory) -> Held:
    """An inventory with the tables that are made of it."""
    findings = quietly(lambda: vf.audit(inv, settings=SETTINGS))[0]
    strengths = vf.strength(inv.tunnels, key_facts=inv.key_facts)
    blocks = inv.subnets[inv.subnets["prefix_length"].gt(0).fillna(False)]
    first = blocks.drop_duplicates(["vpn_connection_id", "side"]).assign(
        at=lambda rows: rows["cidr"].str.split("/").str[0]
    )
    sides = first.pivot(index="vpn_connection_id", columns="side", values="at").dropna()
    packets = (sides["vpc"].tolist(), sides["onprem"].tolist())
    return Held(inv, findings, strengths, packets)


def held_as(held: Held, way: Way) -> Held:
    """The same, every table held in some way."""
    tables = held.inv.tables(with_key_facts=True)
    return replace(
        held,
        inv=replace(held.inv, **{name: way(name, table) for name, table in tables.items()}),
        findings=way("findings", held.findings),
        strengths=way("strength", held.strengths),
    )


def quietly(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    """A call's answer, or its error, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", vf.IncompleteWarning)
        try:
            answer = call()
        except vf.FindingsError as error:
            answer = str(error)
    return answer, [str(one.message) for one in caught]


def named(subnets: pd.DataFrame) -> pd.Series:
    """A name for every row of ``subnets``, whatever its order."""
    key = [*TABLES["subnets"].key]
    return subnets[key].astype("str").fillna("").agg("/".join, axis=1).reset_index(drop=True)


def by_name(held: Held, table: pd.DataFrame) -> pd.DataFrame:
    """A row for each block that was asked for, sorted by what it is."""
    assert table.index.equals(held.inv.subnets.index)
    names = named(held.inv.subnets)
    return table.reset_index(drop=True).assign(of=names).sort_values("of", ignore_index=True)


def pairs(held: Held) -> pd.DataFrame:
    """Pairs by the names of their blocks, the smaller name first."""
    names = named(held.inv.subnets)
    found = vf.find_overlaps(held.inv.subnets, groups="region_id")
    left, right = (names.take(found[end]).to_numpy(object) for end in ("left", "right"))
    turned = {"contains": "within", "within": "contains", "equal": "equal"}
    relation = found["relation"].astype("str")
    is_turned = left > right
    table = pd.DataFrame(
        {
            "left": np.where(is_turned, right, left),
            "right": np.where(is_turned, left, right),
            "relation": relation.where(~is_turned, relation.map(turned)),
        }
    )
    return table.sort_values(["left", "right"], ignore_index=True)


def sorted_rows(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose rows follow those that were given, in an order of its own."""
    texts = table.astype("object").map(str)
    return table.iloc[np.lexsort([texts[name] for name in texts][::-1])].reset_index(drop=True)


def drawn(draw: Callable[[Any], Any]) -> list[Any]:
    """What a plot shows: its texts, and where its patches and cells are."""
    axes = draw(Figure().add_subplot())
    boxes = [patch.get_bbox().bounds for patch in axes.patches]
    cells = [mesh.get_array().tolist() for mesh in axes.collections]
    labels = [text.get_text() for text in (*axes.get_yticklabels(), *axes.texts, axes.xaxis.label)]
    return [axes.get_title(loc="left"), labels, boxes, cells]


def written(held: Held) -> list[pd.DataFrame]:
    """Every table as it is read again, each sorted."""
    with TemporaryDirectory() as folder:
        vf.write_inventory(held.inv, folder, now=NOW)
        tables = vf.read_inventory(folder).tables(with_key_facts=True)
    return [sorted_rows(table) for table in tables.values()]


ASKED = ["10.0.0.0/9", "192.168.0.0/20", "172.16.0.0/14"]
CALLS: Mapping[str, Callable[[Held], Any]] = {
    "Inventory.coverage_sentence": lambda held: held.inv.coverage_sentence(),
    "Inventory.__repr__": lambda held: repr(held.inv),
    "Inventory.is_complete": lambda held: held.inv.is_complete,
    "address_usage": lambda held: vf.address_usage(held.inv.subnets, groups="vpc_id"),
    "assert_no_findings": lambda held: str(vf.assert_no_findings(held.findings)),
    "audit": lambda held: vf.audit(held.inv, settings=SETTINGS, profiles=["ietf"]),
    "audit_connections": lambda held: vf.audit_connections(held.inv, settings=SETTINGS),
    "audit_summary": lambda held: vf.audit_summary(held.inv, settings=SETTINGS),
    "clusters": lambda held: by_name(held, vf.clusters(held.inv.subnets)),
    "compare_peer": lambda held: sorted_rows(
        vf.compare_peer(held.inv.tunnels, peer=held.inv.tunnels, key_facts=held.inv.key_facts)
    ),
    "connection_strength": lambda held: sorted_rows(vf.connection_strength(held.strengths)),
    "enclosing": lambda held: by_name(held, vf.enclosing(held.inv.subnets)[["enclosing_cidr"]]),
    "find_overlaps": pairs,
    "free_subnets": lambda held: [
        vf.free_subnets(held.inv, count=9, avoid=held.inv.subnets),
        vf.free_subnets(held.inv.subnets, count=9, avoid=held.inv.vpcs),
    ],
    "merge": lambda held: vf.merge(held.inv.subnets, groups="vpc_id"),
    "overlap_counts": lambda held: by_name(held, vf.overlap_counts(held.inv.subnets)),
    "overlaps": lambda held: [
        vf.overlaps(held.inv),
        vf.overlaps(held.inv.subnets, scope="family"),
        vf.overlaps(held.inv.subnets, against=held.inv.vpcs),
        vf.overlaps(held.inv.subnets, against=held.inv.routes),
        vf.overlaps(held.inv.subnets, against=held.inv.subnets, scope="account_id"),
    ],
    "overlaps_per_block": lambda held: vf.overlaps_per_block(held.inv.subnets),
    "plot.address_map": lambda held: drawn(lambda ax: vf.plot.address_map(held.inv.subnets, ax=ax)),
    "plot.algorithms": lambda held: drawn(lambda ax: vf.plot.algorithms(held.inv.tunnels, ax=ax)),
    "plot.findings": lambda held: drawn(lambda ax: vf.plot.findings(held.findings, ax=ax)),
    "profile_matrix": lambda held: sorted_rows(vf.profile_matrix(held.inv, settings=SETTINGS)),
    "schema.cast": lambda held: [
        sorted_rows(vf.schema.cast(name, table))
        for name, table in held.inv.tables(with_key_facts=True).items()
    ],
    "stats.address_space": lambda held: vf.stats.address_space(held.inv.subnets),
    "stats.algorithms": lambda held: vf.stats.algorithms(held.inv.tunnels),
    "stats.lifetimes": lambda held: vf.stats.lifetimes(held.inv.tunnels),
    "stats.summary": lambda held: vf.stats.summary(held.inv.tunnels),
    "strength": lambda held: sorted_rows(
        vf.strength(held.inv.tunnels, key_facts=held.inv.key_facts)
    ),
    "strength_counts": lambda held: vf.strength_counts(held.strengths),
    "suggest_renumbering": lambda held: vf.suggest_renumbering(held.inv),
    "trace": lambda held: [
        vf.trace(
            held.inv,
            source=held.packets[0],
            destination=held.packets[1],
            all_candidates=is_all,
        )
        for is_all in (False, True)
    ],
    "would_conflict": lambda held: [
        vf.would_conflict(held.inv, ASKED),
        sorted_rows(vf.would_conflict(held.inv.subnets, held.inv.vpcs)),
    ],
    "write_inventory": written,
}


def kinds(name: str, *wanted: str) -> list[str]:
    """The columns of a table that are of some kinds."""
    return [column.name for column in TABLES[name].columns if column.kind in wanted]


def recast(*wanted: str, to: Callable[[pd.Series], Any]) -> Way:
    """A way that changes the columns of some kinds."""

    def way(name: str, table: pd.DataFrame) -> pd.DataFrame:
        columns = [column for column in kinds(name, *wanted) if column in table]
        return table.assign(**{column: to(table[column]) for column in columns})

    return way


def as_object(values: pd.Series) -> pd.Series:
    return values.astype("object").where(values.notna(), None)


def as_int(values: pd.Series) -> pd.Series:
    """Plain integers where there is no null, which they do not have; floats elsewhere."""
    small = values.dropna().between(-(2**15), 2**15 - 1).all()
    return values.astype("float64" if values.isna().any() else "int16" if small else "int64")


def with_unused(values: pd.Series) -> pd.Categorical:
    """Categories in another order, with some that no row has, as a filtered table has them."""
    known = sorted({*values.dropna().astype("str")}, reverse=True)
    return pd.Categorical(values.astype("object"), ["zz", *known, "aa"], ordered=True)


def shuffled(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rows in another order; a table is sorted by anything."""
    return table.sample(frac=1, random_state=len(table))


def indexed(labels: Callable[[int], Any]) -> Way:
    return lambda _, table: table.set_axis(pd.Index(labels(len(table))), axis="index")


def by_key(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The first column of the key made the index, as `set_index` does."""
    key = TABLES[name].key[:1]
    return table.set_index(list(key)) if key and name != "subnets" else table


def through_csv(_: str, table: pd.DataFrame) -> pd.DataFrame:
    """What `read_csv` makes of `to_csv`; digits of a hash may be taken for a number.

    CSV does not tell an empty text from a null: the empty ones are put back.
    """
    hashes = dict.fromkeys(("psk_fingerprint", "psk_fingerprint_key_id", "finding_id"), str)
    found = pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=hashes)
    empty = {name: table[name].eq("").fillna(False).to_numpy(bool) for name in table}
    for name in [name for name, one in empty.items() if one.any()]:
        found[name] = found[name].astype("object").mask(empty[name], "")
    return found


def through_parquet(_: str, table: pd.DataFrame) -> pd.DataFrame:
    """What any reader makes of plain Parquet: no metadata of pandas."""
    buffer = io.BytesIO()
    plain = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(plain, buffer)
    return pd.read_parquet(buffer)


def with_extra(_: str, table: pd.DataFrame) -> pd.DataFrame:
    """Columns of one's own between the others, in reverse."""
    return table.iloc[:, ::-1].assign(note="mine", number=1.5, **{"a list": [[1]] * len(table)})


def both(*ways: Way) -> Way:
    def way(name: str, table: pd.DataFrame) -> pd.DataFrame:
        for one in ways:
            table = one(name, table)
        return table

    return way


NUMBERS = ("int16", "int32", "int64")
WAYS: Mapping[str, Way] = {
    "rows shuffled": shuffled,
    "rows reversed": lambda _, table: table.iloc[::-1],
    "index of text": indexed(lambda n: [f"row {i}" for i in range(n)]),
    "index doubled": indexed(lambda n: [i // 2 for i in range(n)]),
    "index turned round": indexed(lambda n: range(n, 0, -1)),
    "index of nulls": indexed(lambda n: [None] * n),
    "index of two levels": indexed(lambda n: [(i % 3, i) for i in range(n)]),
    "a key column as index": by_key,
    "extra columns": with_extra,
    "unused categories": recast("category", to=with_unused),
    "numbers plain": recast(*NUMBERS, to=as_int),
    "numbers float": recast(*NUMBERS, to=lambda values: values.astype("float64")),
    "numbers wide": recast(*NUMBERS, to=lambda values: values.astype("Int64")),
    "numbers object": recast(*NUMBERS, to=as_object),
    "numbers text": recast(*NUMBERS, to=lambda values: values.astype("str")),
    "text object": recast("text", "category", "severity", to=as_object),
    "text string": recast(
        "text", "category", "severity", to=lambda values: values.astype("string")
    ),
    "text categories": recast("text", to=lambda values: values.astype("category")),
    "flags object": recast("flag", to=as_object),
    "flags text": recast("flag", to=lambda values: values.astype("str")),
    "flags numbers": recast("flag", to=lambda values: values.astype("float64")),
    "times text": recast("time", to=lambda values: values.astype("str")),
    "times without zone": recast(
        "time", to=lambda values: values.dt.tz_localize(None).astype("datetime64[ns]")
    ),
    "times microseconds": recast("time", to=lambda values: values.astype("datetime64[us]")),
    "lists object": recast("texts", to=as_object),
    "lists": recast(
        "texts", to=lambda values: values.map(split_text, na_action="ignore").astype("object")
    ),
    "all objects": lambda _, table: table.apply(as_object),
    "through CSV": through_csv,
    "through Parquet": through_parquet,
}
# Several at once, so that a few runs go through them all.
TOGETHER: Mapping[str, Way] = {
    "a notebook": both(
        *(WAYS[name] for name in ("unused categories", "numbers plain", "flags object")),
        *(WAYS[name] for name in ("times without zone", "extra columns", "through Parquet")),
        *(WAYS[name] for name in ("text categories", "rows shuffled", "index doubled")),
    ),
    "a spreadsheet": both(through_csv, WAYS["rows reversed"], WAYS["a key column as index"]),
}


def assert_same(answer: Any, expected: Any) -> None:
    """Compare two answers to the last dtype."""
    if isinstance(expected, pd.DataFrame):
        assert_frame_equal(answer, expected)
    elif isinstance(expected, list | tuple) and len(expected) == len(answer):
        for one, other in zip(answer, expected, strict=True):
            assert_same(one, other)
    else:
        assert answer == expected
