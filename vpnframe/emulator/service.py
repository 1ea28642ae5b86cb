"""Answer requests as the cloud would, without a socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import refusals
from vpnframe.emulator.connection_rows import download_config
from vpnframe.emulator.drifting import drift
from vpnframe.emulator.encoding import STS_VERSION, Tree, write_response
from vpnframe.emulator.faults import FaultPlan, FaultyResponse, Kind
from vpnframe.emulator.fleet.quirks import pick
from vpnframe.emulator.gate import Credential, authenticate
from vpnframe.emulator.holdings import Holdings
from vpnframe.emulator.listing import LISTS, EmulatedListCall
from vpnframe.emulator.parameters import ReceivedCall, read_call
from vpnframe.emulator.refusals import Refusal, RefusalError
from vpnframe.emulator.rows import region_row
from vpnframe.emulator.state import State
from vpnframe.emulator.unset import SHAPES, fill

_ROLE = re.compile(r"acs:ram::([0-9]+):role/([A-Za-z0-9._-]+)")


def handle(state: State, request: Request, now: float) -> Response:
    """Return the emulator's response to one request; ``now`` is in seconds since the epoch."""
    state.n_requests += 1
    for fault in state.faults:
        if not isinstance(fault, FaultPlan) and (response := fault(request, state.n_requests)):
            return response
    exchange = _Exchange(state, request, read_call(request), now)
    kind = state.find_fault(exchange.call)
    return exchange.write(exchange.serve()) if kind is None else exchange.fail(kind)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request that is being answered, with the emulator's state and the current time."""

    state: State
    request: Request
    call: ReceivedCall
    now: float

    @property
    def gate_now(self) -> float:
        """The server's time with injected clock error, for signatures and the ``Date`` header."""
        return self.now + self.state.clock_offset_s

    def holdings(self, credential: Credential) -> Holdings:
        """Return the resources of the caller's account in the requested region."""
        return self.state.holdings_of(credential.account_id, self.call.region_id)

    def finish(self, row: Tree) -> Tree:
        """Give unset fields the form ``State.shape`` or, if None, one that varies by row."""
        what = "/".join(map(str, [*row.values()][:3]))
        shape = self.state.shape or SHAPES[pick(what, "unset", len(SHAPES))]
        return fill(row, self.call.action, shape)

    def pass_gate(self) -> Credential:
        """Authenticate the caller of the request, and mark the request's nonce as used."""
        state = self.state
        return authenticate(self.request, state.credentials, state.nonces, now=self.gate_now)

    def serve(self) -> Tree | Refusal:
        """Return the answer to the call, or the error with which the cloud would refuse it."""
        try:
            return self._answer()
        except RefusalError as error:
            return error.refusal

    def _answer(self) -> Tree:
        """Check the signature, quota and parameters in the same order as the cloud, then answer."""
        state, call = self.state, self.call
        if self.request.method not in ("GET", "POST"):
            raise RefusalError(refusals.UNSUPPORTED_METHOD)
        credential = self.pass_gate()
        if not call.action:
            raise RefusalError(refusals.missing_parameter("Action"))
        if (action := _ACTIONS.get(call.action)) is None:
            raise RefusalError(refusals.UNKNOWN_ACTION)
        if not call.version:
            raise RefusalError(refusals.missing_parameter("Version"))
        if call.version != action.version:
            raise RefusalError(refusals.UNKNOWN_VERSION)
        key = (credential.account_id, call.region_id, call.action)
        wait_s = state.meter.admit(key, now=self.now)
        (state.calls if wait_s is None else state.throttled)[key] += 1
        if wait_s is not None:
            after_ms = int(wait_s * 1000) + 1 if state.has_retry_after else None
            raise RefusalError(refusals.throttled(after_ms))
        refusals.required_values(call.parameters, *action.required)
        if "RegionId" in action.required and call.region_id not in state.region_ids:
            raise RefusalError(refusals.UNKNOWN_REGION)
        return action.answer(self, credential)

    def fail(self, kind: Kind) -> FaultyResponse:
        """Return the response that this call gets if a fault of this kind is injected."""
        if kind.clock_s:
            self.state.clock_offset_s = kind.clock_s
        if kind.deletes or kind.creates_at:
            drift(kind, self.state, self.request, self.call)
        if kind.refusal is not None:
            with suppress(RefusalError):
                self.pass_gate()
        outcome = kind.refusal or self.serve()
        if kind.edit is not None and not isinstance(outcome, Refusal):
            outcome = kind.edit(outcome)
        response = self.write(outcome, is_xml=kind.is_xml)
        if kind.rewrite is not None:
            response = kind.rewrite(response)
        return FaultyResponse(
            response.status, response.headers, response.body, kind=kind.name, wire=kind.wire
        )

    def write(self, outcome: Tree | Refusal, *, is_xml: bool = False) -> Response:
        """Encode an answer or error in the requested format, or always in XML if ``is_xml``."""
        return write_response(
            outcome,
            replace(self.call, wants_json=self.call.wants_json and not is_xml),
            request_id=self.state.next_request_id(),
            now=self.gate_now,
            host_id=self.request.headers.get("host", self.request.host),
        )


