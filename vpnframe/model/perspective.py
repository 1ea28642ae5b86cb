"""Decide for which end of a connection its downloaded configuration is written.

As a rule, a downloaded configuration is written for the customer's device: its ``Local`` is the
on-premises end. In a list row, ``LocalSubnet`` is the cloud's side. Older reference pages state the
contrary, so addresses, subnets and IKE ids of the connection take precedence over this rule.

References
----------
Alibaba Cloud, VPN Gateway user guide, "Download the configuration of an IPsec-VPN connection".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from vpnframe.model.masked import is_masked_value
from vpnframe.model.records import Gateway, Perspective, Statement

View = Literal["device", "cloud"]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_CLOUD_ASN = 45104
# The same strings occur in both API responses about a connection, and in many connections.
_cached = lru_cache(maxsize=4096)


def decide_perspective(
    download: Statement | None, describe: Statement | None, *, gateways: Sequence[Gateway] = ()
) -> tuple[View, Perspective | None]:
    """Return the end for which a download is written, and how certain this result is."""
    if download is None:
        return "device", None
    votes = set(_endpoint_votes(download, describe, gateways))
    if describe is not None:
        votes |= set(_subnet_votes(download, describe)) | set(_id_votes(download, describe))
    if not votes:
        # A customer gateway must not use the cloud's ASN: the ASN is a hint, but not evidence.
        hints = {tunnel.local.asn == _CLOUD_ASN for tunnel in download.tunnels}
        is_remote = any(tunnel.remote.asn == _CLOUD_ASN for tunnel in download.tunnels)
        return "cloud" if hints == {True} and not is_remote else "device", "assumed"
    if len(votes) == 2:
        return "device", "conflict"
    return votes.pop(), "verified"


def _endpoint_votes(
    download: Statement, describe: Statement | None, gateways: Sequence[Gateway]
) -> Iterable[View]:
    """Yield the end for which a download is written, by the addresses of the gateways."""
    texts: dict[str, list[str | None]] = {"vpn": [], "customer": []}
    for gateway in gateways:
        texts[gateway.kind] += [gateway.ip_address, gateway.second_ip_address]
    if describe is not None:
        texts["vpn"] += [describe.gateway_address, *(t.gateway_address for t in describe.tunnels)]
    cloud, customer = _addresses(texts["vpn"]), _addresses(texts["customer"])
    only_cloud, only_customer = cloud - customer, customer - cloud
    for tunnel in download.tunnels:
        local, remote = _addresses([tunnel.local.address]), _addresses([tunnel.remote.address])
        if local & only_customer or remote & only_cloud:
            yield "device"
        if local & only_cloud or remote & only_customer:
            yield "cloud"


def _addresses(texts: Iterable[str | None]) -> set[Address]:
    """Parse addresses; leave out invalid and masked ones (``116.XX.XX.6``)."""
    found = (_address(text) for text in texts if text)
    return {address for address in found if address is not None}


@_cached
def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _subnet_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """Yield the end for which a download is written, by the subnets; nothing if they are equal."""
    local, remote = networks(download.local_subnets), networks(download.remote_subnets)
    cloud, customer = networks(describe.local_subnets), networks(describe.remote_subnets)
    if local == remote or is_masked_value((*local, *remote)):
        return
    if (local, remote) == (customer, cloud):
        yield "device"
    if (local, remote) == (cloud, customer):
        yield "cloud"


def _id_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """Yield the end for which a download is written, by the IKE ids of the tunnels."""
    rows = {tunnel.tunnel_id: tunnel for tunnel in describe.tunnels}
    for tunnel in download.tunnels:
        row, said = rows.get(tunnel.tunnel_id), tunnel.local.ike_id
        if row is None or said is None or is_masked_value(said):
            continue
        views: dict[str | None, View] = {row.local.ike_id: "cloud", row.remote.ike_id: "device"}
        if said in views and len(views) == 2:
            yield views[said]


def networks(texts: Iterable[str]) -> frozenset[str]:
    """Return CIDR blocks without host bits; an invalid block is unchanged."""
    return frozenset(_network(text) for text in texts)


@_cached
def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
