"""A fleet that changes while it is read: rows are deleted and created permanently."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from dataclasses import replace
from typing import Any

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults import Kind
from vpnframe.emulator.fleet.model import EmulatedConnection
from vpnframe.emulator.listing import ROUTE_LISTS
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal
from vpnframe.emulator.signatures import read_claim
from vpnframe.emulator.state import Holdings, State

# By list call: the attribute that holds its rows, and the field that identifies a row.
_ROWS = {
    "DescribeVpnGateways": ("vpn_gateways", "vpn_gateway_id"),
    "DescribeCustomerGateways": ("customer_gateways", "customer_gateway_id"),
    "DescribeVpcs": ("vpcs", "vpc_id"),
}
_ID_LENGTH = 18


def drift(kind: Kind, state: State, request: Request, call: ReceivedCall) -> None:
    """Delete the connection that a call names, or the first row of its list; create a row.

    A created row is a copy of the first one with a new id.
    """
    holdings = _holdings_of_caller(state, request, call)
    if kind.deletes == "named":
        named = holdings.connection_by_id.get(call.parameters.get("VpnConnectionId", ""))
        if named is not None:
            _drift_connections(kind, state, holdings, named)
    elif call.action in ROUTE_LISTS:
        listed = ROUTE_LISTS[call.action].held(holdings, call.parameters)
        if not isinstance(listed, Refusal) and listed:
            holder = listed[0].vpn_gateway_id or listed[0].vpn_connection_id or ""
            number = len(state.created_ids)
            # A route is identified by its destination.
            block = f"198.19.{number // 256}.{number % 256}/32"
            _drift_rows(
                kind, state, holdings.routes_by_holder[holder], listed[0], destination=block
            )
    elif call.action in _ROWS:
        held, id_name = _ROWS[call.action]
        if rows := getattr(holdings, held):
            new_id = _new_id(state, getattr(rows[0], id_name))
            _drift_rows(kind, state, rows, rows[0], **{id_name: new_id})
    else:
        is_any = call.action != "DescribeVpnAttachments"
        for first in (c for c in holdings.connections if is_any or c.attach_type != "VPNGW"):
            _drift_connections(kind, state, holdings, first)
            break


def _holdings_of_caller(state: State, request: Request, call: ReceivedCall) -> Holdings:
    """Return the resources of the account whose key a request names; none if unknown."""
    claim = read_claim(request)
    credential = None if isinstance(claim, Refusal) else state.credentials.get(claim.access_key_id)
    return state.holdings_of(credential.account_id if credential else "", call.region_id)


def _drift_connections(
    kind: Kind, state: State, holdings: Holdings, first: EmulatedConnection
) -> None:
    if kind.creates_at is not None:
        at = 0 if kind.creates_at == "start" else len(holdings.connections)
        holdings.insert_connection(at, _created_connection(state, first))
    if kind.deletes is not None:
        holdings.remove_connection(first)
        state.deleted_ids.append(first.vpn_connection_id)


def _created_connection(state: State, like: EmulatedConnection) -> EmulatedConnection:
    tunnels = tuple(
        replace(tunnel, tunnel_id=tunnel.tunnel_id and _new_id(state, tunnel.tunnel_id))
        for tunnel in like.tunnels
    )
    connection_id = _new_id(state, like.vpn_connection_id)
    state.created_ids.append(connection_id)
    return replace(like, vpn_connection_id=connection_id, tunnels=tunnels)


def _drift_rows(
    kind: Kind, state: State, held: MutableSequence[Any], first: Any, **new_id: str
) -> None:
    """Delete the first row, create one like it under a new id, or both."""
    ((name, value),) = new_id.items()
    if kind.creates_at is not None:
        held.insert(0 if kind.creates_at == "start" else len(held), replace(first, **new_id))
        state.created_ids.append(value)
    if kind.deletes is not None:
        held.remove(first)
        state.deleted_ids.append(str(getattr(first, name)))


def _new_id(state: State, like: str) -> str:
    """Return an id of the same form and length, reproducible for the same sequence of calls."""
    text = f"{state.fleet.seed}/{len(state.created_ids)}/{like}"
    return like[:-_ID_LENGTH] + hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
