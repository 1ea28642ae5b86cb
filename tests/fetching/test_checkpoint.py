"""The checkpoint of an unfinished crawl: what it keeps, who may read it, when it is not trusted."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vpnframe.errors import InventoryError, SettingsError
from vpnframe.fetching.checkpoint import Checkpoint, checkpoint_path, open_checkpoint
from vpnframe.model.records import Gateway, Rows, Statement

PURPOSE = {"regions": "all", "downloads": "all"}
KEY = ("1234", "cn-shanghai", "DescribeRegions")
STATEMENT = Statement(witness="download", vpn_connection_id="vco-1", name="Ünique")
GATEWAY = msgspec.Raw(msgspec.msgpack.encode(Gateway(gateway_id="vpn-1", kind="vpn")))
ROWS = Rows(rows=(GATEWAY,), n_expected=2, is_stable=False)


def opened(folder: Path, *, resume: bool = False, **purpose: str) -> Checkpoint:
    return open_checkpoint(folder, purpose=PURPOSE | purpose, resume=resume)


def kept(folder: Path) -> Path:
    """A checkpoint with two answers, of a run that died."""
    with opened(folder) as checkpoint:
        asyncio.run(keep_both(checkpoint))
        number = checkpoint.call_sent(KEY)
        checkpoint.call_answered(number, at=1000.0)
        checkpoint.call_sent(KEY)
    return checkpoint_path(folder)


async def keep_both(checkpoint: Checkpoint) -> None:
    await checkpoint.keep(*KEY, ROWS)
    await checkpoint.keep("1234", "cn-shanghai", "Download", STATEMENT, subject="vco-1")


def aside(folder: Path) -> list[Path]:
    return list(checkpoint_path(folder).parent.glob("*.unusable"))


def test_answers_come_back(tmp_path: Path) -> None:
    """Equal, and only under their own names."""
    kept(tmp_path)
    with opened(tmp_path, resume=True) as checkpoint:
        assert checkpoint.is_resumed
        assert checkpoint.recall(*KEY) == ROWS
        assert checkpoint.recall("1234", "cn-shanghai", "Download", "vco-1") == STATEMENT
        assert checkpoint.recall("1234", "cn-shanghai", "Download", "vco-2") is None
        assert checkpoint.recall("9999", "cn-shanghai", "DescribeRegions") is None


def test_the_keys_of_a_crawl_stay_the_same(tmp_path: Path) -> None:
    """Both halves fingerprint and draw alike; another crawl does not."""
    names = ("fingerprint_key", "draw")
    with opened(tmp_path / "a") as one, opened(tmp_path / "b") as other:
        first = [one.noted(name) for name in names]
        asyncio.run(keep_both(one))
        assert not set(first) & {other.noted(name) for name in names}
    with opened(tmp_path / "a", resume=True) as again:
        assert [again.noted(name) for name in names] == first


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """Mode 0600 in a folder of 0700, companions too, whatever the umask."""
    mask = os.umask(0)
    try:
        with opened(tmp_path) as checkpoint:
            checkpoint.note("seen", "yes")
            folder = checkpoint_path(tmp_path).parent
            files = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            assert (files, stat.S_IMODE(folder.stat().st_mode)) == ({0o600}, 0o700)
    finally:
        os.umask(mask)


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    """Also one that was there before."""
    checkpoint_path(tmp_path).parent.mkdir(mode=0o755)
    with opened(tmp_path):
        assert stat.S_IMODE(checkpoint_path(tmp_path).parent.stat().st_mode) == 0o700


def test_a_finished_crawl_leaves_nothing(tmp_path: Path) -> None:
    """Neither files nor the folder."""
    opened(tmp_path).discard()
    assert list(tmp_path.iterdir()) == []


def test_a_finished_crawl_has_nothing_left_to_write(tmp_path: Path) -> None:
    """A call that was answered last needs no commit any more."""
    with opened(tmp_path) as checkpoint:
        checkpoint.call_answered(checkpoint.call_sent(KEY), at=1000.0)
        checkpoint.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_must_say_that_it_goes_on(tmp_path: Path) -> None:
    """It is refused with what can be done, and the checkpoint stays."""
    path = kept(tmp_path)
    with pytest.raises(
        SettingsError,
        match=rf"unfinished fetch in .*: continue it with --resume, or remove {path.parent}",
    ):
        opened(tmp_path)
    with opened(tmp_path, resume=True) as checkpoint:
        assert checkpoint.recall(*KEY) == ROWS


def test_going_on_with_another_purpose_is_refused(tmp_path: Path) -> None:
    """What differs is named, and the checkpoint stays."""
    path = kept(tmp_path)
    with pytest.raises(
        SettingsError,
        match=r"had other options for regions: repeat the options of that fetch, or remove",
    ):
        opened(tmp_path, resume=True, regions="cn-shanghai")
    assert path.exists()


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    """A checkpoint that is in use is neither shared nor taken for damaged."""
    with opened(tmp_path) as checkpoint:
        with pytest.raises(SettingsError, match="another fetch is writing"):
            opened(tmp_path, resume=True)
        checkpoint.note("still", "here")
    assert aside(tmp_path) == []


def test_nothing_to_resume_is_a_beginning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Asked to go on where nothing lies, a crawl begins, and says so."""
    with opened(tmp_path, resume=True) as checkpoint:
        assert not checkpoint.is_resumed
    assert f"nothing to resume in {tmp_path}" in caplog.text


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_checkpoint_without_an_answer_stops_nobody(
    is_killed: bool, resume: bool, tmp_path: Path
) -> None:
    """Calls without answers are nothing to go on with, whatever they were for."""
    with opened(tmp_path / "a", regions="cn-shanghai") as checkpoint:
        checkpoint.call_answered(checkpoint.call_sent(KEY), at=1000.0)
        checkpoint.note("account ", "1234")
        if is_killed:
            (tmp_path / "b").mkdir()
            shutil.copytree(checkpoint.folder, tmp_path / "b" / "_checkpoint")
    assert not checkpoint_path(tmp_path / "a").exists()
    with opened(tmp_path / "b", resume=resume) as checkpoint:
        assert not checkpoint.is_resumed
        assert checkpoint.noted("account ") is None
        assert list(checkpoint.earlier_calls(since=0.0, now=1000.0)) == []


