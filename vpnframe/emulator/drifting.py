"""A fleet that changes while it is read: rows are deleted and created permanently."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from dataclasses import replace
from typing import Any

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults.effects import Drift
from vpnframe.emulator.fleet.model import EmulatedConnection
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal
from vpnframe.emulator.route_listing import ROUTE_CALLS
from vpnframe.emulator.signatures import read_claim
from vpnframe.emulator.state import Holdings, State

# By list call: the attribute that holds its rows, and the field that identifies a row.
_ROWS = {
    "DescribeVpnGateways": ("vpn_gateways", "vpn_gateway_id"),
    "DescribeCustomerGateways": ("customer_gateways", "customer_gateway_id"),
    "DescribeVpcs": ("vpcs", "vpc_id"),
}

_ID_LENGTH = 18


def vanish(state: State, request: Request, call: ReceivedCall) -> None:
    """Delete the connection that a call names, if the caller has it."""
    holdings = _holdings_of_caller(state, request, call)
    connection = holdings.connection_by_id.get(call.parameters.get("VpnConnectionId", ""))
    if connection is not None:
        _delete_connection(state, holdings, connection)


def drift(effect: Drift, state: State, request: Request, call: ReceivedCall) -> None:
    """Delete the first row of the list that a call reads, create one, or both.

    A created row is a copy of the first one with a new id.
    """
    holdings = _holdings_of_caller(state, request, call)
    if call.action in ROUTE_CALLS:
        _drift_routes(effect, state, holdings, call)
    elif call.action in _ROWS:
        held, id_name = _ROWS[call.action]
        rows = getattr(holdings, held)
        if rows:
            new_id = _new_id(state, getattr(rows[0], id_name))
            _drift_rows(effect, state, rows, rows[0], **{id_name: new_id})
    else:
        is_attachments = call.action == "DescribeVpnAttachments"
        _drift_connections(effect, state, holdings, is_attachments=is_attachments)


def _holdings_of_caller(state: State, request: Request, call: ReceivedCall) -> Holdings:
    """Return the resources of the account whose key a request names; none if unknown."""
    claim = read_claim(request)
    key_id = "" if isinstance(claim, Refusal) else claim.access_key_id
    credential = state.credentials.get(key_id)
    account_id = "" if credential is None else credential.account_id
    return state.holdings_of(account_id, call.region_id)


def _drift_connections(
    effect: Drift, state: State, holdings: Holdings, *, is_attachments: bool
) -> None:
    listed = [c for c in holdings.connections if not is_attachments or c.attach_type != "VPNGW"]
    if not listed:
        return
    first = listed[0]
    if effect.creates_at is not None:
        at = 0 if effect.creates_at == "start" else len(holdings.connections)
        holdings.insert_connection(at, _created_connection(state, first))
    if effect.is_deleting:
        _delete_connection(state, holdings, first)


def _delete_connection(state: State, holdings: Holdings, connection: EmulatedConnection) -> None:
    holdings.remove_connection(connection)
    state.deleted_ids.append(connection.vpn_connection_id)


def _created_connection(state: State, like: EmulatedConnection) -> EmulatedConnection:
    tunnels = tuple(
        tunnel
        if tunnel.tunnel_id is None
        else replace(tunnel, tunnel_id=_new_id(state, tunnel.tunnel_id))
        for tunnel in like.tunnels
    )
    connection_id = _new_id(state, like.vpn_connection_id)
    state.created_ids.append(connection_id)
    return replace(like, vpn_connection_id=connection_id, tunnels=tunnels)


def _drift_routes(effect: Drift, state: State, holdings: Holdings, call: ReceivedCall) -> None:
    """Change the routes of one holder; a route is identified by its destination."""
    listed = ROUTE_CALLS[call.action].held(holdings, call.parameters)
    if isinstance(listed, Refusal) or not listed:
        return
    holder = listed[0].vpn_gateway_id or listed[0].vpn_connection_id or ""
    number = len(state.created_ids)
    block = f"198.19.{number // 256}.{number % 256}/32"
    held = holdings.routes_by_holder[holder]
    _drift_rows(effect, state, held, listed[0], destination=block)


def _drift_rows(
    effect: Drift, state: State, held: MutableSequence[Any], first: Any, **new_id: str
) -> None:
    """Delete the first row, create one like it under a new id, or both."""
    ((name, value),) = new_id.items()
    if effect.creates_at is not None:
        at = 0 if effect.creates_at == "start" else len(held)
        held.insert(at, replace(first, **new_id))
        state.created_ids.append(value)
    if effect.is_deleting:
        held.remove(first)
        state.deleted_ids.append(str(getattr(first, name)))


def _new_id(state: State, like: str) -> str:
    """Return an id of the same form and length, reproducible for the same sequence of calls."""
    text = f"{state.fleet.seed}/{len(state.created_ids)}/{like}"
    return like[:-_ID_LENGTH] + hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
