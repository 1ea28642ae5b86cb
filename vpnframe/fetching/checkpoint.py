"""Store what an unfinished crawl has read in SQLite, so that it can be resumed.

It contains only redacted records, lies in a separate folder with mode 0600, and is removed when the
crawl is finished. It also contains the times of calls: a crawl that is resumed within the same
minute must not exceed the quota. What is written in one turn of the event loop is committed
together; ``settle`` waits for the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from vpnframe.cloud.rate_limits import Key
from vpnframe.errors import InventoryError, SettingsError
from vpnframe.fetching.set_aside import EMPTY, FOREIGN, files_of, put_aside
from vpnframe.model.records import Rows, Statement

log = logging.getLogger("vpnframe")
Answer = Statement | Rows
VERSION = 3
# Written into the file's header: no other program's SQLite file is taken for a checkpoint.
_APPLICATION_ID = int.from_bytes(b"vpnf")
# Without rowid: a separate index could be damaged alone, unnoticed by SQLite's quick check.
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
# As SQLite stores them.
_STATEMENTS = [statement.strip() for statement in _SCHEMA.split(";") if statement.strip()]
_NOTE = "INSERT OR REPLACE INTO about VALUES (?, ?, ?)"
_ANSWER = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)"
_SENT = "INSERT INTO calls (number, account, region, action) VALUES (?, ?, ?, ?)"
_ANSWERED = "UPDATE calls SET answered_at = ? WHERE number = ?"


class Checkpoint:
    """The checkpoint of one crawl; use as a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, is_resumed: bool) -> None:
        self._db = connection
        self._path = path
        self.is_resumed = is_resumed
        self.has_answers = bool(connection.execute("SELECT 1 FROM answers LIMIT 1").fetchall())
        (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM calls").fetchone()
        self._numbers: Iterator[int] = itertools.count(last + 1)
        # Rows to write by statement, in the order in which the statements must run.
        self._unwritten: dict[str, list[tuple[object, ...]]] = {
            statement: [] for statement in (_NOTE, _SENT, _ANSWERED, _ANSWER)
        }
        self._waiting: list[asyncio.Future[None]] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Answer).decode

    @property
    def folder(self) -> Path:
        """Folder of the checkpoint."""
        return self._path.parent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(*([InventoryError] if error is not None else [])):
            self.close()

    def close(self) -> None:
        """Close it, and keep it for another run if it has answers."""
        if not self.has_answers:
            self.discard()
            return
        with contextlib.closing(self._db):
            self._commit()

    async def settle(self) -> None:
        """Wait until everything written so far would survive a kill of this process."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._end_turn)
        self._waiting.append(loop.create_future())
        await self._waiting[-1]

    def _end_turn(self) -> None:
        """Commit what was written in this turn, and wake all waiters."""
        waiting, self._waiting = self._waiting, []
        problem = None
        try:
            self._commit()
        except InventoryError as error:
            problem = error
        for one in waiting:
            if one.done():  # its task was cancelled
                continue
            if problem is None:
                one.set_result(None)
            else:
                one.set_exception(InventoryError(str(problem)))

    def _commit(self) -> None:
        """Write all pending rows to disk, in one transaction."""
        batches = [(statement, rows) for statement, rows in self._unwritten.items() if rows]
        if not batches:
            return
        remedy = "; what was read before is kept: make room and go on with --resume"
        with self._translated(remedy), self._db:
            self._db.execute("BEGIN")
            for statement, rows in batches:
                self._db.executemany(statement, rows)
        # Only now: rows that a full disk refuses are retried when the checkpoint is closed.
        self._unwritten = {statement: [] for statement in self._unwritten}

    @contextlib.contextmanager
    def _translated(self, remedy: str = "") -> Iterator[None]:
        """Translate SQLite errors, such as a full disk, to InventoryError."""
        try:
            yield
        except sqlite3.Error as error:
            raise _unwritable(self._path, error, remedy) from None

    def _rows(self, query: str, values: Sequence[object]) -> list[Any]:
        with self._translated():
            return self._db.execute(query, values).fetchall()

    def recall(self, account: str, region: str, action: str, subject: str = "") -> Answer | None:
        """Return an answer that an earlier run read, or None."""
        if not self.is_resumed:
            return None
        rows = self._rows(
            "SELECT answer FROM answers WHERE account=? AND region=? AND action=? AND subject=?",
            (account, region, action, subject),
        )
        return self._decode(rows[0][0]) if rows else None

    async def keep(
        self, account: str, region: str, action: str, answer: Answer, *, subject: str = ""
    ) -> None:
        """Store an answer; it counts as read once this returns."""
        row = _with_checksum(account, region, action, subject, self._encode(answer))
        self._unwritten[_ANSWER].append(row)
        self.has_answers = True
        await self.settle()

    def note(self, name: str, value: str) -> None:
        """Store a fact about the crawl itself; it is on disk once this returns."""
        self._unwritten[_NOTE].append(_with_checksum(name, value))
        self._commit()

    def noted(self, name: str) -> str | None:
        """Return a fact about the crawl, or None."""
        rows = self._rows("SELECT value FROM about WHERE name=?", (name,))
        return str(rows[0][0]) if rows else None

    def call_sent(self, key: Key) -> int:
        """Record a call that is sent once this has settled; return its number."""
        number = next(self._numbers)
        self._unwritten[_SENT].append((number, *key))
        return number

    def call_answered(self, number: int, *, at: float) -> None:
        """Record when a call was answered or given up, in seconds since the epoch."""
        self._unwritten[_ANSWERED].append((at, number))

    def earlier_calls(self, *, since: float, now: float) -> Iterator[tuple[Key, float]]:
        """Yield the calls of earlier runs that a quota may still count.

        A call that was open when its run died counts as answered now: its time is unknown.
        """
        self._rows("UPDATE calls SET answered_at=? WHERE answered_at IS NULL", (now,))
        rows = self._rows(
            "SELECT account, region, action, answered_at FROM calls "
            "WHERE answered_at >= ? ORDER BY answered_at",
            (since,),
        )
        for account, region, action, at in rows:
            yield (account, region, action), at

    def discard(self) -> None:
        """Remove the checkpoint: the crawl is finished."""
        self.has_answers = False
        self._unwritten = {statement: [] for statement in self._unwritten}
        self._db.close()
        for path in files_of(self._path):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # one that was set aside stays
            self._path.parent.rmdir()


def checkpoint_path(folder: Path) -> Path:
    """Return the path of an inventory folder's checkpoint."""
    return folder / "_checkpoint" / "crawl.sqlite"