@pytest.mark.parametrize("is_folder", [True, False], ids=["folder", "file"])
@pytest.mark.parametrize("is_dangling", [True, False])
def test_a_checkpoint_behind_a_symbolic_link_is_refused(
    is_dangling: bool, is_folder: bool, tmp_path: Path
) -> None:
    """Neither read nor written through: what is behind it stays as it is."""
    elsewhere = kept(tmp_path / "elsewhere")
    target = elsewhere.parent if is_folder else elsewhere
    body = elsewhere.read_bytes()
    link = tmp_path / "a" / ("_checkpoint" if is_folder else "_checkpoint/crawl.sqlite")
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "nowhere" if is_dangling else target)
    for resume in (True, False):
        with pytest.raises(InventoryError, match=f"{link} is a symbolic link"):
            opened(tmp_path / "a", resume=resume)
    assert not (tmp_path / "nowhere").exists()
    assert elsewhere.read_bytes() == body


def set_pragma(path: Path, pragma: str) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA {pragma}")
    db.close()


def spoil_answer(path: Path) -> None:
    """Another answer in a row that SQLite finds in order."""
    db = sqlite3.connect(path)
    db.execute("UPDATE answers SET subject = 'vco-2' WHERE subject = 'vco-1'")
    db.commit()
    db.close()


def spoil_type(path: Path) -> None:
    """A name that is no text any more: it would not be found, and the fact not be missed."""
    db = sqlite3.connect(path)
    db.execute("UPDATE about SET name = CAST(name AS BLOB) WHERE name = 'draw'")
    db.commit()
    db.close()


