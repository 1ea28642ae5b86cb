"""Implement the command ``vpnframe fetch``, which reads a fleet from the cloud."""

from __future__ import annotations

import math
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated

from vpnframe.cli.cloud_options import FetchOptions, KeyOptions
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import printing_warnings, report
from vpnframe.cli.options import DEFAULT_FOLDER, OutOption, flag, option
from vpnframe.cli.streams import drawing_stream, note, warn
from vpnframe.errors import ClockWarning
from vpnframe.fetching.blocking import Interrupted, raise_interrupted
from vpnframe.fetching.checkpoint import checkpoint_path
from vpnframe.fetching.fetch import fetch
from vpnframe.fetching.progress import ProgressBar
from vpnframe.inventory import Inventory


def run(
    *,
    out: OutOption = DEFAULT_FOLDER,
    resume: Annotated[
        bool, flag("--resume", "Continue the unfinished fetch into this folder.")
    ] = False,
    deadline: Annotated[
        float | None,
        option(
            "SECONDS",
            "Stop after this time, and write what was read. --resume continues the fetch.",
        ),
    ] = None,
    keys: KeyOptions,
    options: FetchOptions,
) -> int:
    """Read the VPN fleet of one or several accounts into an inventory folder.

    The credentials are those of Alibaba Cloud's own tools: the environment variables
    ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, the file ~/.aliyun/config.json,
    or the RAM role of this machine.
    """
    deadline_s = math.inf if deadline is None else deadline
    asked = options.arguments(out=out, resume=resume, deadline_s=deadline_s, **keys.arguments())
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # neither ignored nor handled
            signal.signal(signal.SIGTERM, raise_interrupted)
        with printing_warnings(ClockWarning), ProgressBar(drawing_stream()) as bar:
            inventory = fetch(**asked, on_event=bar)
        code = report(inventory, out)
        if code == ExitCode.INCOMPLETE:
            _print_resuming(out)
        return code
    except KeyboardInterrupt as stopped:
        _report_stopped(stopped, out)
        return 128 + getattr(stopped, "number", signal.SIGINT)
    finally:
        if signal.getsignal(signal.SIGTERM) is raise_interrupted:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _report_stopped(stopped: KeyboardInterrupt, out: Path) -> None:
    """Report what was written before the fetch was stopped; ignore further signals meanwhile."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    result = stopped.result if isinstance(stopped, Interrupted) else None
    if isinstance(result, Inventory):
        report(result, out)
    elif stopped.__cause__ is not None:
        warn(str(stopped.__cause__))
    _print_resuming(out, "stopped; ")


def _print_resuming(out: Path, before: str = "") -> None:
    """If there is a checkpoint, print the command that continues the fetch."""
    if checkpoint_path(out).exists():
        more = [] if "--resume" in sys.argv else ["--resume"]
        note(f"{before}continue with: {shlex.join(['vpnframe', *sys.argv[1:], *more])}")
