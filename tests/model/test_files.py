"""Files in and out: bounded, never waiting, whole or not at all."""

from __future__ import annotations

import io
import os
import resource
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpnframe.model.files import create_file, open_regular, read_file, read_stream, replace_file

FULL = Path("/dev/full")


@pytest.fixture
def full_disk() -> Iterator[None]:
    """A file may have 64 KiB and no more, as where the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    """The bound is part of it; a byte more is an error that names the bound."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 2**21)
    assert read_file(path, limit=2**21) == b"x" * 2**21
    with pytest.raises(OSError, match="the size limit of 1 MiB is exceeded"):
        read_file(path, limit=2**20)
    with pytest.raises(OSError, match="the size limit of 4 KiB is exceeded"):
        read_stream(io.BytesIO(bytes(4097)), limit=4096)


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    """As nothing."""
    (tmp_path / "a").touch()
    assert read_file(tmp_path / "a", limit=1) == b""


def test_no_more_of_an_endless_stream_is_read_than_its_bound() -> None:
    """Whatever it has."""

    class Endless(io.RawIOBase):
        n_read = 0

        def read(self, n_bytes: int = -1) -> bytes:
            self.n_read += n_bytes
            return bytes(n_bytes)

    stream = Endless()
    with pytest.raises(OSError, match="the size limit of 3 MiB is exceeded"):
        read_stream(stream, limit=3 * 2**20)
    assert stream.n_read == 3 * 2**20 + 1


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty", "/dev/full"])
def test_a_device_is_no_file(name: str) -> None:
    """It is not even opened."""
    with pytest.raises(OSError, match="it is a device, not a file"), open_regular(name):
        pass


def test_a_pipe_that_nobody_writes_to_does_not_wait(tmp_path: Path) -> None:
    """It is told at once what it is."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        read_file(tmp_path / "pipe", limit=1)


def test_a_file_that_becomes_a_pipe_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was opened is looked at, and not only what was there before."""
    path = tmp_path / "a"
    path.touch()
    inner = os.open

    def swapped(*args: object) -> int:
        path.unlink()
        os.mkfifo(path)
        return inner(*args)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(OSError, match="it is a pipe"):
        read_file(path, limit=1)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, full_disk: None) -> None:
    """And nothing beside it."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="File too large"):
        replace_file(path, bytes(2**17))
    with pytest.raises(OSError, match="File too large"):
        create_file(tmp_path / "new", bytes(2**17))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["fsync", "chmod", "replace"])
def test_whatever_fails_leaves_the_old_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also an interruption between writing and putting it in place."""

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, name, fail)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_is_whole_until_the_new_one_is(tmp_path: Path) -> None:
    """Whoever has it open reads on; whoever opens it has the one or the other."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old" * 100)
    with path.open("rb") as reading:
        replace_file(path, b"new")
        assert reading.read() == b"old" * 100
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o666])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    """Those of the file that is replaced; a private one is for its owner alone in any case."""
    path = tmp_path / "out.csv"
    path.touch()
    path.chmod(mode)
    replace_file(path, b"new")
    assert mode_of(path) == mode
    replace_file(path, b"new", mode=0o600)
    assert mode_of(path) == 0o600


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """As the process's mask says."""
    before = os.umask(0o027)
    replace_file(tmp_path / "a", b"new")
    replace_file(tmp_path / "b", b"new", mode=0o600)
    os.umask(before)
    assert (mode_of(tmp_path / "a"), mode_of(tmp_path / "b")) == (0o640, 0o600)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to anything")
def test_a_file_that_may_not_be_written_to_is_not_replaced(tmp_path: Path) -> None:
    """Its folder alone would let it."""
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(PermissionError):
        replace_file(path, b"new")


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    """Also one to a file that is not there yet, in another folder."""
    (tmp_path / "far").mkdir()
    for name in ("there", "not-yet"):
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
    (tmp_path / "far" / "there").write_bytes(b"old")
    for name in ("there", "not-yet"):
        replace_file(tmp_path / name, b"new")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "far" / name).read_bytes() == b"new"


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    """What is written first has a name of its own."""
    path = tmp_path / ("a" * 255)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_pipe_with_a_reader_is_written_to(tmp_path: Path) -> None:
    """It is not replaced by a file."""
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    reader = threading.Thread(target=lambda: got.append(io.FileIO(opened, closefd=False).read()))
    body = b"new" * 100_000  # more than a pipe holds
    writing = os.open(path, os.O_WRONLY)  # a reader ends when nobody writes any more
    reader.start()
    replace_file(path, body)
    os.close(writing)
    reader.join(20)
    os.close(opened)
    assert got == [body]
    assert stat.S_ISFIFO(path.stat().st_mode)


@pytest.mark.parametrize("is_link", [False, True])
def test_an_open_file_is_written_to_and_not_replaced(is_link: bool, tmp_path: Path) -> None:
    """As /dev/stdout is, which leads to a file that the shell has opened."""
    path = tmp_path / "log"
    with path.open("ab") as file:
        file.write(b"first ")
        file.flush()
        name = Path(f"/dev/fd/{file.fileno()}")
        if is_link:
            (tmp_path / "link").symlink_to(name)
        before = path.stat().st_ino
        replace_file(tmp_path / "link" if is_link else name, b"second")
    assert path.read_bytes() == b"first second"
    assert path.stat().st_ino == before


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_a_full_device_is_said() -> None:
    """And nothing is put in its place."""
    with pytest.raises(OSError, match="No space left"):
        replace_file(FULL, b"new")
    assert stat.S_ISCHR(FULL.stat().st_mode)