def open_checkpoint(folder: Path, *, purpose: Mapping[str, str], resume: bool) -> Checkpoint:
    """Open the checkpoint of an inventory folder, or create one."""
    path = checkpoint_path(folder)
    _refuse_links(path)
    found = _open_existing(path) if path.exists() else None
    if found is None:
        if resume:
            log.warning("nothing to resume in %s: everything is read from the beginning", folder)
        return _begin(path, purpose)
    if not resume:
        found.close()
        raise SettingsError(
            f"an unfinished crawl lies in {folder}: go on with --resume, or remove {path.parent}"
        )
    differing = [name for name, value in purpose.items() if found.noted(name) != value]
    if differing:
        found.close()
        raise SettingsError(
            f"the unfinished crawl in {folder} was for other {', '.join(differing)}: "
            f"ask for the same, or remove {path.parent}"
        )
    return found


def _refuse_links(path: Path) -> None:
    """Raise InventoryError for symbolic links, so that nothing is written outside this folder."""
    for one in (path.parent, *files_of(path)):
        if one.is_symlink():
            raise InventoryError(
                f"{one} is a symbolic link: no checkpoint is written through it, remove the link"
            )


def _begin(path: Path, purpose: Mapping[str, str]) -> Checkpoint:
    """Create a checkpoint, readable only by its owner from the start, and whole or empty."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.ExitStack() as stack:
            db = stack.enter_context(contextlib.closing(_connect(path)))
            _fill(db, purpose)
            checkpoint = Checkpoint(db, path, is_resumed=False)
            stack.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise _unwritable(path, error) from None
    return checkpoint


def _fill(db: sqlite3.Connection, purpose: Mapping[str, str]) -> None:
    """Create tables and facts in one transaction: a run that dies here leaves an empty file."""
    db.execute("BEGIN IMMEDIATE")
    for statement in _STATEMENTS:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {VERSION}")
    chance = {"fingerprint_key": secrets.token_hex(32), "draw": secrets.token_hex(8)}
    for name, value in {**purpose, **chance}.items():
        db.execute(_NOTE, _with_checksum(name, value))
    db.execute("COMMIT")


def _unwritable(path: Path, error: Exception, remedy: str = "") -> InventoryError:
    return InventoryError(f"the checkpoint {path} cannot be written: {error}{remedy}")


def _open_existing(path: Path) -> Checkpoint | None:
    """Open the checkpoint at ``path``; set one that cannot be trusted aside and return None."""
    try:
        with contextlib.ExitStack() as stack:
            db = stack.enter_context(contextlib.closing(_connect(path)))
            problem = _problem_of(db)
            if problem is None:
                checkpoint = Checkpoint(db, path, is_resumed=True)
                if checkpoint.has_answers:
                    stack.pop_all()
                    return checkpoint
                problem = EMPTY
    except _DAMAGED as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise SettingsError(f"another crawl is writing {path}: wait until it is done") from None
        problem = "damaged"
    try:
        put_aside(path, problem)
    except OSError as error:
        raise _unwritable(path, error) from None
    return None


# UnicodeDecodeError: the message quotes a damaged schema that is not valid text.
_DAMAGED = (sqlite3.Error, UnicodeDecodeError)


def _problem_of(db: sqlite3.Connection) -> str | None:
    """Return why a checkpoint cannot be trusted, or None; SQLite does not check row contents."""
    if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
        return "damaged"
    version = db.execute("PRAGMA user_version").fetchone()[0]
    owner = db.execute("PRAGMA application_id").fetchone()[0]
    if version == owner == 0 and db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (
        0,
    ):
        return EMPTY
    if owner != _APPLICATION_ID:
        return FOREIGN
    if version != VERSION:
        return f"of version {version}"
    made = [row[0] for row in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    if made != _STATEMENTS:
        return "damaged"
    rows = (row for table in ("answers", "about") for row in db.execute(f"SELECT * FROM {table}"))  # noqa: S608
    return None if all(_checksum(values) == checksum for *values, checksum in rows) else "damaged"


def _with_checksum(*values: str | bytes) -> tuple[str | bytes | int, ...]:
    return (*values, _checksum(values))


def _checksum(values: Sequence[object]) -> int:
    """Return a checksum of all values with their types: damage may turn a text into a number."""
    parts = (
        b"b" + v if isinstance(v, bytes) else f"{'t' if isinstance(v, str) else '?'}{v}".encode()
        for v in values
    )
    return zlib.crc32(b"\0".join(parts))


def _connect(path: Path) -> sqlite3.Connection:
    """Open the database so that every committed statement survives a kill of the process."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.2)
    try:
        # Two crawls must not write one checkpoint; the lock ends with its process.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
    except _DAMAGED:
        db.close()
        raise
    return db
