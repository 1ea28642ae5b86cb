"""Every table does what pandas users do with tables: files, groups, joins, queries, sorting."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from helpers import inventory_of
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import vpnframe as vf
from vpnframe import schema
from vpnframe.emulator import make_fleet, make_state
from vpnframe.schema.joined import join_lists, split_column, split_text
from vpnframe.schema.tables import TABLES
from vpnframe.schema.tables.declaring import Column

N_ROWS = 40
EVERY_TABLE = pytest.mark.parametrize("name", sorted(TABLES))


@cache
def real_tables() -> dict[str, pd.DataFrame]:
    """Tables of a made-up fleet, with and without results."""
    inv = inventory_of(make_state(make_fleet(connections=60, seed=11), quotas=False))
    strengths = vf.strength(inv.tunnels, key_facts=inv.key_facts)
    return {
        **inv.tables(with_key_facts=True),
        "findings": vf.audit(inv),
        "overlaps": vf.overlaps(inv.subnets),
        "strength": strengths,
        "connection_strength": vf.connection_strength(strengths),
        "audit_connections": vf.audit_connections(inv),
        "audit_summary": vf.audit_summary(inv),
        "trace": vf.trace(inv, source=["10.0.0.1", "192.168.1.1"], destination="172.16.0.1"),
    }


def value_of(column: Column, n: int) -> Any:
    """A value for row n of a column; every third of a nullable one is null."""
    if column.is_nullable and n % 3 == 2:
        return None
    if column.words:
        return column.words[n % len(column.words)]
    values: dict[str, Any] = {
        "severity": ("low", "critical", "info")[n % 3],
        "float": n / 8,
        "flag": n % 2 == 0,
        "time": 1_500_000_000_000 + n * 86_400_000 + n,
        "texts": [f"a{n % 4}", "b,c", "d\\"][: n % 4],
    }
    return values.get(column.kind, n if "int" in column.kind else f"text {n % 7}")


def table_of(name: str) -> pd.DataFrame:
    """A table of the fleet, or one made up where no function above returns it."""
    found = real_tables().get(name)
    if found is not None and len(found):
        return found.head(N_ROWS).pipe(lambda part: schema.cast(name, part))
    columns = schema.find(name).columns
    return schema.build(name, {c.name: [value_of(c, n) for n in range(N_ROWS)] for c in columns})


def through_csv(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table.to_csv(path, index=False)
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])


def through_json(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table.to_json(path, orient="records", date_format="iso")
    return pd.read_json(path, orient="records", dtype=False)


def through_excel(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table.to_excel(path, index=False)
    return pd.read_excel(path, dtype=object, keep_default_na=False, na_values=[""])


def through_parquet(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table.to_parquet(path)
    return pd.read_parquet(path)


def through_pickle(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    table.to_pickle(path)
    return pd.read_pickle(path)  # noqa: S301  our own file


WAYS: dict[str, Callable[[pd.DataFrame, Path], pd.DataFrame]] = {
    "csv": through_csv,
    "json": through_json,
    "xlsx": through_excel,
    "parquet": through_parquet,
    "pickle": through_pickle,
}


def without_empty(table: pd.DataFrame) -> pd.DataFrame:
    """The table with null for an empty text, which CSV and Excel cannot tell apart."""
    texts = [name for name in table if table[name].dtype == "str"]
    return table.assign(**{name: table[name].replace("", None) for name in texts})


@EVERY_TABLE
@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_back_is_the_table(name: str, way: str, tmp_path: Path) -> None:
    """After a cast to the schema; through CSV and Excel but for empty texts."""
    table = table_of(name)
    found = schema.cast(name, WAYS[way](table, tmp_path / f"table.{way}"))
    if way in ("csv", "xlsx"):
        table, found = without_empty(table), without_empty(found)
    assert_frame_equal(found, table)


@EVERY_TABLE
def test_plain_parquet_needs_no_cast(name: str, tmp_path: Path) -> None:
    """What pandas wrote, pandas reads with the same dtypes, but for a category without words."""
    table = table_of(name)
    found = through_parquet(table, tmp_path / "t.parquet")
    empty = [n for n in found if found[n].dtype == "category" and found[n].isna().all()]
    assert_frame_equal(found.astype(dict.fromkeys(empty, "str")).astype(table.dtypes), table)
    assert_frame_equal(found.drop(columns=empty), table.drop(columns=empty))


@EVERY_TABLE
def test_every_column_groups_sorts_and_merges(name: str) -> None:
    """No error, and no row is lost or made."""
    table = table_of(name)
    for column in table:
        sizes = table.groupby(column, dropna=False, observed=True).size()
        assert int(sizes.sum()) == len(table)
        assert len(table.sort_values(column)) == len(table)
        distinct = table.drop_duplicates(column)
        assert len(distinct) == len(sizes)
        assert len(table.merge(distinct[[column]], on=column)) == len(table)
        assert len(table.query(f"`{column}` == `{column}` or `{column}`.isna()")) == len(table)
    rows = table.astype(object).where(table.notna(), None).itertuples(index=False, name=None)
    assert len(table.drop_duplicates()) == len({*rows})


@EVERY_TABLE
def test_texts_are_searched_and_times_compared(name: str) -> None:
    """As in the console of a user: no accessor is missing, no zone is asked for."""
    table = table_of(name)
    for column in schema.find(name).columns:
        values = table[column.name]
        if column.kind in ("text", "texts", "category"):
            assert values.astype("str").str.contains("zzz", na=False).sum() == 0
            assert values.str.contains("zzz", na=False).sum() == 0
        elif column.kind == "time":
            later = table.query(f"{column.name} > '2001-01-31'")
            assert len(later) == int(values.notna().sum())


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(TEXTS, max_size=3) | st.none(), min_size=1, max_size=6))
def test_any_texts_survive_in_memory_and_in_parquet(lists: list[list[str] | None]) -> None:
    """One text stands for several, whatever their unicode, and they come back as they were."""
    columns: dict[str, Any] = {
        column.name: [value_of(column, n) for n in range(len(lists))]
        for column in schema.find("vpcs").columns
    }
    columns["name"] = [None if one is None else "".join(one) for one in lists]
    columns["user_cidrs"] = lists
    table = schema.build("vpcs", columns)
    file = io.BytesIO()
    table.to_parquet(file)
    assert_frame_equal(pd.read_parquet(file), table)
    found = [None if pd.isna(text) else [*split_text(text)] for text in table["user_cidrs"]]
    assert found == [None if one is None else [text for text in one if text] for one in lists]
    assert split_column(table["user_cidrs"]).to_pylist() == found
    assert join_lists(split_column(table["user_cidrs"])).to_pylist() == [
        None if pd.isna(text) else text for text in table["user_cidrs"]
    ]


def test_lists_of_any_dtype_become_text() -> None:
    """As another engine hands them over."""
    lists = [["10.0.0.0/8", "10.1.0.0/16"], [], None]
    arrow = pd.array(lists, dtype=pd.ArrowDtype(pa.list_(pa.string())))
    for values in (pd.Series(lists), pd.Series(arrow)):
        frame = pd.DataFrame({"vpc_id": ["a", "b", "c"], "cidrs": values})
        found = schema.cast("vpcs", frame)["cidrs"]
        assert found.astype("object").where(found.notna(), None).tolist() == [
            *("10.0.0.0/8,10.1.0.0/16", "", None),
        ]
