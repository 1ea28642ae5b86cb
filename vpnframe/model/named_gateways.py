"""Find gateways that connections refer to but that no gateway list contains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from vpnframe.model.display import counted
from vpnframe.model.records import Failure, Statement

_VPN, _CUSTOMER = "DescribeVpnGateways", "DescribeCustomerGateways"
GATEWAY_LISTS = (_VPN, _CUSTOMER)


class NamedGateways:
    """The ids of gateways in connections; connections on a transit router are left out."""

    def __init__(self) -> None:
        self._n_naming: dict[str, Counter[str]] = {action: Counter() for action in GATEWAY_LISTS}

    def add(self, statement: Statement) -> None:
        """Record the gateways that a connection refers to."""
        if statement.transit_router_id or (statement.attach_type or "").upper() == "CEN":
            return
        ids = {statement.customer_gateway_id, *(t.customer_gateway_id for t in statement.tunnels)}
        self._n_naming[_CUSTOMER].update(filter(None, ids))
        self._n_naming[_VPN].update(filter(None, [statement.vpn_gateway_id]))

    def unlisted(self, action: str, listed: Collection[str]) -> Iterator[Failure]:
        """Yield a failure for each gateway id in connections that is not in ``listed``."""
        for gateway_id, n in sorted(self._n_naming[action].items()):
            if gateway_id not in listed:
                by = counted(n, "connection")
                message = f"{gateway_id} is named by {by}, but is missing from the list of gateways"
                yield Failure(kind="gone", message=message, action=action)
