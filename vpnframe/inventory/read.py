"""A snapshot from disk to tables with their dtypes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe.errors import InventoryError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory
from vpnframe.tables import STORED


def read_inventory(folder: str | Path, *, snapshot: str = "latest") -> Inventory:
    """Read one snapshot of an inventory folder.

    Parameters
    ----------
    folder : str or Path
        As :func:`write_inventory` made it.
    snapshot : str, default "latest"
        An id, or the newest.

    Returns
    -------
    Inventory
        Equal to what was written, dtypes included.

    Raises
    ------
    InventoryError
        The folder is no inventory, has no such snapshot, or a part is missing or damaged.
    """
    target = Path(folder)
    record = _read_record(target, _pick(target, snapshot))
    tables = {name: _read_table(target, record, name) for name in STORED}
    return Inventory(**tables, snapshot=str(record["snapshot"]))


def list_snapshots(folder: str | Path) -> list[str]:
    """List the committed snapshots of an inventory folder.

    Parameters
    ----------
    folder : str or Path
        As :func:`write_inventory` made it.

    Returns
    -------
    list of str
        Oldest first.

    Raises
    ------
    InventoryError
        The folder is no inventory.
    """
    records = layout.records_folder(Path(folder))
    if not records.is_dir():
        raise InventoryError(
            f"{folder} is no inventory: it has no _snapshots folder. "
            f"`vpnframe fetch --out {folder}` or vf.write_inventory makes one"
        )
    return sorted(
        path.stem for path in records.glob("*.json") if layout.SNAPSHOT_ID.fullmatch(path.stem)
    )


def _pick(folder: Path, snapshot: str) -> str:
    known = list_snapshots(folder)
    if not known:
        raise InventoryError(f"{folder} holds no committed snapshot: was a write interrupted?")
    if snapshot == "latest":
        return known[-1]
    if snapshot not in known:
        newest = ", ".join(known[-3:])
        raise InventoryError(f"{folder} has no snapshot {snapshot!r}; the newest are {newest}")
    return snapshot


def _read_record(folder: Path, snapshot: str) -> dict[str, Any]:
    path = layout.records_folder(folder) / f"{snapshot}.json"
    try:
        record = json.loads(path.read_bytes())
        is_whole = isinstance(record["parts"], list) and record["snapshot"] == snapshot
    except (OSError, ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise InventoryError(f"{path} is damaged: read another snapshot")
    if record.get("layout_version", 0) > layout.LAYOUT_VERSION:
        raise InventoryError(f"{path} was written by a newer vpnframe: update this one")
    whole: dict[str, Any] = record
    return whole


def _read_table(folder: Path, record: dict[str, Any], name: str) -> pd.DataFrame:
    parts = [part for part in record["parts"] if part["table"] == name]
    tables = [_read_part(folder, part) for part in parts]
    wanted = schema.arrow_schema(name)
    if not tables:
        return schema.empty(name)
    joined = pa.concat_tables(
        [table.select([n for n in wanted.names if n in table.column_names]) for table in tables],
        promote_options="default",
    )
    return schema.cast(name, joined.to_pandas(types_mapper=_keep_arrow))


def _read_part(folder: Path, part: dict[str, Any]) -> pa.Table:
    path = folder / part["path"]
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise InventoryError(
            f"{path} is missing or damaged ({type(error).__name__}): read another snapshot"
        ) from None
    if table.num_rows != part["n_rows"]:
        raise InventoryError(f"{path} has {table.num_rows} rows, {part['n_rows']} were written")
    return table


def _keep_arrow(kind: pa.DataType) -> pd.ArrowDtype:
    """Nothing passes through floats or objects on its way to its dtype."""
    return pd.ArrowDtype(kind)
