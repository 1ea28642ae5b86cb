"""``vpnframe fetch``."""

from __future__ import annotations

import shlex
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.options import (
    AccountsOption,
    CaFileOption,
    DeadlineOption,
    DownloadsOption,
    EndpointOption,
    OutOption,
    PskKeyFileOption,
    QuotaOption,
    QuotaShareOption,
    RegionOption,
    RoutesOption,
    SkipRegionOption,
    VerboseOption,
    WithoutKeyFactsOption,
    log_to_stderr,
    make_settings,
)
from vpnframe.cli.reading import saying
from vpnframe.cli.report import report
from vpnframe.cli.streams import drawing_stream
from vpnframe.errors import ClockWarning
from vpnframe.fetching.blocking import Interrupted, raise_interrupted
from vpnframe.fetching.checkpoint import checkpoint_path
from vpnframe.fetching.fetch import fetch
from vpnframe.fetching.progress import ProgressBar
from vpnframe.inventory import Inventory


def run(
    out: OutOption,
    accounts: AccountsOption = None,
    region: RegionOption = None,
    skip_region: SkipRegionOption = None,
    downloads: DownloadsOption = "all",
    routes: RoutesOption = True,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            envvar="VPNFRAME_RESUME",
            help="Continue the unfinished fetch of this folder.",
        ),
    ] = False,
    deadline: DeadlineOption = None,
    endpoint: EndpointOption = None,
    ca_file: CaFileOption = None,
    quota: QuotaOption = None,
    quota_share: QuotaShareOption = 0.5,
    without_key_facts: WithoutKeyFactsOption = False,
    psk_key_file: PskKeyFileOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Read the fleet of an account, or of several, into an inventory folder.

    Credentials come from where Alibaba Cloud's own tools find them: ALIBABA_CLOUD_ACCESS_KEY_ID
    and ALIBABA_CLOUD_ACCESS_KEY_SECRET, ~/.aliyun/config.json, or the machine's RAM role.
    """
    log_to_stderr(verbose)
    settings = make_settings(
        accounts=accounts,
        quota=quota,
        quota_share=quota_share,
        ca_file=ca_file,
        skip_region=skip_region,
        deadline=deadline,
    )
    settings = replace(
        settings,
        out=out,
        resume=resume,
        routes=routes,
        key_facts=not without_key_facts,
        psk_key_file=psk_key_file,
    )
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # and not ignored
            signal.signal(signal.SIGTERM, raise_interrupted)
        with saying(ClockWarning), ProgressBar(drawing_stream()) as bar:
            inventory = fetch(
                regions=region or None,
                downloads=downloads,
                endpoint=endpoint,
                settings=settings,
                on_event=bar,
            )
        report(inventory, out)
    except KeyboardInterrupt as stopped:
        _report_stopped(stopped, out)
        raise typer.Exit(128 + getattr(stopped, "number", signal.SIGINT)) from None
    except typer.Exit:
        _say_how_to_go_on(out)
        raise
    finally:
        if signal.getsignal(signal.SIGTERM) is raise_interrupted:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _report_stopped(stopped: KeyboardInterrupt, out: Path) -> None:
    """Report what was kept; ignore further interrupts, which would only cut that short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    result = stopped.result if isinstance(stopped, Interrupted) else None
    if isinstance(result, Inventory):
        with suppress(typer.Exit):
            report(result, out)
    elif stopped.__cause__ is not None:
        print(f"vpnframe: {stopped.__cause__}", file=sys.stderr)
    _say_how_to_go_on(out, "stopped; ")


def _say_how_to_go_on(out: Path, before: str = "") -> None:
    """Print the command that reads only what is missing, if there is a checkpoint to resume."""
    if checkpoint_path(out).exists():
        print(f"{before}continue with: {_resuming(sys.argv[1:])}", file=sys.stderr)


def _resuming(arguments: list[str]) -> str:
    """Return the same command with --resume: the options must stay the same."""
    more = [] if "--resume" in arguments else ["--resume"]
    return shlex.join(["vpnframe", *arguments, *more])
