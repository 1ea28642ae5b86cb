"""Read blocks from a user's text file, or from a table that a spreadsheet or an IPAM exported."""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from contextlib import suppress
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
_SEPARATORS = ",;\t|"
# Names of columns that contain blocks, in lower case; the first name that is present is used.
_OUR_NAMES = ("cidr", "destination_cidr", "cidrs")
_NAMES = (*_OUR_NAMES, "prefix", "cidr_block", "cidrblock", "subnet", "network")
_WITHOUT_LENGTH = ("subnet", "network")  # the prefix length can be in a separate column
_LENGTHS = ("mask", "netmask", "subnet_mask", "prefix_length", "prefixlen")
_SHOWN = 5


def read_blocks(path: str | Path) -> pd.DataFrame:
    r"""Read blocks from a file.

    Parameters
    ----------
    path : str or Path
        A file with the suffix ``.csv``, ``.tsv`` or ``.parquet`` is a table. Its blocks are in a
        column ``cidr``, ``destination_cidr`` or ``cidrs``, or in a column named as in IPAMs:
        ``Prefix`` (NetBox), ``Subnet`` and ``Mask`` (phpIPAM), ``Network`` or ``CidrBlock``, in
        upper or lower case. CSV cells are separated by commas, semicolons or tabs. A file with any
        other suffix is text: each line has one block, or several blocks separated by commas or
        semicolons, and ``#`` starts a comment.

    Returns
    -------
    DataFrame
        The table, with its blocks in the column ``cidr``, ``destination_cidr`` or ``cidrs``. For a
        text file, the table has only the column ``cidr``. Host bits are set to zero.

    Raises
    ------
    SettingsError
        If the file cannot be read, has no column of blocks or no block, or if a row does not fit
        the header.
    AddressError
        If a string in the file is not a CIDR block; the message names the string and its line.

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
    try:
        body = read_file(path, limit=_MAX_BYTES)
        match path.suffix.lower():
            case ".parquet":
                table = pd.read_parquet(io.BytesIO(body))
                places = [f"row {number}" for number in range(1, len(table) + 1)]
                read = _BlockTable(path, table, table, places)
            case ".csv" | ".tsv":
                read = _read_csv(path, body)
            case _:
                read = _read_text(path, body.decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # pyarrow's errors are ValueErrors, too
        problem = str(error).partition("\n")[0]
        raise SettingsError(f"{path} cannot be read: {problem}") from None
    return read.with_checked_blocks()


def _read_text(path: Path, text: str) -> _BlockTable:
    found = [
        (f"line {number}", block)
        for number, line in enumerate(text.splitlines(), 1)
        for block in split_cidrs(line.partition("#")[0].replace(";", ","))
    ]
    table = pd.DataFrame({"cidr": [block for _, block in found]})
    return _BlockTable(path, table, table, [place for place, _ in found])


def _read_csv(path: Path, body: bytes) -> _BlockTable:
    is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16" if is_wide else "utf-8-sig", "replace")
    first, _, rest = text.partition("\n")
    given = first.strip().lower().removeprefix("sep=") if first.lower().startswith("sep=") else ""
    text = rest if given else text  # Excel reads the separator from this line
    separator = given or _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    if not rows:
        raise ValueError("it is empty")
    header = _header(rows.pop(0)[1])
    cells = [_fitted(row, header, line) for line, row in rows]
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([header, *cells])
    table, texts = (
        pd.read_csv(
            io.StringIO(written.getvalue()), index_col=False, skip_blank_lines=False, dtype=dtype
        )
        for dtype in (None, "str")
    )
    texts = texts.map(str.strip, na_action="ignore")
    return _BlockTable(path, table, texts, [f"line {line + bool(given)}" for line, _ in rows])


def _separator(text: str) -> str:
    """Return the first separator that yields a column of blocks, else the one with most columns."""
    header = next((line for line in text.splitlines() if line.strip(f" {_SEPARATORS}")), "")
    split = {sign: next(csv.reader([header], delimiter=sign), []) for sign in _SEPARATORS}
    known = [sign for sign, names in split.items() if _find(names, _NAMES) is not None]
    return known[0] if known else max(split, key=lambda sign: len(split[sign]))


def _header(names: list[str]) -> list[str]:
    """Return the column names, without unnamed columns at the end."""
    names = [name.strip() for name in names]
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name and names.count(name) > 1:
            raise ValueError(f"two columns are named {name}: rename one of them")
    return names


def _fitted(row: list[str], header: list[str], line: int) -> list[str]:
    """Fit a row to the header's width; raise ValueError if it lacks a block or has extra text."""
    n = len(header)
    if len(row) <= (_find(header, _NAMES) or 0) or any(map(str.strip, row[n:])):
        raise ValueError(
            f"line {line} has {counted(len(row), 'cell')} but the header has {n}: put quotation "
            f"marks around each cell that contains the separator"
        )
    return [*row[:n], *[""] * (n - len(row))]


