"""An emulator of Alibaba Cloud's VPN API that shares only Request and Response with the client."""

from __future__ import annotations

from vpnframe.emulator.answer_key import answer_key
from vpnframe.emulator.fleet.making import make_fleet
from vpnframe.emulator.fleet.model import (
    EmulatedAccount,
    EmulatedConnection,
    EmulatedFleet,
    EmulatedTunnel,
)
from vpnframe.emulator.server import (
    RunningEmulator,
    ServerSettings,
    announcement,
    serve_in_thread,
    serving,
)
from vpnframe.emulator.service import handle
from vpnframe.emulator.state import State, make_state

__all__ = [
    "EmulatedAccount",
    "EmulatedConnection",
    "EmulatedFleet",
    "EmulatedTunnel",
    "RunningEmulator",
    "ServerSettings",
    "State",
    "announcement",
    "answer_key",
    "handle",
    "make_fleet",
    "make_state",
    "serve_in_thread",
    "serving",
]
