"""Inject faults into the answers of the emulator.

A fault kind describes one fault, and a fault plan selects the calls that get it.

The emulator still serves a call with a fault. The call uses up its nonce and counts against the
quota and in ``State.calls``, even if no byte of the answer is sent, because the cloud may count it
too. Only a call that the fault refuses is not counted. If several plans select one call, only the
first of these plans has an effect.

``State.faults`` also accepts functions of a test. These functions run before the plans. A request
that a function answers counts only in ``State.n_requests``.

The answer to a call with a fault is a ``FaultyResponse``, after which a server closes the
connection. ``FaultyResponse.wire`` describes faults below HTTP, which need a socket. A transport
without a socket calls ``deliver`` to get the error that a client would see:

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