def spoil_schema(path: Path) -> None:
    """A column of another name, in a file that SQLite finds in order."""
    path.write_bytes(path.read_bytes().replace(b"answer BLOB", b"answes BLOB"))


def foreign(path: Path) -> None:
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE answers (x)")
    db.execute("PRAGMA user_version = 1")
    db.close()


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"not a database" * 100), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged"),
        (lambda path: set_pragma(path, "user_version = 99"), "of version 99"),
        (spoil_answer, "damaged"),
        (spoil_type, "damaged"),
        (spoil_schema, "damaged"),
        (foreign, "another program's file"),
    ],
    ids=["text", "cut off", "version", "answer", "type", "schema", "foreign"],
)
def test_what_cannot_be_trusted_is_set_aside(
    spoil: object, said: str, resume: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said so, the file is kept under another name, and nothing of it is used."""
    path = kept(tmp_path)
    with opened(tmp_path, resume=True) as checkpoint:
        key = (checkpoint.noted("fingerprint_key") or "").encode()
    assert key in path.read_bytes()
    assert callable(spoil)
    spoil(path)
    with caplog.at_level(logging.WARNING), opened(tmp_path, resume=resume) as checkpoint:
        assert not checkpoint.is_resumed
        assert checkpoint.recall(*KEY) is None
    assert f"{path} is {said}: renamed to" in caplog.text
    (left,) = aside(tmp_path)
    assert key not in left.read_bytes()


@settings(max_examples=25)
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@example(at=12054 / 16384, flip=128)  # a text that is a number then
@example(at=0.22309589302717428, flip=128)  # in the schema: SQLite's own message is no text then
def test_a_flipped_byte_never_changes_an_answer(
    at: float, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Wherever it is: the checkpoint is set aside, or gives what was kept, or nothing."""
    folder = tmp_path_factory.mktemp("flipped")
    path = kept(folder)
    with opened(folder, resume=True) as checkpoint:
        key = (checkpoint.noted("fingerprint_key") or "").encode()
    body = bytearray(path.read_bytes())
    body[int(at * len(body))] ^= flip
    path.write_bytes(body)
    with opened(folder, resume=True) as checkpoint:
        assert checkpoint.recall(*KEY) in (ROWS, None)
        assert checkpoint.recall("1234", "cn-shanghai", "Download", "vco-1") in (STATEMENT, None)
        assert checkpoint.is_resumed is not bool(aside(folder))
    for left in aside(folder):
        half = len(key) // 2
        assert key[:half] not in left.read_bytes()
        assert key[half:] not in left.read_bytes()


@pytest.mark.parametrize("body", [b"", None], ids=["no byte", "no table"])
def test_a_run_that_died_before_it_began_left_nothing(body: bytes | None, tmp_path: Path) -> None:
    """An empty file is no checkpoint, and nothing to set aside."""
    path = checkpoint_path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"")
    if body is None:
        set_pragma(path, "journal_mode = WAL")
    with opened(tmp_path, resume=True) as checkpoint:
        assert not checkpoint.is_resumed
    assert aside(tmp_path) == []


def test_earlier_calls_count_from_their_answer(tmp_path: Path) -> None:
    """One that was under way counts as answered when the crawl goes on, once and for all."""
    kept(tmp_path)
    with opened(tmp_path, resume=True) as checkpoint:
        assert list(checkpoint.earlier_calls(since=990.0, now=1030.0)) == [
            (KEY, 1000.0),
            (KEY, 1030.0),
        ]
        assert list(checkpoint.earlier_calls(since=1001.0, now=1050.0)) == [(KEY, 1030.0)]


