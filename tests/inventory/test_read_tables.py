"""Reading some tables of an inventory only."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import vpnframe as vf


def test_only_the_named_tables_and_the_coverage_are_read(tmp_path: Path) -> None:
    """The others are empty; whether the fleet was read completely is still known."""
    samples = Path(__file__).parents[2] / "data" / "samples"
    vf.write_inventory(vf.load([str(samples)]), tmp_path)
    whole, part = vf.read_inventory(tmp_path), vf.read_inventory(tmp_path, tables=["tunnels"])
    for name, table in whole.tables(with_key_facts=True).items():
        found = part.tables(with_key_facts=True)[name]
        if name in {"tunnels", "coverage"}:
            pd.testing.assert_frame_equal(found, table)
        else:
            assert found.empty
            assert list(found) == list(table)
    assert part.coverage_sentence() == whole.coverage_sentence()
    assert part.snapshot == whole.snapshot


@pytest.mark.parametrize("tables", [["tunels"], "tunnels"])
def test_a_table_that_there_is_not_is_an_error(tmp_path: Path, tables: list[str]) -> None:
    """It names those that there are."""
    samples = Path(__file__).parents[2] / "data" / "samples"
    vf.write_inventory(vf.load([str(samples)]), tmp_path)
    with pytest.raises(vf.SchemaError, match="is stored: the tables are tunnels, connections"):
        vf.read_inventory(tmp_path, tables=tables)
