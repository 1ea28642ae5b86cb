"""Read blocks from a user's file: text with one or more per line, or a table from an IPAM."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pandas as pd

from vpnframe.addresses.cidr import format_cidr, parse_cidrs, split_cidrs
from vpnframe.errors import AddressError, InputWarning, SettingsError
from vpnframe.model.files import MIB, read_file
from vpnframe.overlapping.csv_rows import read_csv_rows

_MAX_BYTES = 64 * MIB
_CSV = (".csv", ".tsv")
_LISTS = "cidrs"
# Names, in lower case, of columns with the blocks of a row; the first one present is used.
_ALIASES = (
    *("cidr", "destination_cidr", _LISTS, "prefix", "cidr_block", "cidrblock"),
    *("subnet", "network"),
)
# For these two, the prefix length may be in a separate column.
_WITHOUT_LENGTH = ("subnet", "network")
_LENGTHS = ("mask", "netmask", "subnet_mask", "prefix_length", "prefixlen")
_WHOLE = re.compile(r"\d+\.0")  # a length that a spreadsheet wrote
_SHOWN = 5


def read_blocks(path: str | Path) -> pd.DataFrame:
    r"""Read blocks from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.parquet``: a table with a column ``cidr``, ``destination_cidr`` or
        ``cidrs``, or with the names of IPAMs: ``Prefix`` (NetBox), ``Subnet`` and ``Mask``
        (phpIPAM), ``Network`` or ``CidrBlock``, in any case; separated by commas, semicolons or
        tabs. Any other suffix: text with one block per line, or several separated by commas or
        semicolons; ``#`` starts a comment.

    Returns
    -------
    DataFrame
        The table, with its blocks in ``cidr``, ``destination_cidr`` or ``cidrs``; for text, only
        the column ``cidr``. Host bits are set to zero.

    Raises
    ------
    SettingsError
        If the file cannot be read, lacks the column or any block, or a row does not fit the header.
    AddressError
        If a text is not a CIDR block; the message names it and its line.

    Warns
    -----
    InputWarning
        If blocks have host bits (the first are listed), or rows have no block (they are counted).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "avoid.txt")
    ...     _ = path.write_text("10.0.0.0/24, 10.0.9.0/24  # the lab\n")
    ...     read_blocks(path)["cidr"].tolist()
    ['10.0.0.0/24', '10.0.9.0/24']
    """
    path = Path(path)
    try:
        body = read_file(path, limit=_MAX_BYTES)
        if path.suffix.lower() == ".parquet":
            table = pd.read_parquet(io.BytesIO(body))
            return _of_table(path, table, None, [f"row {n}" for n in range(1, len(table) + 1)])
        if path.suffix.lower() not in _CSV:
            return _of_text(path, body.decode("utf-8-sig"))
        read = read_csv_rows(body, find=_position)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # pyarrow's errors are ValueErrors, too
        problem = str(error).partition("\n")[0]
        raise SettingsError(f"{path} cannot be read: {problem}") from None
    return _of_table(path, read.table, read.cells, [f"line {n}" for n in read.lines])


def _of_text(path: Path, text: str) -> pd.DataFrame:
    found = [
        (f"line {number}", block)
        for number, line in enumerate(text.splitlines(), 1)
        for block in split_cidrs(line.partition("#")[0].replace(";", ","))
    ]
    if not found:
        raise SettingsError(f"{path} contains no block")
    blocks = _checked(path, [block for _, block in found], [place for place, _ in found])
    return pd.DataFrame({"cidr": pd.array(blocks, dtype="str")})


def _of_table(
    path: Path, table: pd.DataFrame, cells: list[list[str]] | None, places: list[str]
) -> pd.DataFrame:
    """Return the table with checked blocks, in a column with a name of this package."""
    names = [str(name) for name in table.columns]
    name = _find(names, _ALIASES)
    if name is None:
        raise SettingsError(
            f"{path} has no column cidr, cidrs, destination_cidr, Prefix or Subnet: there are "
            f"{', '.join(names) or 'none'}; rename the one with the blocks to cidr"
        )
    ignored = [other for other in names if _plain(other) in _ALIASES and other != name]
    if ignored:
        _warn(path, f"blocks are read from column {name}, not from {', '.join(ignored)}")
    values = _texts(table, names.index(name), cells)
    if _plain(name) in _WITHOUT_LENGTH:
        values = _with_length(path, table, names, values, cells, places)
    there = [n for n, value in enumerate(values) if value is not None and len(value)]
    if not there:
        empty = f"column {name} is empty in {_rows(len(table))}" if len(table) else "it has no rows"
        raise SettingsError(f"{path} contains no block: {empty}")
    if len(there) < len(values):
        _warn(path, f"{_rows(len(values) - len(there))} without a block in column {name}")
    checked = _checked_cells(path, [values[n] for n in there], [places[n] for n in there], name)
    known = _plain(name) if _plain(name) in _ALIASES[:3] else "cidr"
    column = pd.Series([None] * len(table), index=table.index, dtype="object")
    column.iloc[there] = pd.Series(checked, dtype="object").array
    made = table.rename(columns={table.columns[names.index(name)]: known})
    return made.assign(**{known: column if known == _LISTS else column.astype("str")})


def _texts(table: pd.DataFrame, at: int, cells: list[list[str]] | None) -> list[Any]:
    """Return a column's values, None for missing ones; for CSV, the text as written."""
    values = table.iloc[:, at]
    if cells is not None:
        written = [row[at].strip() for row in cells]
        return [
            one if is_there else None for one, is_there in zip(written, values.notna(), strict=True)
        ]
    return [_present(value) for value in values]