def test_a_checkpoint_that_cannot_be_written_is_an_error_of_the_folder(tmp_path: Path) -> None:
    """From the beginning, and in the middle of a crawl."""
    (tmp_path / "_checkpoint").write_text("a file where the folder should be")
    with pytest.raises(InventoryError, match="cannot be written"):
        opened(tmp_path)
    checkpoint = opened(tmp_path / "good")
    checkpoint.close()
    with pytest.raises(InventoryError, match="cannot be written: Cannot operate on a closed"):
        asyncio.run(checkpoint.keep(*KEY, ROWS))


def test_a_checkpoint_says_nothing_of_what_it_holds(tmp_path: Path) -> None:
    """Its repr shows no key."""
    with opened(tmp_path) as checkpoint:
        assert (checkpoint.noted("fingerprint_key") or "?") not in repr(checkpoint)


def copy_of(folder: Path, copy: Path) -> Checkpoint:
    """What a process that is killed just now leaves, opened by the next."""
    copy.joinpath("_checkpoint").mkdir(parents=True)
    for path in checkpoint_path(folder).parent.iterdir():
        copy.joinpath("_checkpoint", path.name).write_bytes(path.read_bytes())
    return open_checkpoint(copy, purpose=PURPOSE, resume=True)


def test_what_was_kept_survives_a_kill_and_what_was_not_may_not(tmp_path: Path) -> None:
    """On disk when keep() returns; a call when its turn has settled, and not before."""

    async def run() -> None:
        with opened(tmp_path / "a") as checkpoint:
            await checkpoint.keep(*KEY, ROWS)
            checkpoint.call_sent(KEY)
            with copy_of(tmp_path / "a", tmp_path / "b") as left:
                assert left.recall(*KEY) == ROWS
                assert list(left.earlier_calls(since=0.0, now=10.0)) == []
            await checkpoint.settle()
            with copy_of(tmp_path / "a", tmp_path / "c") as left:
                assert list(left.earlier_calls(since=0.0, now=10.0)) == [(KEY, 10.0)]

    asyncio.run(run())


def test_answers_of_one_turn_share_a_transaction(tmp_path: Path) -> None:
    """Many tasks wait for one commit."""
    statements: list[str] = []

    async def run() -> None:
        with opened(tmp_path) as checkpoint:
            checkpoint._db.set_trace_callback(statements.append)
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(checkpoint.keep(*KEY, ROWS, subject=str(number)))

    asyncio.run(run())
    assert statements.count("COMMIT") == 1
    assert sum(statement.startswith("INSERT") for statement in statements) == 20


def test_a_task_that_is_cancelled_while_it_waits_costs_no_other(tmp_path: Path) -> None:
    """The others' answers are kept, and they are told so."""

    async def run() -> None:
        with opened(tmp_path) as checkpoint:
            tasks = [
                asyncio.create_task(checkpoint.keep(*KEY, ROWS, subject=name))
                for name in ("a", "b")
            ]
            await asyncio.sleep(0)
            tasks[0].cancel()
            done, _ = await asyncio.wait(tasks)
            assert {task.cancelled() for task in done} == {True, False}

    asyncio.run(run())
    with opened(tmp_path, resume=True) as checkpoint:
        assert checkpoint.recall(*KEY, "b") == ROWS


def test_everybody_who_waits_hears_of_a_commit_that_failed(tmp_path: Path) -> None:
    """None of the answers counts as read."""

    async def run() -> list[object]:
        checkpoint = opened(tmp_path)
        keeps = [checkpoint.keep(*KEY, ROWS, subject=name) for name in ("a", "b")]
        tasks = [asyncio.create_task(keep) for keep in keeps]
        checkpoint._db.close()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(problem) for problem in asyncio.run(run())] == [InventoryError, InventoryError]


def test_numbers_of_calls_go_on_where_an_earlier_run_stopped(tmp_path: Path) -> None:
    """No call of another run is overwritten."""
    kept(tmp_path)
    with opened(tmp_path, resume=True) as checkpoint:
        assert checkpoint.call_sent(KEY) == 3
