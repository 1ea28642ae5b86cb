"""An emulator of Alibaba Cloud's VPN API, with signature checks, quotas and paged lists.

``make_fleet`` generates the resources, ``answer_key`` lists the defects planted among them,
``handle`` answers one request without a socket, and ``serve_in_thread`` serves the emulator on
127.0.0.1. The emulator shares no code with the rest of the package except the classes ``Request``
and ``Response``.
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
