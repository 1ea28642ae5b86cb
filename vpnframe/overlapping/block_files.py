"""Read blocks from a user's file: text with one or more blocks per line, or a table from an IPAM.

CSV files may have the formats that spreadsheets and IPAMs write. Cells missing at the end of a row
are empty, and empty cells beyond the header are dropped; any other row that does not fit the header
raises an error.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs, split_cidrs
from vpnframe.errors import AddressError, InputWarning, SettingsError
from vpnframe.model.display import counted
from vpnframe.model.files import MIB, read_file

_MAX_BYTES = 64 * MIB
_CSV = (".csv", ".tsv")
_SEPARATORS = ",;\t|"
_LISTS = "cidrs"
# Names of columns that contain blocks, in lower case; the first name that is present is used.
_ALIASES = (
    *("cidr", "destination_cidr", _LISTS, "prefix", "cidr_block", "cidrblock"),
    *("subnet", "network"),
)
_WITHOUT_LENGTH = ("subnet", "network")  # the prefix length may be in a separate column
_LENGTHS = ("mask", "netmask", "subnet_mask", "prefix_length", "prefixlen")
_WHOLE = re.compile(r"\d+\.0")  # a prefix length that a spreadsheet wrote with decimals
_SHOWN = 5


def read_blocks(path: str | Path) -> pd.DataFrame:
    r"""Read blocks from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.parquet``: a table with a column ``cidr``, ``destination_cidr`` or
        ``cidrs``, or with columns named as in IPAMs: ``Prefix`` (NetBox), ``Subnet`` and ``Mask``
        (phpIPAM), ``Network`` or ``CidrBlock``, in upper or lower case; CSV cells are separated by
        commas, semicolons or tabs. Any other suffix: text with one block per line, or several
        separated by commas or semicolons; ``#`` starts a comment.

    Returns
    -------
    DataFrame
        The table, with its blocks in ``cidr``, ``destination_cidr`` or ``cidrs``; for text, only
        the column ``cidr``. Host bits are set to zero.

    Raises
    ------
    SettingsError
        If the file cannot be read, has no block column or block, or a row does not fit the header.
    AddressError
        If a text is not a CIDR block; the message names it and its line.

    Warns
    -----
    InputWarning
        If blocks have host bits set, rows have no block, or several columns may contain blocks.

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
    suffix = path.suffix.lower()
    try:
        body = read_file(path, limit=_MAX_BYTES)
        if suffix == ".parquet":
            table = pd.read_parquet(io.BytesIO(body))
            read = _BlockTable(path, table, [f"row {n}" for n in range(1, len(table) + 1)])
        elif suffix in _CSV:
            read = _read_csv(path, body)
        else:
            return _read_text(path, body.decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # pyarrow's errors are ValueErrors, too
        problem = str(error).partition("\n")[0]
        raise SettingsError(f"{path} cannot be read: {problem}") from None
    return read.with_checked_blocks()


def _read_text(path: Path, text: str) -> pd.DataFrame:
    found = [
        (f"line {number}", block)
        for number, line in enumerate(text.splitlines(), 1)
        for block in split_cidrs(line.partition("#")[0].replace(";", ","))
    ]
    if not found:
        raise SettingsError(f"{path} contains no block")
    blocks = _checked(path, [block for _, block in found], [place for place, _ in found])
    return pd.DataFrame({"cidr": pd.array(blocks, dtype="str")})


def _read_csv(path: Path, body: bytes) -> _BlockTable:
    is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16" if is_wide else "utf-8-sig", "replace")
    first, _, rest = text.partition("\n")
    given = first.strip().lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    text = rest if given else text  # Excel reads the separator from this line
    rows = list(_csv_rows(text, given or _separator(text)))
    if not rows:
        raise ValueError("it is empty")
    header = _header(rows.pop(0)[1])
    least, n = (_find(header, _ALIASES) or 0) + 1, len(header)
    cells = [_fitted(row, least, n, line) for line, row in rows]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([header, *cells])
    written.seek(0)
    table = pd.read_csv(written, index_col=False, skip_blank_lines=False)
    return _BlockTable(path, table, [f"line {line + bool(given)}" for line, _ in rows], cells)


def _csv_rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the last line and the cells of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if any(map(str.strip, row)))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _separator(text: str) -> str:
    """Return the separator that gives the header a block column, else the most columns."""
    header = next((line for line in text.splitlines() if line.strip(f" {_SEPARATORS}")), "")
    split = {sign: next(csv.reader([header], delimiter=sign), []) for sign in _SEPARATORS}
    known = [sign for sign, names in split.items() if _find(names, _ALIASES) is not None]
    return known[0] if known else max(split, key=lambda sign: len(split[sign]))


def _header(names: list[str]) -> list[str]:
    """Return the column names, without unnamed columns at the end."""
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name and names.count(name) > 1:
            raise ValueError(f"two columns are named {name}")
    return names


def _fitted(row: list[str], least: int, n: int, line: int) -> list[str]:
    """Pad or cut a row to ``n`` cells; it must have ``least`` cells, and no text after ``n``."""
    if len(row) < least or any(map(str.strip, row[n:])):
        raise ValueError(
            f"line {line} has {counted(len(row), 'cell')} and the header {n}: put quotation marks "
            f"around a cell that holds the separator"
        )
    return [*row[:n], *[""] * (n - len(row))]


