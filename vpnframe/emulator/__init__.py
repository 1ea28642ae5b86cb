"""A local Alibaba Cloud VPN endpoint with a seeded fleet, real signatures, quotas and paging.

``make_fleet`` creates the fleet, ``answer_key`` lists the defects planted in it, ``handle`` answers
one request without a socket, and ``serve_in_thread`` serves the emulator on 127.0.0.1. From the
rest of the package, the emulator uses only the request and response classes.
"""

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
