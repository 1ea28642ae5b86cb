"""Set aside a checkpoint that cannot be trusted, and erase its fingerprint key."""

from __future__ import annotations

import logging
import mmap
import re
import secrets
from pathlib import Path

log = logging.getLogger("vpnframe")
EMPTY = "empty"
FOREIGN = "another program's file"
_KEY_NAME = b"fingerprint_key"
_KEY_DIGITS = re.compile(rb"(?<=fingerprint_key).{64}|[0-9a-f]{16,}", re.DOTALL)


def files_of(path: Path) -> list[Path]:
    """Return the file of a checkpoint and its companions, whether or not they exist."""
    return [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]


def put_aside(path: Path, problem: str) -> None:
    """Delete an empty checkpoint, or rename one that cannot be trusted."""
    if problem == EMPTY:  # its run died before it had an answer
        path.unlink()
    else:
        if problem != FOREIGN or _KEY_NAME in path.read_bytes():
            _forget_key(path)
        aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unusable")
        path.rename(aside)
        log.warning("the checkpoint %s is %s: set aside as %s, not used", path, problem, aside.name)
    for companion in files_of(path):
        companion.unlink(missing_ok=True)


def _forget_key(path: Path) -> None:
    """Overwrite the fingerprint key wherever its digits are in a file that may be damaged.

    With the key, guesses of pre-shared keys could be tested against the fingerprints.
    """
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as body:
        for start, end in [found.span() for found in _KEY_DIGITS.finditer(body)]:
            body[start:end] = bytes(end - start)
