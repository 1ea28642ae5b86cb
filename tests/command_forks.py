"""Commands in processes of their own, forked from one that has imported everything.

A second is saved for each, and a signal reaches the command at a moment that a test chooses.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# A command is not reaped before its last signal: until then its number is its own.
FORKER = """
import json, os, resource, signal, sys, time
import vpnframe as vf
import vpnframe.fetching, vpnframe.inventory, aiohttp, sqlite3, pyarrow.parquet
from vpnframe.cli import COMMANDS, load_command, main

for name in COMMANDS:
    load_command(name)

def command(job):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(job["to"] + name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    if job["file_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["file_bytes"], job["file_bytes"]))
    sys.argv = ["vpnframe", *job["arguments"]]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        return end.code or 0
    except KeyboardInterrupt:  # before the command had begun, or after its end
        return 130

for line in sys.stdin:
    job, started = json.loads(line), time.monotonic()
    pid = os.fork()
    if pid == 0:
        os._exit(command(job))
    print(pid, flush=True)
    for after_s, number in job["signals"]:
        time.sleep(max(0.0, started + after_s - time.monotonic()))
        os.kill(pid, number)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Commands:
    """Runs commands one after the other."""

    process: subprocess.Popen[str]
    scratch: Path
    environment: Mapping[str, str]
    pid: int = 0

    def run(
        self,
        *arguments: object,
        signals: Sequence[tuple[float, int]] = (),
        file_bytes: int | None = None,
    ) -> Done:
        """Run one; each signal is sent so many seconds after its beginning.

        No file of it becomes longer than so many bytes, as on a full disk.
        """
        code, stdout, stderr = self.run_bytes(
            *arguments, signals=signals, file_bytes=file_bytes, environment=self.environment
        )
        return Done(code, stdout.decode(), stderr.decode())

    def run_bytes(
        self,
        *arguments: object,
        signals: Sequence[tuple[float, int]] = (),
        file_bytes: int | None = None,
        environment: Mapping[str, str],
    ) -> tuple[int, bytes, bytes]:
        """Run one in this process's folder and environment, with more variables."""
        job = {
            "arguments": [*map(str, arguments)],
            "signals": signals,
            "environment": {**os.environ, **environment},
            "folder": str(Path.cwd()),
            "file_bytes": file_bytes,
            "to": f"{self.scratch}/",
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        self.pid = int(self.process.stdout.readline())
        code = int(self.process.stdout.readline())
        self.pid = 0
        stdout, stderr = (self.scratch.joinpath(name).read_bytes() for name in ("stdout", "stderr"))
        return code, stdout, stderr


@contextmanager
def forked_commands(scratch: Path, environment: Mapping[str, str]) -> Iterator[Commands]:
    """Commands with these variables; what they print passes through a folder."""
    scratch.mkdir(exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", FORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Commands(process, scratch, environment)
        assert process.stdin is not None
        process.stdin.close()


@cache
def shared_commands() -> Commands:
    """Commands of this whole process, for tests that need no process of their own for them."""
    stack = ExitStack()
    scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    commands = stack.enter_context(forked_commands(scratch, {}))
    atexit.register(stack.close)
    return commands