@dataclass(frozen=True, slots=True)
class _BlockTable:
    """The table that was read from a file."""

    path: Path
    table: pd.DataFrame
    places: list[str]  # where each row is in the file
    cells: list[list[str]] | None = None  # for a CSV file, the cells of each row as text

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self.table.columns]

    def with_checked_blocks(self) -> pd.DataFrame:
        """Check the blocks; return the table with its block column renamed as in this package."""
        at = _find(self.names, _ALIASES)
        if at is None:
            raise SettingsError(
                f"{self.path} has no column cidr, cidrs, destination_cidr, Prefix or Subnet: there "
                f"are {', '.join(self.names) or 'none'}; rename the one with the blocks to cidr"
            )
        name, plain = self.names[at], _plain(self.names[at])
        others = [other for other in self.names if _plain(other) in _ALIASES and other != name]
        if others:
            _warn(self.path, f"blocks are read from column {name}, not from {', '.join(others)}")
        values = self._with_lengths(at) if plain in _WITHOUT_LENGTH else self._texts(at)
        checked = self._checked(values, name, is_list=plain == _LISTS)
        known = plain if plain in _ALIASES[:3] else "cidr"
        made = self.table.rename(columns={self.table.columns[at]: known})
        return made.assign(**{known: checked if known == _LISTS else checked.astype("str")})

    def _texts(self, at: int) -> list[Any]:
        """Return the values of column ``at``: None if missing, for CSV the text in the file."""
        values = self.table.iloc[:, at]
        if self.cells is None:
            return [_present(value) for value in values]
        rows = zip(self.cells, values.notna(), strict=True)
        return [row[at].strip() if is_present else None for row, is_present in rows]

    def _with_lengths(self, at: int) -> list[Any]:
        """Append the prefix length from its own column to each subnet that has no length."""
        of_length = _find(self.names, _LENGTHS)
        values, name = self._texts(at), None if of_length is None else self.names[of_length]
        lengths = [None] * len(values) if of_length is None else self._texts(of_length)
        made = []
        for value, length, place in zip(values, lengths, self.places, strict=True):
            own = "" if value is None else str(value).partition("/")[2]
            if value is None or (own and (length is None or _bits(own) == _bits(length))):
                made.append(value)
            elif own:
                raise SettingsError(f"{self.path}, {place}: {value} contradicts {name} {length}")
            elif length is None:
                missing = "add a column Mask" if name is None else f"{name} is empty"
                raise SettingsError(f"{self.path}, {place}: {value} has no length: {missing}")
            else:
                made.append(f"{value}/{_bits(length)}")
        return made

    def _checked(self, values: list[Any], name: str, *, is_list: bool) -> pd.Series[Any]:
        """Return the column with checked blocks; each cell is one block or a list."""
        column = pd.Series([None] * len(values), index=self.table.index, dtype="object")
        there = [n for n, value in enumerate(values) if value is not None and len(value)]
        n_empty = len(values) - len(there)
        if not there:
            empty = f"column {name} is empty in {counted(n_empty, 'row')}"
            problem = empty if n_empty else "it has no rows"
            raise SettingsError(f"{self.path} contains no block: {problem}")
        if n_empty:
            _warn(self.path, f"{counted(n_empty, 'row')} without a block in column {name}")
        given, places = [values[n] for n in there], [self.places[n] for n in there]
        if is_list:
            cells = [split_cidrs(one) if isinstance(one, str) else list(one) for one in given]
            places = [place for place, cell in zip(places, cells, strict=True) for _ in cell]
            flat = iter(_checked(self.path, [block for cell in cells for block in cell], places))
            made: list[Any] = [[next(flat) for _ in cell] for cell in cells]
        else:
            made = _checked(self.path, given, places)
        column.iloc[there] = pd.Series(made, dtype="object").array
        return column


def _present(value: Any) -> Any:
    """Return a list unchanged, a scalar as text, and None for a missing value."""
    if not pd.api.types.is_scalar(value):
        return list(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas reads integers with missing values as floats
    return str(value) if pd.notna(value) else None


def _bits(length: str) -> str:
    """Convert ``24``, ``/24``, ``24.0`` or ``255.255.255.0`` to ``24``; return other text as is."""
    text = length.removeprefix("/")
    if _WHOLE.fullmatch(text):
        return text.removesuffix(".0")
    try:
        return str(IPv4Network(f"0.0.0.0/{text}").prefixlen)
    except ValueError:
        return text


def _checked(path: Path, texts: Sequence[Any], places: Sequence[str]) -> list[str]:
    """Return the blocks with host bits set to zero; raise AddressError for invalid text."""
    parsed = parse_cidrs(texts, mask_host_bits=True)
    if parsed.failed_texts:
        text, place = parsed.failed_texts[0], places[parsed.failed_rows[0]]
        raise AddressError(
            f"{path}, {place}: {text!r} is not a CIDR block: {parsed.failed_reasons[0]}", value=text
        )
    blocks = [str(text) for text in texts]
    masked = parsed.is_masked.nonzero()[0].tolist()
    for n, block in zip(masked, parsed.take(parsed.is_masked).texts(), strict=True):
        blocks[n] = block
    if masked:
        shown = [f"{places[n]}: {texts[n]} is read as {blocks[n]}" for n in masked[:_SHOWN]]
        more = f"; and {len(masked) - _SHOWN:,} more" if len(masked) > _SHOWN else ""
        _warn(path, f"{counted(len(masked), 'row')} with host bits; {'; '.join(shown)}{more}")
    return blocks


def _find(names: Sequence[str], wanted: Iterable[str]) -> int | None:
    """Return the position of the first wanted name that exists; case and separators may differ."""
    plain = [_plain(name) for name in names]
    return next((plain.index(name) for name in wanted if name in plain), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _warn(path: Path, text: str) -> None:
    warnings.warn(f"{path}: {text}", InputWarning, stacklevel=3)
