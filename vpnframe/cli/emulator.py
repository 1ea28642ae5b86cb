"""``vpnframe emulator``."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from vpnframe.cli.output import write_file
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

PortOption = Annotated[
    int,
    typer.Option(envvar="VPNFRAME_EMULATOR_PORT", min=0, max=65535, help="0 takes a free one."),
]
ConnectionsOption = Annotated[
    int,
    typer.Option(envvar="VPNFRAME_EMULATOR_CONNECTIONS", min=0, help="Connections in the fleet."),
]
RegionsOption = Annotated[
    int, typer.Option(envvar="VPNFRAME_EMULATOR_REGIONS", min=1, help="Regions.")
]
AccountsOption = Annotated[
    int, typer.Option(envvar="VPNFRAME_EMULATOR_ACCOUNTS", min=1, help="Accounts.")
]
SeedOption = Annotated[
    int,
    typer.Option(envvar="VPNFRAME_EMULATOR_SEED", help="The same seed gives the same fleet."),
]
LatencyOption = Annotated[
    float,
    typer.Option(envvar="VPNFRAME_EMULATOR_LATENCY_MS", min=0, help="Added to every answer."),
]
QuotaWindowOption = Annotated[
    float,
    typer.Option(
        envvar="VPNFRAME_EMULATOR_QUOTA_WINDOW_S",
        min=0.001,
        help="Window of the quotas in seconds.",
    ),
]
QuotaModeOption = Annotated[
    Literal["sliding", "fixed"],
    typer.Option(envvar="VPNFRAME_EMULATOR_QUOTA_MODE", help="How the window moves."),
]
NoQuotaOption = Annotated[
    bool,
    typer.Option("--no-quota", envvar="VPNFRAME_EMULATOR_NO_QUOTA", help="No quotas at all."),
]
TlsOption = Annotated[
    bool,
    typer.Option("--tls", envvar="VPNFRAME_EMULATOR_TLS", help="HTTPS, under a CA of its own."),
]
AnswerKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--answer-key",
        envvar="VPNFRAME_EMULATOR_ANSWER_KEY",
        metavar="FILE",
        help="Write as JSON what was planted where, the tunnels and counts.",
    ),
]
FaultOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_EMULATOR_FAULT",
        metavar="KIND=RATE",
        help="Spoil this part of the calls, from 0 to 1; KIND@1,9 spoils those. Repeatable.",
    ),
]
ListFaultsOption = Annotated[
    bool,
    typer.Option(
        "--list-faults",
        envvar="VPNFRAME_EMULATOR_LIST_FAULTS",
        help="List the kinds of faults, and stop.",
    ),
]


def run(
    port: PortOption = 0,
    connections: ConnectionsOption = 300,
    regions: RegionsOption = 12,
    accounts: AccountsOption = 1,
    seed: SeedOption = 7,
    latency_ms: LatencyOption = 0,
    quota_window_s: QuotaWindowOption = 60,
    quota_mode: QuotaModeOption = "sliding",
    no_quota: NoQuotaOption = False,
    tls: TlsOption = False,
    answer_key_file: AnswerKeyOption = None,
    fault: FaultOption = None,
    list_faults: ListFaultsOption = False,
) -> None:
    """Run a local Alibaba Cloud VPN endpoint with a made-up fleet.

    The first line on standard output is JSON: the endpoint, and the access keys of its accounts.
    It stops on SIGTERM and on Ctrl-C. Nothing leaves this machine.
    """
    if list_faults:
        _print_kinds()
        return
    try:
        plans = [parse_fault(text, seed=seed) for text in fault or ()]
        fleet = make_fleet(
            connections=connections,
            regions=regions,
            accounts=accounts,
            seed=seed,
            now_ms=int(time.time() * 1000),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if answer_key_file is not None:
        key = json.dumps(answer_key(fleet), ensure_ascii=False, indent=1)
        write_file(answer_key_file, key.encode())
    state = make_state(
        fleet, quota_window_s=quota_window_s, quota_mode=quota_mode, quotas=not no_quota
    )
    state.faults.extend(plans)
    settings = ServerSettings(port=port, latency_ms=latency_ms, is_tls=tls)
    asyncio.run(_serve(state, settings))


async def _serve(state: State, settings: ServerSettings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        try:
            running = await stack.enter_async_context(serving(state, settings))
        except OSError as error:
            raise SettingsError(f"port {settings.port} cannot be used: {error.strerror}") from None
        print(json.dumps(announcement(running)), flush=True)
        await stopped.wait()


def _print_kinds() -> None:
    """Print the name of each fault, the failure it causes if it never stops, and its effect."""
    width = max(map(len, KINDS))
    for kind in KINDS.values():
        print(f"{kind.name:<{width}}  {kind.failure or '-':<11}  {kind.line}")
