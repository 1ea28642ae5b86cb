"""Blocks in a file of the user's: one or more a line, or a table."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from vpnframe.addresses.cidr import parse_cidrs, split_cidrs
from vpnframe.errors import AddressError, SettingsError
from vpnframe.files import MIB, read_file

_MAX_BYTES = 64 * MIB
_TABLES = {".csv": pd.read_csv, ".parquet": pd.read_parquet}


def read_blocks(path: str | Path) -> pd.DataFrame:
    r"""Read blocks from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv`` or ``.parquet``: a table with a column ``cidr``, ``destination_cidr`` or
        ``cidrs``. Any other: text, one block a line or several with commas between them; what
        follows a ``#`` is a remark.

    Returns
    -------
    DataFrame
        The table; of text the column ``cidr``.

    Raises
    ------
    SettingsError
        The file cannot be read.
    AddressError
        A line of text holds what is no CIDR block; it is named with its line.

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
    read = _TABLES.get(path.suffix.lower())
    try:
        body = read_file(path, limit=_MAX_BYTES)
        if read is not None:
            return read(io.BytesIO(body))
        lines = body.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, pd.errors.ParserError) as error:  # pyarrow's errors are ValueErrors, too
        problem = str(error).partition("\n")[0]
        raise SettingsError(f"{path} cannot be read: {problem}") from None
    found = [
        (number, block)
        for number, line in enumerate(lines, 1)
        for block in split_cidrs(line.partition("#")[0])
    ]
    blocks = [block for _, block in found]
    parsed = parse_cidrs(blocks)
    for row, text, reason in zip(
        parsed.failed_rows.tolist(), parsed.failed_texts, parsed.failed_reasons, strict=True
    ):
        message = f"{path}, line {found[row][0]}: {text!r} is no CIDR block: {reason}"
        raise AddressError(message, value=text)
    return pd.DataFrame({"cidr": pd.array(blocks, dtype="str")})