def _describe_regions(exchange: _Exchange, _: Credential) -> Tree:
    rows = [exchange.finish(region_row(region)) for region in exchange.state.fleet.regions]
    return {"Regions": {"Region": rows}}


def _download(exchange: _Exchange, credential: Credential) -> Tree:
    by_id = exchange.holdings(credential).connection_by_id
    connection = by_id.get(exchange.call.parameters["VpnConnectionId"])
    if connection is None:
        raise RefusalError(refusals.UNKNOWN_CONNECTION)
    return {"VpnConnectionConfig": exchange.finish(download_config(connection))}


def _assume_role(exchange: _Exchange, _: Credential) -> Tree:
    """Return temporary credentials for the requested role, which every caller can assume."""
    given = exchange.call.parameters
    role = _ROLE.fullmatch(given["RoleArn"])
    if role is None or role[1] not in exchange.state.accounts:
        raise RefusalError(refusals.UNKNOWN_ROLE)
    seconds = given.get("DurationSeconds") or "3600"
    if not re.fullmatch(r"[0-9]{3,5}", seconds) or not 900 <= int(seconds) <= 43_200:
        raise RefusalError(refusals.invalid_parameter("DurationSeconds"))
    ends_at = float(int(exchange.gate_now) + int(seconds))
    session = exchange.state.add_session(role[1], expires_at=ends_at)
    name = given["RoleSessionName"]
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "AccessKeySecret": session.access_key_secret,
            "SecurityToken": session.security_token,
            "Expiration": f"{datetime.fromtimestamp(ends_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
        "AssumedRoleUser": {
            "Arn": f"acs:ram::{role[1]}:role/{role[2]}/{name}",
            "AssumedRoleId": f"3{role[1]}:{name}",
        },
    }


def _caller_identity(exchange: _Exchange, credential: Credential) -> Tree:
    account = exchange.state.accounts[credential.account_id]
    is_role, session = credential.security_token is not None, "assumed-role/inventory/session"
    return {
        "AccountId": account.account_id,
        "Arn": f"acs:ram::{account.account_id}:{session}" if is_role else account.arn,
        "IdentityType": "AssumedRoleUser" if is_role else "RAMUser",
        "PrincipalId": f"{account.user_id}:session" if is_role else account.user_id,
        "UserId": account.user_id,
    }


@dataclass(frozen=True)
class _ServedAction:
    """One action of the API that the emulator supports."""

    answer: Callable[[_Exchange, Credential], Tree]
    required: tuple[str, ...] = ()
    version: str = "2016-04-28"


def _list_action(listed: EmulatedListCall) -> _ServedAction:
    """Return the action that answers this list call."""
    return _ServedAction(
        lambda exchange, credential: listed.answer(
            exchange.holdings(credential), exchange.call.parameters, finish=exchange.finish
        ),
        ("RegionId", *listed.required),
    )


_ACTIONS: Mapping[str, _ServedAction] = {
    "DescribeRegions": _ServedAction(_describe_regions),
    **{name: _list_action(listed) for name, listed in LISTS.items()},
    "DownloadVpnConnectionConfig": _ServedAction(_download, ("RegionId", "VpnConnectionId")),
    "AssumeRole": _ServedAction(_assume_role, ("RoleArn", "RoleSessionName"), STS_VERSION),
    "GetCallerIdentity": _ServedAction(_caller_identity, version=STS_VERSION),
}
