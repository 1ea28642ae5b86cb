"""Inject faults into the answers of the emulator.

A fault kind (``Kind``) describes one fault. A fault plan (``FaultPlan``) selects the calls that get
this fault. If several plans select the same call, only the first of these plans has an effect.

The emulator processes a call with a fault like any other call. The call uses up its nonce and
counts against the quota and in ``State.calls``, even if no byte of the answer is sent, because the
cloud may count such a call too. There is one exception: If the fault is an error answer of the API,
the call uses up its nonce but is not counted.

A test can also add its own functions to ``State.faults``. These functions run before the plans. A
request that such a function answers counts only in ``State.n_requests``.

The answer to a call with a fault is a ``FaultyResponse``. The server closes the connection after
this answer. ``FaultyResponse.wire`` describes faults below HTTP, such as a reset of the connection.
A transport without a socket cannot show these faults, so it calls ``deliver`` to get the response
or the error that a client would receive:

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
