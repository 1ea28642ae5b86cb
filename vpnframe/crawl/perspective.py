"""From whose end a downloaded configuration is written: decided per connection, from evidence.

A downloaded configuration is written for the customer's device: its ``Local`` is the on-premises
end. A list row is the other way round: its ``LocalSubnet`` is the cloud's side. The older reference
pages say otherwise, so nothing is taken for granted where there is evidence.

References
----------
Alibaba Cloud, VPN Gateway user guide, "Download the configuration of an IPsec-VPN connection".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Literal

from vpnframe.records import Gateway, Perspective, Statement

View = Literal["device", "cloud"]


def decide_perspective(
    download: Statement | None, describe: Statement | None, *, gateways: Sequence[Gateway] = ()
) -> tuple[View, Perspective | None]:
    """Decide from whose end a download is written.

    Parameters
    ----------
    download, describe : Statement or None
        Of one connection.
    gateways : sequence of Gateway
        This connection's own.

    Returns
    -------
    view : {"device", "cloud"}
        Whose ``Local`` it is.
    perspective : {"verified", "assumed", "conflict"} or None
        How sure: evidence one way, none, or both ways. None without a download.
    """
    if download is None:
        return "device", None
    votes = set(_endpoint_votes(download, describe, gateways))
    if describe is not None:
        votes |= set(_subnet_votes(download, describe)) | set(_id_votes(download, describe))
    if not votes:
        return "device", "assumed"
    if len(votes) == 2:
        return "device", "conflict"
    return votes.pop(), "verified"


def _endpoint_votes(
    download: Statement, describe: Statement | None, gateways: Sequence[Gateway]
) -> Iterable[View]:
    """The download's addresses against the connection's own gateways."""
    cloud = {describe.gateway_address} if describe else set()
    cloud |= {tunnel.gateway_address for tunnel in describe.tunnels} if describe else set()
    customer: set[str | None] = set()
    for gateway in gateways:
        (cloud if gateway.kind == "vpn" else customer).update(
            (gateway.ip_address, gateway.second_ip_address)
        )
    only_cloud, only_customer = cloud - customer - {None}, customer - cloud - {None}
    for tunnel in download.tunnels:
        if tunnel.local.address in only_customer or tunnel.remote.address in only_cloud:
            yield "device"
        if tunnel.local.address in only_cloud or tunnel.remote.address in only_customer:
            yield "cloud"


def _subnet_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """The two sides as sets of networks; equal sides say nothing."""
    local, remote = networks(download.local_subnets), networks(download.remote_subnets)
    cloud, customer = networks(describe.local_subnets), networks(describe.remote_subnets)
    if local == remote:
        return
    if (local, remote) == (customer, cloud):
        yield "device"
    if (local, remote) == (cloud, customer):
        yield "cloud"


def _id_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """The local identifier of each tunnel against both identifiers of its list row."""
    rows = {tunnel.tunnel_id: tunnel for tunnel in describe.tunnels}
    for tunnel in download.tunnels:
        row, said = rows.get(tunnel.tunnel_id), tunnel.local.ike_id
        if row is None or said is None or row.local.ike_id == row.remote.ike_id:
            continue
        if said == row.remote.ike_id:
            yield "device"
        elif said == row.local.ike_id:
            yield "cloud"


def networks(texts: Iterable[str]) -> frozenset[str]:
    """Give CIDR texts as a set, each as its network is written; bad text as it came."""
    return frozenset(_network(text) for text in texts)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
