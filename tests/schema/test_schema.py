"""Every table: its columns, dtypes, and the check that a frame is one."""

from __future__ import annotations

import re
from typing import Any, get_args

import pandas as pd
import pyarrow as pa
import pytest

from vpnframe import schema
from vpnframe.errors import SchemaError
from vpnframe.inventory import Inventory
from vpnframe.inventory.flattening import make_tables
from vpnframe.model.records import CoverageStatus, FailureKind, Records
from vpnframe.schema.tables import STORED, TABLES

EVERY_TABLE = pytest.mark.parametrize("name", sorted(TABLES))
ROW: dict[str, Any] = {
    "text": "x", "category": "x", "severity": "low", "int16": 1, "int32": 1, "int64": 1,
    "float": 0.5,
    "flag": True, "time": 1_500_000_000_000, "texts": ["a", "b"],
}  # fmt: skip


def one_row(name: str) -> pd.DataFrame:
    return schema.build(name, {c.name: [ROW[c.kind]] for c in schema.find(name).columns})


@EVERY_TABLE
def test_an_empty_table_is_valid(name: str) -> None:
    """All columns stand, in order and with their dtypes."""
    table = schema.empty(name)
    schema.validate(name, table)
    assert tuple(table.columns) == schema.find(name).names
    assert table.empty


@EVERY_TABLE
def test_a_full_row_is_valid(name: str) -> None:
    """A value of each column's kind fits."""
    schema.validate(name, one_row(name))


@EVERY_TABLE
def test_nulls_are_valid_where_the_schema_says(name: str) -> None:
    """Nullable columns take None and nothing else changes."""
    columns = schema.find(name).columns
    row = {c.name: [None if c.is_nullable else ROW[c.kind]] for c in columns}
    table = schema.build(name, row)
    schema.validate(name, table)
    assert table.isna().iloc[0].tolist() == [c.is_nullable for c in columns]


@EVERY_TABLE
def test_every_column_is_described_in_a_sentence(name: str) -> None:
    """The table too; a description ends with a full stop."""
    table = schema.find(name)
    assert table.description.endswith(".")
    assert [c.name for c in table.columns if not c.description.endswith(".")] == []
    assert set(table.key) <= set(table.names)


@EVERY_TABLE
def test_describing_a_table_lists_its_columns(name: str) -> None:
    """Name, dtype, nullability and description of each."""
    described = schema.describe(name)
    assert described["column"].tolist() == list(schema.find(name).names)
    assert set(described["dtype"]) <= set(schema.DTYPES.values())


@EVERY_TABLE
def test_no_column_speaks_of_local_and_remote(name: str) -> None:
    """Columns are named by the thing: whose side local is depends on the answer."""
    assert not [n for n in schema.find(name).names if "local" in n or "remote" in n]


@pytest.mark.parametrize("name", STORED)
def test_on_disk_there_are_plain_types_alone(name: str) -> None:
    """Categories are dictionaries of strings, and there are no lists and no time zones."""
    found = schema.arrow_schema(name)
    assert found.metadata == {b"vpnframe_table": name.encode()}
    for field in found:
        kind = field.type
        assert not pa.types.is_nested(kind)
        assert not pa.types.is_timestamp(kind) or kind.tz is None
        assert not pa.types.is_dictionary(kind) or kind.value_type == pa.string()


def test_an_unknown_table_is_named_with_the_known_ones() -> None:
    """The message says what there is instead."""
    with pytest.raises(SchemaError, match=r"no table 'tunels'.*tunnels"):
        schema.find("tunels")


def spoiled(**changes: Any) -> pd.DataFrame:
    return one_row("coverage").assign(**changes)


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (spoiled().drop(columns=["status", "n_read"]), "missing: status, n_read"),
        (spoiled(extra=1), "unknown: extra"),
        (spoiled()[list(reversed(spoiled().columns))], "out of order"),
        (spoiled(n_read=1.5), "n_read is float64, not Int32"),
        (spoiled(account_id=1), "account_id is int64, not str"),
        (spoiled(status=None), "status is object, not category"),
        (spoiled(n_read=pd.array([None], dtype="Int32")), "n_read has nulls"),
        (spoiled(status=pd.Categorical(["b"], categories=["b", "a"])), "unsorted categories"),
        (pd.concat([spoiled(), spoiled()], axis=1), "repeated: account_id"),
    ],
)
def test_validate_names_the_problem(frame: pd.DataFrame, problem: str) -> None:
    """Missing, superfluous, out of order, another dtype, null, unsorted or repeated."""
    with pytest.raises(SchemaError, match="this is not the table coverage") as caught:
        schema.validate("coverage", frame)
    assert problem in str(caught.value)


def test_validate_names_every_problem_at_once() -> None:
    """One look is enough to mend a table."""
    with pytest.raises(SchemaError) as caught:
        schema.validate("coverage", spoiled(n_read=1.5, n_calls="x", extra=1))
    for word in ("n_read", "n_calls", "extra"):
        assert word in str(caught.value)


def test_cast_gives_foreign_frames_order_and_dtypes() -> None:
    """Plain objects get the dtypes; what is missing is null, what is more is dropped."""
    frame = pd.DataFrame({"extra": [1], "cidr_raw": ["x"], "family": [4.0], "side": ["vpc"]})
    table = schema.cast("subnets", frame)
    assert tuple(table.columns) == schema.find("subnets").names
    assert str(table["family"].dtype) == "Int16"
    assert table["cidr"].isna().all()


def test_cast_keeps_what_already_fits() -> None:
    """A table cast to itself is equal to itself."""
    for name in TABLES:
        pd.testing.assert_frame_equal(schema.cast(name, one_row(name)), one_row(name))


def test_cast_forgets_categories_that_do_not_occur() -> None:
    """A filtered table has the categories of its rows, sorted."""
    frame = pd.DataFrame({"side": pd.Categorical(["vpc"], categories=["vpc", "onprem", "a"])})
    assert schema.cast("subnets", frame)["side"].cat.categories.tolist() == ["vpc"]


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("failures", "kind", get_args(FailureKind)),
        ("coverage", "status", get_args(CoverageStatus)),
    ],
)
def test_every_word_of_a_record_is_documented(
    table: str, column: str, words: tuple[str, ...]
) -> None:
    """What a crawl may write there, and nothing is left to guess."""
    (description,) = [c.description for c in schema.find(table).columns if c.name == column]
    assert set(words) <= set(re.findall(r"[a-z]+", description))


def test_a_count_that_an_older_snapshot_has_not_is_null() -> None:
    """Not zero: nobody counted. The sentence on coverage leaves it out."""
    older = schema.build(
        "coverage", {c.name: [ROW[c.kind]] for c in schema.find("coverage").columns}
    ).drop(columns="n_unattached")
    read = schema.cast("coverage", older.assign(status="complete"))
    schema.validate("coverage", read)
    assert read["n_unattached"].isna().all()
    tables = make_tables(Records()) | {"coverage": read}
    sentence = Inventory(**tables).coverage_sentence()
    assert sentence == "coverage complete, 1 of 1 connections read"
