"""Store in SQLite what an unfinished fetch has read, so that the fetch can be resumed.

The file contains records without secrets, and the times of calls, so that a resumed fetch respects
the quota. Only its owner can read it; it is removed when the fetch is finished. All writes in one
iteration of the event loop are committed together; :meth:`Checkpoint.settle` waits for this commit.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import mmap
import os
import re
import secrets
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any, Self

import msgspec

from vpnframe.cloud.rate_limits import Key
from vpnframe.errors import InventoryError, SettingsError
from vpnframe.model.records import Rows, Statement

log = logging.getLogger("vpnframe")
Answer = Statement | Rows
VERSION = 3
# The file's header contains it, so that no other program's SQLite file is taken for a checkpoint.
_APPLICATION_ID = int.from_bytes(b"vpnf")
# WITHOUT ROWID: there is no separate index, whose damage SQLite's quick check would not notice.
_SCHEMA = """
CREATE TABLE about (
    name TEXT NOT NULL, value TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (name)
) WITHOUT ROWID;
CREATE TABLE answers (
    account TEXT NOT NULL, region TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
    answer BLOB NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (account, region, action, subject)
) WITHOUT ROWID;
CREATE TABLE calls (
    number INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, action TEXT NOT NULL,
    answered_at REAL
);
"""
# The statements in the form in which SQLite stores them.
_STATEMENTS = [statement.strip() for statement in _SCHEMA.split(";") if statement.strip()]
_CHECKS = (
    *("PRAGMA quick_check", "PRAGMA user_version", "PRAGMA application_id"),
    "SELECT count(*) FROM sqlite_schema",
)
_NOTE = "INSERT OR REPLACE INTO about VALUES (?, ?, ?)"
_EMPTY, _FOREIGN = "empty", "another program's file"
_KEY_NAME = b"fingerprint_key"
_KEY_DIGITS = re.compile(rb"(?<=fingerprint_key).{64}|[0-9a-f]{16,}", re.DOTALL)
# UnicodeDecodeError: SQLite's message quotes a damaged schema that is not valid UTF-8.
_DAMAGED = (sqlite3.Error, UnicodeDecodeError)


class Checkpoint:
    """The stored state of one unfinished fetch; use it as a context manager."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self.has_answers = bool(db.execute("SELECT 1 FROM answers LIMIT 1").fetchall())
        self.is_resumed = self.has_answers
        (last,) = db.execute("SELECT coalesce(max(number), 0) FROM calls").fetchone()
        self._numbers: Iterator[int] = itertools.count(last + 1)
        self._unwritten: list[tuple[str, Sequence[object]]] = []  # statements with their values
        self._turn: asyncio.Future[None] | None = None  # done when this turn's writes are on disk
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Answer).decode

    @property
    def folder(self) -> Path:
        """The folder that contains the checkpoint."""
        return self._path.parent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *more: object) -> None:
        with suppress(*([InventoryError] if kind is not None else [])):
            self.close()

    def close(self) -> None:
        """Close the checkpoint; if it contains no API response, remove its files."""
        if not self.has_answers:
            self.discard()
            return
        with closing(self._db):
            self._commit()

    def discard(self) -> None:
        """Close the checkpoint and remove its files."""
        self.has_answers, self._unwritten = False, []
        self._db.close()
        for path in _files_of(self._path):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # a file that was set aside stays in it
            self.folder.rmdir()

    async def settle(self) -> None:
        """Wait until everything written so far is committed, and survives a killed process."""
        if self._turn is None:
            loop = asyncio.get_running_loop()
            self._turn = loop.create_future()
            loop.call_soon(self._end_turn, self._turn)
        await asyncio.shield(self._turn)  # a cancelled waiter does not cancel it for others

    def _end_turn(self, turn: asyncio.Future[None]) -> None:
        """Commit what this iteration of the event loop wrote, and wake all waiting tasks."""
        self._turn = None
        try:
            self._commit()
        except InventoryError as error:
            turn.set_exception(error)
        else:
            turn.set_result(None)

    def _commit(self) -> None:
        if not self._unwritten:
            return
        try:
            with self._db:
                self._db.execute("BEGIN")
                for statement, values in self._unwritten:
                    self._db.execute(statement, values)
        except sqlite3.Error as error:  # such as a full disk
            remedy = "; what was read before is kept: free some space and continue with --resume"
            raise _unwritable(self._path, error, remedy) from None
        # Cleared only now: rows that a full disk refused are written again on close.
        self._unwritten = []

    def _rows(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _unwritable(self._path, error) from None

    def recall(self, account: str, region: str, action: str, subject: str = "") -> Answer | None:
        """Return the decoded API response that an earlier run stored, or None if there is none."""
        if not self.is_resumed:
            return None
        rows = self._rows(
            "SELECT answer FROM answers WHERE account=? AND region=? AND action=? AND subject=?",
            *(account, region, action, subject),
        )
        return self._decode(rows[0][0]) if rows else None

    async def keep(
        self, account: str, region: str, action: str, answer: Answer, *, subject: str = ""
    ) -> None:
        """Store a decoded API response; it is on disk when this method returns."""
        row = _with_checksum(account, region, action, subject, self._encode(answer))
        self._unwritten.append(("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row))
        self.has_answers = True
        await self.settle()

    def note(self, name: str, value: str) -> None:
        """Store a named value about the fetch; it is on disk when this method returns."""
        self._unwritten.append((_NOTE, _with_checksum(name, value)))
        self._commit()

    def noted(self, name: str) -> str | None:
        """Return the value that :meth:`note` stored under ``name``; None if there is none."""
        rows = self._rows("SELECT value FROM about WHERE name=?", name)
        return str(rows[0][0]) if rows else None

    def call_sent(self, key: Key) -> int:
        """Record a call and return its number; wait for :meth:`settle` before sending it."""
        number = next(self._numbers)
        statement = "INSERT INTO calls (number, account, region, action) VALUES (?, ?, ?, ?)"
        self._unwritten.append((statement, (number, *key)))
        return number

    def call_answered(self, number: int, *, at: float) -> None:
        """Record the time when a call ended, in seconds since the epoch."""
        self._unwritten.append(("UPDATE calls SET answered_at=? WHERE number=?", (at, number)))

    def earlier_calls(self, *, since: float, now: float) -> list[tuple[Key, float]]:
        """Return the rate-limit key and the end time of each call that ended at ``since`` or later.

        A call whose end was not recorded, because its run was killed, gets the end time ``now``.
        """
        self._rows("UPDATE calls SET answered_at=? WHERE answered_at IS NULL", now)
        rows = self._rows(
            "SELECT account, region, action, answered_at FROM calls "
            "WHERE answered_at >= ? ORDER BY answered_at",
            since,
        )
        return [((account, region, action), at) for account, region, action, at in rows]


def checkpoint_path(folder: Path) -> Path:
    """Return the path of the checkpoint in an inventory folder."""
    return folder / "_checkpoint" / "crawl.sqlite"


def _files_of(path: Path) -> list[Path]:
    """Return the paths of a checkpoint and of the files that SQLite may create beside it."""
    return [path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))]


def open_checkpoint(folder: Path, *, purpose: Mapping[str, str], resume: bool) -> Checkpoint:
    """Open the checkpoint in an inventory folder, or create one.

    An existing checkpoint is opened only with ``resume``, and only if ``purpose``, the options of
    the fetch, is unchanged. Otherwise, SettingsError is raised.
    """
    path = checkpoint_path(folder)
    for one in (path.parent, *_files_of(path)):
        if one.is_symlink():  # nothing is written outside this folder
            raise InventoryError(
                f"{one} is a symbolic link: remove it, as no checkpoint is written through a link"
            )
    found = _open_existing(path) if path.exists() else None
    if found is None:
        if resume:
            log.warning("nothing to resume in %s: everything is read from the beginning", folder)
        return _begin(path, purpose)
    differing = [name for name, value in purpose.items() if found.noted(name) != value]
    if resume and not differing:
        return found
    found.close()
    if resume:
        raise SettingsError(
            f"the unfinished fetch in {folder} had other options for {', '.join(differing)}: "
            f"repeat the options of that fetch, or remove {path.parent}"
        )
    raise SettingsError(
        f"there is an unfinished fetch in {folder}: continue it with --resume, or remove "
        f"{path.parent}"
    )


def _begin(path: Path, purpose: Mapping[str, str]) -> Checkpoint:
    """Create a checkpoint that only its owner can read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with ExitStack() as stack:
            db = _connect(path, stack)
            # In one transaction: a run that dies here leaves an empty file.
            db.execute("BEGIN IMMEDIATE")
            marks = (f"application_id = {_APPLICATION_ID}", f"user_version = {VERSION}")
            for statement in (*_STATEMENTS, *(f"PRAGMA {mark}" for mark in marks)):
                db.execute(statement)
            chance = {"fingerprint_key": secrets.token_hex(32), "draw": secrets.token_hex(8)}
            for name, value in (*purpose.items(), *chance.items()):
                db.execute(_NOTE, _with_checksum(name, value))
            db.execute("COMMIT")
            checkpoint = Checkpoint(db, path)
            stack.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise _unwritable(path, error) from None
    return checkpoint


def _unwritable(path: Path, error: Exception, remedy: str = "") -> InventoryError:
    return InventoryError(f"the checkpoint {path} cannot be written: {error}{remedy}")


def _open_existing(path: Path) -> Checkpoint | None:
    """Open the checkpoint at ``path``; if it cannot be used, rename it and return None."""
    try:
        with ExitStack() as stack:
            db = _connect(path, stack)
            problem = _problem_of(db)
            if problem is None:
                checkpoint = Checkpoint(db, path)
                if checkpoint.has_answers:
                    stack.pop_all()
                    return checkpoint
                problem = _EMPTY  # its run died before it had an answer
    except _DAMAGED as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise SettingsError(f"another fetch is writing {path}: wait until it is done") from None
        problem = "damaged"
    try:
        if problem != _EMPTY:
            _set_aside(path, problem)
        for one in _files_of(path):
            one.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return None


def _problem_of(db: sqlite3.Connection) -> str | None:
    """Return why a checkpoint cannot be used, for example because of damage; None if it can."""
    state, version, owner, n_tables = (db.execute(query).fetchone()[0] for query in _CHECKS)
    if state != "ok":
        return "damaged"
    if version == owner == n_tables == 0:
        return _EMPTY
    if owner != _APPLICATION_ID:
        return _FOREIGN
    if version != VERSION:
        return f"of version {version}"
    schema = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
    if [sql for (sql,) in schema] != _STATEMENTS:
        return "damaged"
    rows = itertools.chain(db.execute("SELECT * FROM answers"), db.execute("SELECT * FROM about"))
    return None if all(row == _with_checksum(*row[:-1]) for row in rows) else "damaged"


def _set_aside(path: Path, problem: str) -> None:
    """Rename a checkpoint that cannot be used, and overwrite the fingerprint key in it."""
    # Whoever has this key can test guesses of pre-shared keys against their fingerprints.
    if problem != _FOREIGN or _KEY_NAME in path.read_bytes():
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as body:
            for start, end in [found.span() for found in _KEY_DIGITS.finditer(body)]:
                body[start:end] = bytes(end - start)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unusable")
    path.rename(aside)
    log.warning("the checkpoint %s is %s: renamed to %s, not used", path, problem, aside.name)


def _with_checksum(*values: object) -> tuple[object, ...]:
    """Append to the values of a row a checksum of the values and their types."""
    parts = (
        b"b" + v if isinstance(v, bytes) else f"{'t' if isinstance(v, str) else '?'}{v}".encode()
        for v in values
    )
    return (*values, zlib.crc32(b"\0".join(parts)))


def _connect(path: Path, stack: ExitStack) -> sqlite3.Connection:
    """Open the database so that a kill loses no commit; ``stack`` will close the database."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
    stack.callback(db.close)
    # Two fetches must not write one checkpoint; the lock ends with its process.
    for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
        db.execute(f"PRAGMA {setting}")
    return db
