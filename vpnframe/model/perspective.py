"""Decide for which end of a connection its downloaded configuration is written.

As a rule, a downloaded configuration is written for the customer's device: its ``Local`` is the
on-premises end. In a row of DescribeVpnConnections, ``LocalSubnet`` is the VPC side. Older
reference pages state the contrary, so addresses, subnets and IKE ids of the connection take
precedence over this rule.

References
----------
Alibaba Cloud, VPN Gateway user guide, "Download the configuration of an IPsec-VPN connection".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Literal

from vpnframe.model.masked import is_masked_value
from vpnframe.model.records import Gateway, Perspective, Statement

View = Literal["device", "cloud"]
_IPV4_MASKS = {str(length): 2**32 - 2 ** (32 - length) for length in range(33)}
_CLOUD_ASN = 45104
# The same strings occur in both API responses about a connection, and in many connections.
_cached = lru_cache(maxsize=4096)


def decide_perspective(
    download: Statement | None, describe: Statement | None, *, gateways: Sequence[Gateway] = ()
) -> tuple[View, Perspective | None]:
    """Return for which end a download is written, and how certain this is."""
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
    """Judge by each tunnel's addresses for which end a download is written.

    Yield ``device`` or ``cloud`` for a tunnel, nothing if its addresses show nothing, and both if
    they contradict each other.
    """
    texts: dict[str, list[str | None]] = {"vpn": [], "customer": []}
    for gateway in gateways:
        texts[gateway.kind] += [gateway.ip_address, gateway.second_ip_address]
    if describe is not None:
        texts["vpn"] += [describe.gateway_address, *(t.gateway_address for t in describe.tunnels)]
    # None is in both sets, so it is in neither difference.
    cloud = {None, *map(_address, texts["vpn"])}
    customer = {None, *map(_address, texts["customer"])}
    only_cloud, only_customer = cloud - customer, customer - cloud
    for tunnel in download.tunnels:
        local, remote = _address(tunnel.local.address), _address(tunnel.remote.address)
        if local in only_customer or remote in only_cloud:
            yield "device"
        if local in only_cloud or remote in only_customer:
            yield "cloud"


def _address(text: str | None) -> bytes | None:
    """Return an IP address in binary form; None if it is invalid or has masked digits."""
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text) if text else None
    except (OSError, ValueError):
        return None


def _subnet_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """Yield the end for which a download is written, if its CIDR blocks show it.

    The end is ``cloud`` if the blocks on each side equal those of ``describe``, and ``device`` if
    the sides are swapped.
    """
    local, remote = networks(download.local_subnets), networks(download.remote_subnets)
    cloud, customer = networks(describe.local_subnets), networks(describe.remote_subnets)
    if local == remote or is_masked_value((*local, *remote)):
        return
    if (local, remote) == (customer, cloud):
        yield "device"
    if (local, remote) == (cloud, customer):
        yield "cloud"


def _id_votes(download: Statement, describe: Statement) -> Iterable[View]:
    """Yield the end for which the download is written, per tunnel whose IKE ids show it."""
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
    address, _, length = text.partition("/")
    packed = _address(address) if length in _IPV4_MASKS else None
    if packed is not None and len(packed) == 4:  # ten times as fast as ipaddress
        first = int.from_bytes(packed) & _IPV4_MASKS[length]
        return f"{inet_ntop(AF_INET, first.to_bytes(4))}/{length}"
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return text
