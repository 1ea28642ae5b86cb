"""Apply the fault kind that strikes a call. The server applies what only a socket can show."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator.drifting import drift, vanish
from vpnframe.emulator.faults import FaultPlan, FaultyResponse, Kind, Wire
from vpnframe.emulator.faults.effects import (
    AsXml,
    Drift,
    Edit,
    Effect,
    Refuse,
    Replace,
    Rewrite,
    ShiftClock,
    Vanish,
)
from vpnframe.emulator.gate import Credential
from vpnframe.emulator.listing import Tree
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal
from vpnframe.emulator.state import State


class Exchange(Protocol):
    """One request while the service processes it."""

    @property
    def state(self) -> State:
        """The state of the emulator."""

    @property
    def request(self) -> Request:
        """The request as received."""

    @property
    def call(self) -> ReceivedCall:
        """The call that the request contains."""

    def pass_gate(self) -> Credential | Refusal:
        """Authenticate the caller, and use up the nonce."""

    def serve(self) -> Tree | Refusal:
        """Process the call completely, and count it."""

    def write(self, outcome: Tree | Refusal, *, is_xml: bool = False) -> Response:
        """Encode the outcome as a response."""


def find_kind(state: State, call: ReceivedCall) -> Kind | None:
    """Count a call for every plan that it matches; return the first kind that strikes it."""
    found: Kind | None = None
    for plan in state.faults:
        if not isinstance(plan, FaultPlan) or not plan.matches(call):
            continue
        state.n_matched[plan] += 1
        if found is None and plan.strikes(state.n_matched[plan]):
            found = plan.kind
    if found is not None:
        state.struck[found.name] += 1
    return found


def answer_faultily(kind: Kind, exchange: Exchange) -> FaultyResponse:
    """Answer a call that a fault kind strikes."""
    response = _response(kind.effect, exchange)
    wire = kind.effect if isinstance(kind.effect, Wire) else Wire()
    return FaultyResponse(
        response.status, response.headers, response.body, kind=kind.name, wire=wire
    )


def _response(effect: Effect, exchange: Exchange) -> Response:
    if isinstance(effect, Refuse):
        exchange.pass_gate()
        refusal = exchange.write(effect.refusal, is_xml=effect.is_xml)
        return replace(refusal, headers={**refusal.headers, **effect.headers})
    _disturb(effect, exchange)
    outcome = exchange.serve()
    if isinstance(effect, Edit) and not isinstance(outcome, Refusal):
        return exchange.write(effect.edit(outcome))
    if isinstance(effect, AsXml):
        written = exchange.write(outcome, is_xml=True)
        return replace(written, headers={**written.headers, "content-type": effect.content_type})
    written = exchange.write(outcome)
    if isinstance(effect, Replace):
        date = {"date": written.headers["date"]}
        return replace(effect.response, headers={**effect.response.headers, **date})
    return effect.rewrite(written) if isinstance(effect, Rewrite) else written


def _disturb(effect: Effect, exchange: Exchange) -> None:
    """Change the emulator's clock or data before it answers."""
    if isinstance(effect, ShiftClock):
        exchange.state.clock_offset_s = effect.seconds
    elif isinstance(effect, Vanish):
        vanish(exchange.state, exchange.request, exchange.call)
    elif isinstance(effect, Drift):
        drift(effect, exchange.state, exchange.request, exchange.call)
