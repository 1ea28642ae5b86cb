"""Implement the command ``vpnframe emulator``, which serves a made-up fleet."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from vpnframe.cli.options import flag, option
from vpnframe.cli.output import put
from vpnframe.emulator import (
    ServerSettings,
    State,
    announcement,
    answer_key,
    make_fleet,
    make_state,
    serving,
)
from vpnframe.emulator.faults import KINDS, parse_fault
from vpnframe.errors import SettingsError


def run(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port; 0 selects a free port.")
    ] = 0,
    connections: Annotated[
        int, typer.Option(min=0, help="Number of VPN connections in the fleet.")
    ] = 300,
    regions: Annotated[int, typer.Option(min=1, help="Number of regions in the fleet.")] = 12,
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts in the fleet.")] = 1,
    seed: Annotated[
        int, typer.Option(help="Seed of the random generator; the same seed makes the same fleet.")
    ] = 7,
    latency_ms: Annotated[
        float, typer.Option(min=0, help="Delay of every response in milliseconds.")
    ] = 0,
    quota_window_s: Annotated[
        float, typer.Option(min=0.001, help="Time window of the quotas in seconds.")
    ] = 60,
    quota_mode: Annotated[
        Literal["sliding", "fixed"],
        typer.Option(
            help="Whether the time window of the quotas slides, or restarts at fixed times."
        ),
    ] = "sliding",
    no_quota: Annotated[bool, flag("--no-quota", "Do not limit the number of calls.")] = False,
    tls: Annotated[
        bool, flag("--tls", "Serve HTTPS, with a certificate authority that is created at start.")
    ] = False,
    answer_key_file: Annotated[
        Path | None,
        option(
            "FILE",
            "Write a JSON file with the planted defects, counts and tunnel settings of the fleet.",
            "--answer-key",
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        option(
            "KIND=RATE",
            "Inject this fault into a share of all calls, from 0 to 1. KIND@1,9 injects it into "
            "calls 1 and 9. Repeatable.",
        ),
    ] = None,
    list_faults: Annotated[
        bool, flag("--list-faults", "List all kinds of faults, and exit.")
    ] = False,
) -> None:
    """Run a local emulator of Alibaba Cloud's VPN API, with a made-up fleet.

    The first line on standard output is JSON with the endpoint and the access keys of its accounts.
    The emulator runs until SIGTERM or Ctrl-C. No data leaves this machine.
    """
    if list_faults:
        # Name of the fault, failure that it causes if it never stops, and its effect.
        for kind in KINDS.values():
            print(f"{kind.name:<{max(map(len, KINDS))}}  {kind.failure or '-':<11}  {kind.line}")
        return
    try:
        plans = [parse_fault(text, seed=seed) for text in fault or ()]
        size = {"connections": connections, "regions": regions, "accounts": accounts}
        fleet = make_fleet(**size, seed=seed, now_ms=int(time.time() * 1000))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if answer_key_file is not None:
        key = json.dumps(answer_key(fleet), ensure_ascii=False, indent=1)
        put(key.encode(), answer_key_file)
    state = make_state(
        fleet, quota_window_s=quota_window_s, quota_mode=quota_mode, quotas=not no_quota
    )
    state.faults.extend(plans)
    asyncio.run(_serve(state, ServerSettings(port, latency_ms, is_tls=tls)))


async def _serve(state: State, settings: ServerSettings) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        try:
            running = await stack.enter_async_context(serving(state, settings))
        except OSError as error:
            raise SettingsError(f"port {settings.port} cannot be used: {error.strerror}") from None
        print(json.dumps(announcement(running)), flush=True)
        await stopped.wait()
