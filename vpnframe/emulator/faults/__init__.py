"""Injected faults: kinds by name, and when they strike.

A call that a kind strikes is still served: its nonce is used up, and it counts against the quota
and in ``State.calls``, even if no byte of the answer leaves the server, because the cloud may have
counted it too. Refusals come from the cloud's gate: they use up the nonce but no quota. If several
plans strike one call, the first one acts.

``State.faults`` also accepts callables of a test. They run first; a call that they answer counts
only in ``State.n_requests``.

A struck call is answered with a ``FaultyResponse``, and over a socket its connection ends with it.
Only a socket can show its ``wire``; a transport without a socket calls ``deliver`` for the
equivalent error:

>>> from vpnframe.emulator import handle, make_fleet, make_state
>>> from vpnframe.cloud.messages import Request
>>> state = make_state(make_fleet(connections=0, regions=1))
>>> state.faults.append(fault("reset-during-body", positions=[1]))
>>> response = handle(state, Request("GET", "http://127.0.0.1/"), 0.0)
>>> deliver(response, timeout_s=30.0)
Delivery(after_s=0.0, outcome=ConnectionResetError('reset-during-body'))
"""

from __future__ import annotations

from vpnframe.emulator.faults.kinds import KINDS, Kind
from vpnframe.emulator.faults.plans import Fault, FaultPlan, fault, parse_fault
from vpnframe.emulator.faults.wire import Delivery, FaultyResponse, Wire, deliver

__all__ = [
    "KINDS",
    "Delivery",
    "Fault",
    "FaultPlan",
    "FaultyResponse",
    "Kind",
    "Wire",
    "deliver",
    "fault",
    "parse_fault",
]
