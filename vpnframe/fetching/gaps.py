"""Explain why a call does not find a thing: it is gone, or lists still contain it."""

from __future__ import annotations

import msgspec

from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.listing import fetch_pass
from vpnframe.model.records import Failure

# The lists that contain a thing, by the parameter that names it.
_SHOWN_BY = {
    "VpnConnectionId": ("DescribeVpnConnections", "DescribeVpnAttachments"),
    "VpnGatewayId": ("DescribeVpnGateways",),
}


async def explain_gone(
    failure: Failure, caller: Caller, place: Place, *, parameter: str, thing_id: str
) -> Failure:
    """Distinguish a deleted thing from one that a call does not find though a list contains it.

    After the call, the list is queried for this thing only: one row, under a large quota.
    """
    if failure.kind != "gone":
        return failure
    for action in _SHOWN_BY[parameter]:
        listing = await fetch_pass(caller, action, place, about={parameter: thing_id})
        if thing_id in listing.seen:
            return _unavailable(failure, f"{action} still shows it")
        if listing.failure is not None:
            return _unavailable(failure, f"{action} could not be asked whether it still shows it")
    return failure


def _unavailable(failure: Failure, why: str) -> Failure:
    message = f"{failure.message.rstrip('.')}; {why}"
    return msgspec.structs.replace(failure, kind="unavailable", message=message)