@dataclass(frozen=True, slots=True)
class _BlockTable:
    """A table of blocks as it was read from a file, before its blocks are checked."""

    path: Path
    table: pd.DataFrame
    texts: pd.DataFrame  # the same table; for a CSV file, with all cells as strings
    places: list[str]  # the line or row number of each row in the file

    @property
    def names(self) -> list[str]:
        return [str(name) for name in self.table.columns]

    def with_checked_blocks(self) -> pd.DataFrame:
        """Return the table with checked blocks and a standard name for the column of blocks."""
        at = _find(self.names, _NAMES)
        if at is None:
            raise SettingsError(
                f"{self.path} has no column cidr, cidrs, destination_cidr, Prefix or Subnet: it "
                f"has {', '.join(self.names) or 'no columns'}; rename the column that contains the "
                f"blocks to cidr"
            )
        name, plain = self.names[at], _plain(self.names[at])
        others = [other for other in self.names if _plain(other) in _NAMES and other != name]
        if others:
            self._warn(f"blocks are read from column {name}, not from {', '.join(others)}")
        values = self._with_lengths(at) if plain in _WITHOUT_LENGTH else self._values(at)
        known = plain if plain in _OUR_NAMES else "cidr"
        made = self.table.rename(columns={self.table.columns[at]: known})
        if known == "cidrs":
            lists = [split_cidrs(v) if isinstance(v, str) else list(v or ()) for v in values]
            cells = [cell or None for cell in self._checked(lists, name)]
            return made.assign(cidrs=pd.Series(cells, index=made.index, dtype="object"))
        checked = self._checked([[value] if value else [] for value in values], name)
        texts = [cell[0] if cell else None for cell in checked]
        return made.assign(**{known: pd.Series(texts, index=made.index, dtype="str")})

    def _values(self, at: int) -> list[Any]:
        return [_present(value) for value in self.texts.iloc[:, at]]

    def _with_lengths(self, at: int) -> list[Any]:
        """Return the blocks as strings; add missing prefix lengths from the column of netmasks."""
        of_length = _find(self.names, _LENGTHS)
        values, name = self._values(at), None if of_length is None else self.names[of_length]
        lengths = [None] * len(values) if of_length is None else self._values(of_length)
        made = []
        for value, length, place in zip(values, lengths, self.places, strict=True):
            own = str(value or "").partition("/")[2]
            if own and length is not None and _bits(own) != _bits(length):
                raise SettingsError(
                    f"{self.path}, {place}: {value} contradicts the {name} {length} of its row"
                )
            if value is not None and not own and length is None:
                missing = "add a column Mask" if name is None else f"{name} is empty"
                raise SettingsError(
                    f"{self.path}, {place}: {value} has no prefix length: {missing}"
                )
            made.append(value if value is None or own else f"{value}/{_bits(length)}")
        return made

    def _checked(self, cells: list[list[Any]], name: str) -> list[list[str]]:
        """Check the blocks of all cells, and return them with host bits set to zero."""
        texts = [text for cell in cells for text in cell]
        places = [place for place, cell in zip(self.places, cells, strict=True) for _ in cell]
        n_empty = sum(not cell for cell in cells)
        if not texts:
            empty = f"column {name} is empty in {counted(n_empty, 'row')}"
            problem = empty if n_empty else "it has no rows"
            raise SettingsError(f"{self.path} contains no block: {problem}")
        if n_empty:
            self._warn(f"{counted(n_empty, 'row')} without a block in column {name}")
        parsed = parse_cidrs(texts, mask_host_bits=True)
        if parsed.failed_texts:
            text, place = parsed.failed_texts[0], places[parsed.failed_rows[0]]
            reason = parsed.failed_reasons[0]
            problem = f"{self.path}, {place}: {text!r} is not a CIDR block: {reason}"
            raise AddressError(problem, value=text)
        blocks = [str(text) for text in texts]
        masked = parsed.is_masked.nonzero()[0].tolist()
        for n, block in zip(masked, parsed.take(parsed.is_masked).texts(), strict=True):
            blocks[n] = block
        if masked:
            shown = [f"{places[n]}: {texts[n]} is read as {blocks[n]}" for n in masked[:_SHOWN]]
            more = f"; and {len(masked) - _SHOWN:,} more" if len(masked) > _SHOWN else ""
            n_masked = counted(len(masked), "row")
            self._warn(f"{n_masked} with host bits; {'; '.join(shown)}{more}")
        flat = iter(blocks)
        return [[next(flat) for _ in cell] for cell in cells]

    def _warn(self, problem: str) -> None:
        warnings.warn(f"{self.path}: {problem}", InputWarning, stacklevel=3)


def _present(value: Any) -> Any:
    """Return a list unchanged, a scalar as a string, and None for a missing value."""
    if not pd.api.types.is_scalar(value):
        return list(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # pandas reads integers with missing values as floats
    return str(value) if pd.notna(value) else None


def _bits(length: str) -> str:
    """Convert ``/24``, ``24.0`` or ``255.255.255.0`` to ``24``; return other strings unchanged."""
    text = re.sub(r"^(\d+)\.0$", r"\1", length.removeprefix("/"))
    with suppress(ValueError):
        return str(IPv4Network(f"0.0.0.0/{text}").prefixlen)
    return text


def _find(names: Sequence[str], wanted: Iterable[str]) -> int | None:
    """Return the position of the first wanted name in ``names``; case and separators may differ."""
    plain = [_plain(name) for name in names]
    return next((plain.index(name) for name in wanted if name in plain), None)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
