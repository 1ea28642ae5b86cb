"""Read files up to a size limit, and write them atomically; errors do not name the file."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

KIB = 1024
MIB = 1024 * KIB

_FIRST_MODE = 0o666  # the process's umask reduces it
_PRIVATE = 0o600
_KINDS = (
    (stat.S_ISDIR, "it is a folder, not a file"),
    (stat.S_ISFIFO, "it is a pipe, not a file: write its content to a file first"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)
# Do not wait for the other end of a pipe, nor acquire a terminal; 0 if the system has no flag.
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_OPEN_FILES = re.compile(r"/dev/fd|/proc/[^/]+(/task/[^/]+)?/fd")


@contextlib.contextmanager
def open_regular(path: str | Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading; refuse a pipe, device, socket or folder at once."""
    # Also checked before opening: a socket cannot be opened, and a device may react to opening.
    _check_regular(os.stat(path))  # noqa: PTH116  the path may be text
    opened = os.open(path, os.O_RDONLY | _NO_WAIT)
    with os.fdopen(opened, "rb") as file:
        _check_regular(os.fstat(opened))
        yield file


def read_file(path: str | Path, *, limit: int) -> bytes:
    """Read a regular file; raise OSError if it has more than ``limit`` bytes."""
    with open_regular(path) as file:
        return read_stream(file, limit=limit)


def read_stream(file: BinaryIO, *, limit: int) -> bytes:
    """Read an open file or pipe to its end; raise OSError after more than ``limit`` bytes."""
    pieces, n_bytes = [], 0
    while piece := file.read(min(MIB, limit + 1 - n_bytes)):
        pieces.append(piece)
        n_bytes += len(piece)
    if n_bytes > limit:
        words = f"{limit // MIB} MiB" if limit >= MIB else f"{limit // KIB} KiB"
        raise OSError(errno.EFBIG, f"the size limit of {words} is exceeded")
    return b"".join(pieces)


def read_stdin(*, limit: int) -> bytes:
    """Read standard input to its end, as :func:`read_stream` does."""
    try:
        if sys.stdin is not None:
            return read_stream(sys.stdin.buffer, limit=limit)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    raise OSError(errno.EBADF, "it is closed")


def create_file(path: Path, body: bytes, *, mode: int = _FIRST_MODE) -> None:
    """Create a file that must not exist yet, and sync it to disk; remove it if writing fails."""
    opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(opened)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_file(path: Path, body: bytes, *, mode: int | None = None) -> None:
    """Write a file atomically: an old file is unchanged until the new file is complete.

    If the path is a symbolic link, the target of the link is replaced. A device or a pipe is not
    replaced: the bytes are written to it. Without ``mode``, the new file gets the permissions of
    the old file.
    """
    old = _stat_of_writable(path)
    if old is not None and (not stat.S_ISREG(old.st_mode) or _is_open_file(path)):
        _append(path, body)
        return
    place = Path(os.path.realpath(path))
    # The temporary name is short: the file's own name may already have the maximum length.
    temporary = place.with_name(f".vpnframe-{secrets.token_hex(8)}.tmp")
    create_file(temporary, body, mode=_FIRST_MODE if mode is None and old is None else _PRIVATE)
    try:
        if old is not None:
            _take_over(temporary, old, mode)
        temporary.replace(place)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _check_regular(found: os.stat_result) -> None:
    for is_kind, problem in _KINDS:
        if is_kind(found.st_mode):
            raise OSError(errno.EINVAL, problem)


def _stat_of_writable(path: Path) -> os.stat_result | None:
    """Return the status of a path, or None if it does not exist; raise if it is not writable."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        _check_regular(found)
    if stat.S_ISREG(found.st_mode):
        os.close(os.open(path, os.O_WRONLY))
    return found


def _is_open_file(path: Path) -> bool:
    """Check whether a path names a file that a process has open, such as /dev/stdout."""
    while path.is_symlink():
        if _OPEN_FILES.fullmatch(os.path.realpath(path.parent)):
            return True
        path = path.parent / path.readlink()
    return _OPEN_FILES.fullmatch(str(path.parent)) is not None


def _append(path: Path, body: bytes) -> None:
    """Write to a path that cannot be replaced: a device, a pipe, an open file."""
    try:
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | _NO_WAIT)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "no process reads from that pipe") from None
        raise
    os.set_blocking(opened, True)
    with os.fdopen(opened, "wb") as file:
        file.write(body)


def _take_over(temporary: Path, old: os.stat_result, mode: int | None) -> None:
    """Copy the old file's owner, if allowed. Set ``mode``, or the old mode if it is None."""
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode) if mode is None else mode)
