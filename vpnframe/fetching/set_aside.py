"""A checkpoint that cannot be trusted makes room, and loses the key of its fingerprints."""

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
    """Give the file of a checkpoint and its companions, whether or not they are there."""
    return [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]


def put_aside(path: Path, problem: str) -> None:
    """Make room for a new checkpoint; what cannot be trusted stays there under another name."""
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
    """Blot the fingerprint key out, wherever in a file that may be damaged its digits stand.

    With it, guesses at pre-shared keys could be tried against the fingerprints.
    """
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as body:
        for start, end in [found.span() for found in _KEY_DIGITS.finditer(body)]:
            body[start:end] = bytes(end - start)