def _present(value: Any) -> Any:
    """Return a list unchanged, a scalar as text, and None for a missing value."""
    if not pd.api.types.is_scalar(value):
        return list(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas reads integers with missing values as floats
    return str(value) if pd.notna(value) else None


def _with_length(
    path: Path,
    table: pd.DataFrame,
    names: list[str],
    values: list[Any],
    cells: list[list[str]] | None,
    places: list[str],
) -> list[Any]:
    """Append the length from its column to subnets; raise an error for one without a length."""
    name = _find(names, _LENGTHS)
    lengths = [None] * len(values) if name is None else _texts(table, names.index(name), cells)
    made = []
    for value, length, place in zip(values, lengths, places, strict=True):
        own = "" if value is None else str(value).partition("/")[2]
        if value is None or (own and (length is None or _bits(own) == _bits(length))):
            made.append(value)
        elif own:
            raise SettingsError(f"{path}, {place}: {value} contradicts {name} {length}")
        elif length is None:
            missing = "add a column Mask" if name is None else f"{name} is empty"
            raise SettingsError(f"{path}, {place}: {value} has no length: {missing}")
        else:
            made.append(f"{value}/{_bits(length)}")
    return made


def _bits(length: str) -> str:
    """Return a prefix length from ``24``, ``/24``, ``24.0`` or ``255.255.255.0``, if it is one."""
    text = length.removeprefix("/")
    if _WHOLE.fullmatch(text):
        return text.removesuffix(".0")
    try:
        return str(IPv4Network(f"0.0.0.0/{text}").prefixlen)
    except ValueError:
        return text


def _checked_cells(path: Path, values: list[Any], places: list[str], name: str) -> list[Any]:
    """Check the blocks in the cells of a column; each cell is one block or a list."""
    if _plain(name) != _LISTS:
        return _checked(path, values, places)
    lists = [split_cidrs(one) if isinstance(one, str) else list(one) for one in values]
    owners = [place for place, one in zip(places, lists, strict=True) for _ in one]
    flat = iter(_checked(path, [block for one in lists for block in one], owners))
    return [[next(flat) for _ in one] for one in lists]


def _checked(path: Path, texts: Sequence[Any], places: Sequence[str]) -> list[str]:
    """Return the blocks with host bits set to zero; raise AddressError for invalid text."""
    parsed = parse_cidrs(texts, mask_host_bits=True)
    if parsed.failed_texts:
        text, place = parsed.failed_texts[0], places[parsed.failed_rows[0]]
        raise AddressError(
            f"{path}, {place}: {text!r} is no CIDR block: {parsed.failed_reasons[0]}", value=text
        )
    blocks = [str(text) for text in texts]
    masked = parsed.is_masked.nonzero()[0].tolist()
    if not masked:
        return blocks
    of = parsed.is_masked
    made = format_cidr(parsed.high[of], parsed.low[of], parsed.family[of], parsed.prefix_length[of])
    for n, block in zip(masked, made, strict=True):
        blocks[n] = block
    shown = [f"{places[n]}: {texts[n]} is read as {blocks[n]}" for n in masked[:_SHOWN]]
    more = f"; and {len(masked) - _SHOWN:,} more" if len(masked) > _SHOWN else ""
    _warn(path, f"{_rows(len(masked))} with host bits; {'; '.join(shown)}{more}")
    return blocks


def _find(names: Sequence[str], wanted: Iterable[str]) -> str | None:
    """Return the first of the wanted columns, ignoring case and separators."""
    by_name = {_plain(name): name for name in reversed(names)}
    return next((by_name[name] for name in wanted if name in by_name), None)


def _position(names: list[str]) -> int | None:
    name = _find(names, _ALIASES)
    return None if name is None else names.index(name)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _warn(path: Path, text: str) -> None:
    warnings.warn(f"{path}: {text}", InputWarning, stacklevel=3)
