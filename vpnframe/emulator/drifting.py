"""Change the fleet while a client reads it: delete and create rows permanently."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from typing import Any

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults import Kind
from vpnframe.emulator.fleet.model import EmulatedConnection
from vpnframe.emulator.listing import LISTS, ROUTE_LISTS
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import Refusal
from vpnframe.emulator.signatures import read_claim
from vpnframe.emulator.state import State

# List call -> attribute of ``Holdings`` with its rows, and the field that identifies a row.
_CONNECTIONS = ("connections", "vpn_connection_id")
_ROWS = {
    "DescribeVpnGateways": ("vpn_gateways", "vpn_gateway_id"),
    "DescribeCustomerGateways": ("customer_gateways", "customer_gateway_id"),
    "DescribeVpcs": ("vpcs", "vpc_id"),
}
_ID_LENGTH = 18


def drift(kind: Kind, state: State, request: Request, call: ReceivedCall) -> None:
    """Delete or create a row, or both, as the fault kind specifies.

    The row to delete is the connection that the call names, or the first row of the call's list.
    The row to create is a copy of that row with a new id; the id of a route is its destination.
    """
    claim = read_claim(request)
    credential = None if isinstance(claim, Refusal) else state.credentials.get(claim.access_key_id)
    holdings = state.holdings_of(credential.account_id if credential else "", call.region_id)
    listed: Sequence[Any] | Refusal
    if kind.deletes == "named":
        named = holdings.connection_by_id.get(call.parameters.get("VpnConnectionId", ""))
        listed = [named] if named else []
    else:
        listed = LISTS[call.action].held(holdings, call.parameters)
    if isinstance(listed, Refusal) or not listed:
        return
    first, number = listed[0], len(state.created_ids)
    held: MutableSequence[Any]
    if call.action in ROUTE_LISTS:
        held = holdings.routes_by_holder[first.vpn_gateway_id or first.vpn_connection_id]
        id_name, new_id = "destination", f"198.19.{number // 256}.{number % 256}/32"
    else:
        held_name, id_name = _ROWS.get(call.action, _CONNECTIONS)
        held, new_id = getattr(holdings, held_name), _new_id(state, getattr(first, id_name))
    if kind.creates_at is not None:
        created = replace(_with_new_tunnels(state, first), **{id_name: new_id})
        held.insert(0 if kind.creates_at == "start" else len(held), created)
        state.created_ids.append(new_id)
    if kind.deletes is not None:
        held.remove(first)
        state.deleted_ids.append(getattr(first, id_name))
    holdings.connection_by_id = {one.vpn_connection_id: one for one in holdings.connections}


def _with_new_tunnels(state: State, thing: Any) -> Any:
    """Return a connection with new ids of its tunnels; return any other resource unchanged."""
    if not isinstance(thing, EmulatedConnection):
        return thing
    tunnels = (
        replace(tunnel, tunnel_id=tunnel.tunnel_id and _new_id(state, tunnel.tunnel_id))
        for tunnel in thing.tunnels
    )
    return replace(thing, tunnels=tuple(tunnels))


def _new_id(state: State, like: str) -> str:
    """Return a new id in the form of ``like``; the same sequence of calls gives the same ids."""
    text = f"{state.fleet.seed}/{len(state.created_ids)}/{like}"
    return like[:-_ID_LENGTH] + hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
