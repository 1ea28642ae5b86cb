"""Saved answers as files: which there are, the answers in one, and who else may read it."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from vpnframe.errors import SettingsError
from vpnframe.files import MIB

REGION = re.compile(r"(cn|ap|us|eu|me|na|sa|af|rus)-[a-z0-9-]+")
SUFFIXES = (".json", ".xml")
# Some 20,000 answers on a line each, or all pages of as many connections put together.
MAX_FILE_BYTES = 64 * MIB
_OTHERS = 0o077


def find_files(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Find every file that the paths name.

    Parameters
    ----------
    paths : iterable of str or Path
        Files, glob patterns, folders (every ``.json`` and ``.xml`` below), or ``-``.

    Yields
    ------
    Path
        In the order of the paths; below one, sorted. What is no regular file is among them:
        reading it says so.

    Raises
    ------
    SettingsError
        A path names none.
    """
    for path in paths:
        found = [Path(path)] if str(path) == "-" else list(_below(path))
        if not found:
            raise SettingsError(f"no file is there: {path}")
        yield from found


def _below(path: str | Path) -> Iterator[Path]:
    if Path(path).is_dir():
        inside = (p for p in Path(path).rglob("*") if p.suffix.lower() in SUFFIXES)
        yield from sorted(p for p in inside if not p.is_dir())
    elif os.path.lexists(path):
        yield Path(path)
    else:
        # Path.glob takes no absolute pattern.
        found = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207
        yield from (p for p in found if not p.is_dir())


def split_answers(body: bytes) -> list[bytes]:
    r"""Split a file into its answers: one, or one per line.

    Parameters
    ----------
    body : bytes
        Of the whole file.

    Returns
    -------
    list of bytes
        The lines where each begins an object and most end one: one may be cut off.

    Examples
    --------
    >>> split_answers(b'{"a": 1}\n{"b": 2}\n')
    [b'{"a": 1}', b'{"b": 2}']
    """
    lines = [line.strip() for line in body.removeprefix(b"\xef\xbb\xbf").splitlines()]
    lines = [line for line in lines if line]
    n_whole = sum(line.startswith(b"{") and line.endswith(b"}") for line in lines)
    is_lines = len(lines) > 1 and all(line.startswith(b"{") for line in lines)
    return lines if is_lines and n_whole >= len(lines) - 1 else [body]


def is_open_to_others(path: Path) -> bool:
    """Say whether others than its owner may read a file, where the system has such modes."""
    return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
