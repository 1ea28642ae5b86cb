"""One more snapshot on disk: parts first, then the commit record that makes them exist."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from vpnframe import schema
from vpnframe._version import __version__
from vpnframe.errors import InventoryError
from vpnframe.inventory import layout
from vpnframe.inventory.inventory import Inventory


def write_inventory(
    inventory: Inventory, folder: str | Path, *, now: datetime | None = None
) -> str:
    """Write an inventory as one more snapshot of a folder.

    Parameters
    ----------
    inventory : Inventory
        Every table must pass its schema.
    folder : str or Path
        Made when it is not there. What lies in it is never changed.
    now : datetime, optional
        In UTC, for the snapshot's name; the present moment otherwise.

    Returns
    -------
    str
        The snapshot's id. It exists for readers from the moment its commit record does.

    Raises
    ------
    SchemaError
        A table is not what its schema says; nothing is written.
    InventoryError
        The folder cannot be written.
    """
    for name, table in inventory.tables().items():
        schema.validate(name, table)
    target = Path(folder)
    now = datetime.now(UTC) if now is None else now
    snapshot = layout.snapshot_id(now, suffix=secrets.token_hex(3))
    try:
        parts = [
            _write_part(target, layout.part_path(name, snapshot, region, account), name, part)
            for name, table in inventory.tables().items()
            for region, account, part in _parts(table)
        ]
        _commit(target, snapshot, _commit_record(inventory, snapshot, parts, now))
    except OSError as error:
        raise InventoryError(f"{target} cannot be written: {error.strerror or error}") from error
    return snapshot


def _parts(table: pd.DataFrame) -> Iterator[tuple[str | None, str | None, pd.DataFrame]]:
    """A table by region and account; one part without rows when there are none."""
    if table.empty:
        yield None, None, table
        return
    for key, part in table.groupby(["region_id", "account_id"], dropna=False, sort=True):
        region, account = (None if pd.isna(value) else str(value) for value in key)
        yield region, account, part


def _write_part(folder: Path, path: Path, name: str, part: pd.DataFrame) -> dict[str, Any]:
    """Write one file at its final path and sync it; give what the commit record says of it."""
    arrow = schema.arrow_schema(name)
    columns = [
        pa.array(part[field.name], type=field.type, from_pandas=True)
        if not isinstance(part[field.name].dtype, pd.CategoricalDtype)
        else pa.array(part[field.name].astype("str"), type=field.type, from_pandas=True)
        for field in arrow
    ]
    buffer = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(columns, schema=arrow),
        buffer,
        compression="zstd",
        compression_level=1,
        store_schema=False,
    )
    body = buffer.getvalue()
    whole = folder / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    _write_once(whole, body)
    return {
        "path": path.as_posix(),
        "table": name,
        "n_rows": len(part),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def _commit_record(
    inventory: Inventory, snapshot: str, parts: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    return {
        "snapshot": snapshot,
        "layout_version": layout.LAYOUT_VERSION,
        "tool_version": __version__,
        "written_at": now.isoformat(timespec="seconds"),
        "is_complete": inventory.is_complete,
        "coverage": inventory.coverage_sentence(),
        "n_rows": {name: len(table) for name, table in inventory.tables().items()},
        "parts": parts,
    }


def _commit(folder: Path, snapshot: str, record: dict[str, Any]) -> None:
    """Make the snapshot exist: complete or not at all, and never over another one."""
    records = layout.records_folder(folder)
    records.mkdir(parents=True, exist_ok=True)
    temporary = records / f".{snapshot}.tmp"
    _write_once(temporary, json.dumps(record, indent=1).encode())
    os.link(temporary, records / f"{snapshot}.json")
    temporary.unlink()


def _write_once(path: Path, body: bytes) -> None:
    """Create a file that must not be there, and see it on disk."""
    with path.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
