"""Replace the standard streams, so that closed or failing streams are handled."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, Self, TextIO, cast

from vpnframe.cli.exit_codes import ExitCode
from vpnframe.model.display import printable_lines

_FAILED = (ExitCode.ERROR, ExitCode.USAGE, ExitCode.INTERRUPTED)
_OUTPUT = "standard output cannot be written"


class _Output:
    """Wrapper of standard output that names standard output in the error if writing fails."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def buffer(self) -> _Output:
        return _Output(self._stream.buffer)

    def write(self, data: Any) -> int:
        try:
            return int(self._stream.write(data))
        except OSError as error:
            raise OSError(error.errno, _reason(error), _OUTPUT) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OSError(error.errno, _reason(error), _OUTPUT) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Messages:
    """Wrapper of standard error that removes control characters and ignores failed writes."""

    def __init__(self, stream: TextIO) -> None:
        self.unfiltered = stream
        self.has_lost = False

    def write(self, text: str) -> int:
        try:
            self.unfiltered.write(printable_lines(text))
        except OSError:
            self.has_lost = True
        return len(text)

    def isatty(self) -> bool:
        return False  # no colours, which are control characters

    def flush(self) -> None:
        try:
            self.unfiltered.flush()
        except OSError:
            self.has_lost = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


class Streams:
    """Context manager that replaces the standard streams while a command runs.

    If standard input or standard output was closed before the start, its first use fails. If
    standard error was closed or cannot be written, messages are lost, and the command continues.
    """

    def __enter__(self) -> Self:
        self._kept = sys.stdin, sys.stdout, sys.stderr
        # In this order: each file opened here takes the lowest free descriptor, that of its stream.
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
        """Flush the streams; return ``code``, or the code for an error if a stream failed."""
        try:
            self._output.flush()
        except OSError as error:
            _silence(self._output)
            if code not in _FAILED:
                code = ExitCode.ERROR
                if error.errno != errno.EPIPE:  # EPIPE: the reader stopped reading
                    print(f"vpnframe: {_OUTPUT}: {_reason(error)}", file=self._messages)
        self._messages.flush()
        if self._messages.has_lost:
            _silence(cast("TextIO", self._messages))
            code = code or ExitCode.ERROR
        return code


def warn(message: str) -> None:
    """Print a warning or an error on standard error, with the name of the program before it."""
    print(f"vpnframe: {message}", file=sys.stderr)


def note(text: str) -> None:
    """Print a remark on standard error, so that standard output contains only the result."""
    print(text, file=sys.stderr)


def drawing_stream() -> TextIO:
    """Return a stream to standard error that keeps control characters, for a progress bar."""
    stream: TextIO = getattr(sys.stderr, "unfiltered", sys.stderr)
    return stream


def describe(error: OSError) -> str:
    """Return a system error's reason, preceded by the file name if the error has one."""
    name = error.filename
    return _reason(error) if name is None else f"{os.fsdecode(name)}: {_reason(error)}"


def _reason(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"{error.strerror}: allow more, as with ulimit -n 1024"
    if error.errno == errno.EBADF:
        return "it is closed"
    return error.strerror or type(error).__name__


def _null(flags: int, mode: str) -> TextIO:
    """Open the null device; each read or write that ``flags`` do not allow fails."""
    return cast("TextIO", os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8"))


def _silence(stream: TextIO) -> None:
    """Redirect a stream to the null device, so that Python does not fail to flush it at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
