"""Implement the command ``vpnframe demo``, which reads a made-up fleet."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import Annotated

import pandas as pd

from vpnframe import stats
from vpnframe.cli.exit_codes import ExitCode
from vpnframe.cli.inventories import printing_warnings, write_and_report
from vpnframe.cli.options import option
from vpnframe.cli.output import TableOptions
from vpnframe.cli.overlaps import as_text, worst_first
from vpnframe.cli.streams import drawing_stream
from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.signing import Credentials
from vpnframe.emulator import make_fleet, make_state, serve_in_thread
from vpnframe.errors import IncompleteWarning
from vpnframe.fetching.fetch import fetch
from vpnframe.fetching.progress import ProgressBar
from vpnframe.fetching.settings import FetchSettings
from vpnframe.inventory import Inventory
from vpnframe.overlapping import overlaps

_WINDOW_S = 2.0
_COVERAGE = "region_id status n_expected n_read n_unattached n_calls n_throttled"


def run(
    *,
    out: Annotated[Path, option("DIR", "Write to this inventory folder.")] = Path("demo-inventory"),
) -> ExitCode:
    """Read a made-up fleet of 300 connections from a local emulator; no account is needed."""
    print(
        "A local emulator serves 300 connections in 12 regions. They are read over HTTP, signed "
        "and paged,\nunder the published quotas; their window is 2 s instead of 60 s, to save time."
    )
    started = time.monotonic()
    inventory = _fetch_from_emulator()
    print(f"read in {time.monotonic() - started:.1f} s\n\nCOVERAGE")
    TableOptions().print(inventory.coverage, brief=_COVERAGE.split())
    print("\nALGORITHMS IN USE")
    _print_algorithms(inventory.tunnels)
    with printing_warnings(IncompleteWarning):
        pairs = worst_first(overlaps(inventory))
    print(f"\nOVERLAPPING SUBNETS: {len(pairs)} overlaps inside one routing domain,")
    print("here one of each of the worst kinds:\n")
    worst = pairs.drop_duplicates("kind").head(4)
    TableOptions().print(worst, text=lambda width: as_text(worst, inventory.connections, width))
    print()
    code = write_and_report(inventory, out)
    program = sys.argv[0]
    print(f"next steps: {program} show {out} tunnels --limit 10")
    print(f"            {program} stats {out}")
    print(f"            {program} overlaps {out}")
    return code


def _fetch_from_emulator() -> Inventory:
    limits = {name: Limit(action.limit.count, per_s=_WINDOW_S) for name, action in ACTIONS.items()}
    fleet = make_fleet(now_ms=int(time.time() * 1000))
    state = make_state(fleet, quota_window_s=_WINDOW_S)
    with serve_in_thread(state) as cloud, ProgressBar(drawing_stream()) as bar:
        return fetch(
            endpoint=cloud.endpoint,
            credentials=Credentials(cloud.access_key_id, cloud.access_key_secret),
            settings=FetchSettings(quotas=limits),
            on_event=bar,
        )


def _print_algorithms(tunnels: pd.DataFrame) -> None:
    """Print for each column with algorithms its values and their shares, most frequent first."""
    counts = stats.algorithms(tunnels)
    width = shutil.get_terminal_size().columns
    shares = counts["value"].fillna("?") + counts["share"].map(" {:.0%}".format)
    for column, values in shares.groupby(counts["column"], sort=False):
        line = f"{column:17} {', '.join(values)}"
        print(textwrap.fill(line, width, subsequent_indent=" " * 18, break_on_hyphens=False))
