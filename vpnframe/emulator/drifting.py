"""Delete or create resources of the fleet just before a call is answered."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from vpnframe.cloud.messages import Request
from vpnframe.emulator.faults import Kind
from vpnframe.emulator.fleet.model import EmulatedConnection
from vpnframe.emulator.listing import LISTS
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.refusals import RefusalError
from vpnframe.emulator.signatures import read_claim
from vpnframe.emulator.state import State

_ID_LENGTH = 18


def drift(kind: Kind, state: State, request: Request, call: ReceivedCall) -> None:
    """Delete a resource permanently, create one, or do both, as ``kind`` specifies.

    The call determines the resource to delete or copy: the connection that it names, or the first
    resource of the list that it requests. A created resource is a copy with a new id, or with a new
    destination if it is a route. Nothing changes if the call is invalid or there is no such
    resource.
    """
    first: Any
    held: list[Any]
    try:
        credential = state.credentials[read_claim(request).access_key_id]
        holdings = state.holdings_of(credential.account_id, call.region_id)
        if kind.deletes == "named":
            first = holdings.connection_by_id[call.parameters["VpnConnectionId"]]
        else:
            first = LISTS[call.action].held(holdings, call.parameters)[0]
    except (RefusalError, LookupError):
        return  # the call is invalid, or there is no such resource
    number = len(state.created_ids)
    holds = LISTS[call.action].holds if call.action in LISTS else "connections"
    if not holds:
        held = holdings.routes_by_holder[first.vpn_gateway_id or first.vpn_connection_id]
        id_name, new_id = "destination", f"198.19.{number // 256}.{number % 256}/32"
    else:
        held, id_name = getattr(holdings, holds), first.id_name
        new_id = _new_id(state, getattr(first, id_name))
    if kind.creates_at is not None:
        fields: dict[str, Any] = {id_name: new_id}
        if isinstance(first, EmulatedConnection):
            fields["tunnels"] = tuple(
                replace(tunnel, tunnel_id=tunnel.tunnel_id and _new_id(state, tunnel.tunnel_id))
                for tunnel in first.tunnels
            )
        held.insert(0 if kind.creates_at == "start" else len(held), replace(first, **fields))
        state.created_ids.append(new_id)
    if kind.deletes is not None:
        held.remove(first)
        state.deleted_ids.append(getattr(first, id_name))
    holdings.connection_by_id = {one.vpn_connection_id: one for one in holdings.connections}


def _new_id(state: State, like: str) -> str:
    """Return a new id with the prefix of the id ``like``, reproducible from the fleet's seed."""
    text = f"{state.fleet.seed}/{len(state.created_ids)}/{like}"
    return like[:-_ID_LENGTH] + hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
