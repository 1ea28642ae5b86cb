"""A fleet that changes while it is read: rows deleted and created, for good."""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from dataclasses import replace
from typing import TypeVar

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults.effects import Drift
from vpnframe.emulator.model import Connection, CustomerGateway, VpnGateway
from vpnframe.emulator.parameters import Call
from vpnframe.emulator.refusals import Refusal
from vpnframe.emulator.signatures import read_claim
from vpnframe.emulator.state import Holdings, State

Gateway = TypeVar("Gateway", VpnGateway, CustomerGateway)

_ID_LENGTH = 18


def vanish(state: State, request: Request, call: Call) -> None:
    """Delete the connection that a call names, if the caller has it."""
    holdings = _holdings_of_caller(state, request, call)
    connection = holdings.connection_by_id.get(call.parameters.get("VpnConnectionId", ""))
    if connection is not None:
        _delete_connection(state, holdings, connection)


def drift(effect: Drift, state: State, request: Request, call: Call) -> None:
    """Delete the first row of the list that a call reads, create one, or both.

    A created row is the first one again, under an id of its own.
    """
    holdings = _holdings_of_caller(state, request, call)
    if call.action == "DescribeVpnGateways":
        _drift_gateways(effect, state, holdings.vpn_gateways)
    elif call.action == "DescribeCustomerGateways":
        _drift_gateways(effect, state, holdings.customer_gateways)
    else:
        is_attachments = call.action == "DescribeVpnAttachments"
        _drift_connections(effect, state, holdings, is_attachments=is_attachments)


def _holdings_of_caller(state: State, request: Request, call: Call) -> Holdings:
    """What the account holds whose key a request names; nothing for a stranger."""
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


def _delete_connection(state: State, holdings: Holdings, connection: Connection) -> None:
    holdings.remove_connection(connection)
    state.deleted_ids.append(connection.vpn_connection_id)


def _created_connection(state: State, like: Connection) -> Connection:
    tunnels = tuple(
        tunnel
        if tunnel.tunnel_id is None
        else replace(tunnel, tunnel_id=_new_id(state, tunnel.tunnel_id))
        for tunnel in like.tunnels
    )
    connection_id = _new_id(state, like.vpn_connection_id)
    state.created_ids.append(connection_id)
    return replace(like, vpn_connection_id=connection_id, tunnels=tunnels)


def _drift_gateways(effect: Drift, state: State, gateways: MutableSequence[Gateway]) -> None:
    if not gateways:
        return
    first = gateways[0]
    if effect.creates_at is not None:
        at = 0 if effect.creates_at == "start" else len(gateways)
        gateways.insert(at, _created_gateway(state, first))
    if effect.is_deleting:
        gateways.remove(first)
        state.deleted_ids.append(_gateway_id(first))


def _gateway_id(gateway: VpnGateway | CustomerGateway) -> str:
    if isinstance(gateway, VpnGateway):
        return gateway.vpn_gateway_id
    return gateway.customer_gateway_id


def _created_gateway(state: State, like: Gateway) -> Gateway:
    gateway_id = _new_id(state, _gateway_id(like))
    state.created_ids.append(gateway_id)
    if isinstance(like, VpnGateway):
        return replace(like, vpn_gateway_id=gateway_id)
    return replace(like, customer_gateway_id=gateway_id)


def _new_id(state: State, like: str) -> str:
    """An id of the same form and length, the same for the same course of calls."""
    text = f"{state.fleet.seed}/{len(state.created_ids)}/{like}"
    return like[:-_ID_LENGTH] + hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
