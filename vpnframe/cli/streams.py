"""Standard input, output and error as a command finds them: closed, full, or with nobody there."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, Self, TextIO, cast

from vpnframe.model.display import printable_lines

_FAILED = frozenset({1, 2, 130})
_OUTPUT = "standard output cannot be written"


class _Output:
    """Standard output, whose errors say that they are of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def buffer(self) -> _Output:
        """The bytes below."""
        return _Output(self._stream.buffer)

    def write(self, data: Any) -> int:
        """Write, or say what cannot be written."""
        try:
            return int(self._stream.write(data))
        except OSError as error:
            raise OSError(error.errno, _reason(error), _OUTPUT) from None

    def flush(self) -> None:
        """Flush, or say what cannot be written."""
        try:
            self._stream.flush()
        except OSError as error:
            raise OSError(error.errno, _reason(error), _OUTPUT) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Messages:
    """Standard error: nothing on it is obeyed by a terminal, and what cannot be written is lost.

    Messages hold texts of others: of servers, names, files. A full log must not stop a command.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.has_lost = False

    def write(self, text: str) -> int:
        """Write without control characters, or lose it."""
        try:
            self._stream.write(printable_lines(text))
        except OSError:
            self.has_lost = True
        return len(text)

    def isatty(self) -> bool:
        """No: colours would be taken out again."""
        return False

    @property
    def unfiltered(self) -> TextIO:
        """The stream below, for what draws: a progress bar."""
        return self._stream

    def flush(self) -> None:
        """Flush, or lose it."""
        try:
            self._stream.flush()
        except OSError:
            self.has_lost = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Streams:
    """Replace what was closed before the start, and let standard error never stop a command.

    Standard input and output that were closed fail as soon as they are needed; what goes to a
    closed standard error is lost, as was asked for.
    """

    def __enter__(self) -> Self:
        self._kept = sys.stdin, sys.stdout, sys.stderr
        # In this order: what is opened takes the lowest free number, so that no file of ours does.
        sys.stdin = sys.stdin or _null(os.O_WRONLY, "r")
        self._output = sys.stdout or _null(os.O_RDONLY, "w")
        self._messages = _Messages(sys.stderr or _null(os.O_WRONLY, "w"))
        sys.stdout = cast("TextIO", _Output(self._output))
        sys.stderr = cast("TextIO", self._messages)
        return self

    def __exit__(self, *_: object) -> None:
        opened = [sys.stdin, self._output, self._messages]
        sys.stdin, sys.stdout, sys.stderr = self._kept
        for kept, stream in zip(self._kept, opened, strict=True):
            if kept is None:
                stream.close()

    def flush(self, code: int) -> int:
        """Write out what was printed; the exit code, which tells where that cannot be done."""
        try:
            self._output.flush()
        except OSError as error:
            _silence(self._output)
            if code not in _FAILED:
                code = 1
                if error.errno != errno.EPIPE:  # that reader has seen enough
                    print(f"vpnframe: {_OUTPUT}: {_reason(error)}", file=self._messages)
        self._messages.flush()
        if self._messages.has_lost:
            _silence(cast("TextIO", self._messages))
            code = code or 1
        return code


def drawing_stream() -> TextIO:
    """Standard error as a progress bar needs it."""
    stream: TextIO = getattr(sys.stderr, "unfiltered", sys.stderr)
    return stream


def describe(error: OSError) -> str:
    """Say what the system refused, and of what."""
    name = error.filename
    return _reason(error) if name is None else f"{os.fsdecode(name)}: {_reason(error)}"


def _reason(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{error.strerror}: allow more, as with ulimit -n 1024"
    if error.errno == errno.EBADF:
        return "it is closed"
    return error.strerror or type(error).__name__


def _null(flags: int, mode: str) -> TextIO:
    """The null device, open for the other direction where its use is to fail."""
    return cast("TextIO", os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def _silence(stream: TextIO) -> None:
    """Let nothing more be written, not even at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
