"""What a list shows and does not show, where other answers say otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import msgspec

from vpnframe.crawl.caller import Caller, Place
from vpnframe.crawl.listing import fetch_pass
from vpnframe.model.display import counted
from vpnframe.model.records import Failure, Statement

_VPN, _CUSTOMER = "DescribeVpnGateways", "DescribeCustomerGateways"
GATEWAY_LISTS = (_VPN, _CUSTOMER)
# The lists that show a thing, by the parameter that names it.
_SHOWN_BY = {
    "VpnConnectionId": ("DescribeVpnConnections", "DescribeVpnAttachments"),
    "VpnGatewayId": (_VPN,),
}


async def explain_gone(
    failure: Failure, caller: Caller, place: Place, *, parameter: str, thing_id: str
) -> Failure:
    """Tell a thing that went away from one that a call does not find though a list shows it.

    Its list is asked for this thing alone, after the call: one row, of a large quota.

    Parameters
    ----------
    failure : Failure
        Of a call about one thing.
    caller : Caller
        Of the account.
    place : Place
        Host and region.
    parameter, thing_id : str
        What the call was about.

    Returns
    -------
    Failure
        Of kind ``unavailable`` unless its lists were read and do not show it; another kind stays.
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


class NamedGateways:
    """The gateways that connections name.

    Behind a transit router a gateway may be another account's, which no list here shows.

    Examples
    --------
    >>> named = NamedGateways()
    >>> named.add(Statement(witness="describe", vpn_connection_id="vco-1", vpn_gateway_id="vpn-1"))
    >>> [failure.message for failure in named.unlisted("DescribeVpnGateways", set())]
    ['vpn-1 is named by 1 connection, and the list of gateways lacks it']
    """

    def __init__(self) -> None:
        self._n_naming: dict[str, Counter[str]] = {action: Counter() for action in GATEWAY_LISTS}

    def add(self, statement: Statement) -> None:
        """Look at one more connection."""
        if statement.transit_router_id or (statement.attach_type or "").upper() == "CEN":
            return
        ids = {statement.customer_gateway_id, *(t.customer_gateway_id for t in statement.tunnels)}
        self._n_naming[_CUSTOMER].update(filter(None, ids))
        self._n_naming[_VPN].update(filter(None, [statement.vpn_gateway_id]))

    def unlisted(self, action: str, listed: Collection[str]) -> Iterator[Failure]:
        """Give a failure row for each that is named and not listed.

        Parameters
        ----------
        action : str
            The list of one kind of gateways.
        listed : collection of str
            Their ids.

        Yields
        ------
        Failure
            Without account and region.
        """
        for gateway_id, n in sorted(self._n_naming[action].items()):
            if gateway_id not in listed:
                by = counted(n, "connection")
                message = f"{gateway_id} is named by {by}, and the list of gateways lacks it"
                yield Failure(kind="gone", message=message, action=action)
