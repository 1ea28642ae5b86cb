"""Serve a made-up fleet: the command ``vpnframe emulator``."""

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
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 0,
    connections: Annotated[int, typer.Option(min=0, help="Connections in the fleet.")] = 300,
    regions: Annotated[int, typer.Option(min=1, help="Regions.")] = 12,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same fleet.")] = 7,
    latency_ms: Annotated[float, typer.Option(min=0, help="Delay every answer by this.")] = 0,
    quota_window_s: Annotated[float, typer.Option(min=0.001, help="Quota window in seconds.")] = 60,
    quota_mode: Annotated[
        Literal["sliding", "fixed"], typer.Option(help="How the window moves.")
    ] = "sliding",
    no_quota: Annotated[bool, flag("--no-quota", "No quotas at all.")] = False,
    tls: Annotated[bool, flag("--tls", "HTTPS, with a certificate authority made for it.")] = False,
    answer_key_file: Annotated[
        Path | None, option("FILE", "Write what was planted where, as JSON.", "--answer-key")
    ] = None,
    fault: Annotated[
        list[str] | None,
        option(
            "KIND=RATE", "Fail this part of all calls, 0 to 1; KIND@1,9: calls 1 and 9. Repeatable."
        ),
    ] = None,
    list_faults: Annotated[bool, flag("--list-faults", "List all faults, and stop.")] = False,
) -> None:
    """Run a local Alibaba Cloud VPN endpoint with a made-up fleet.

    The first line on standard output is JSON: the endpoint, and the access keys of its accounts.
    It stops on SIGTERM and on Ctrl-C. Nothing leaves this machine.
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
    """Serve until SIGTERM or Ctrl-C."""
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
