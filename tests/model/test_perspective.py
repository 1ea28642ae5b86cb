"""From whose end a downloaded configuration is written."""

from __future__ import annotations

from typing import Any

import pytest

from vpnframe.model.perspective import decide_perspective, networks
from vpnframe.model.records import End, Gateway, Statement, TunnelStatement

CLOUD, DEVICE, OTHER = "47.1.1.1", "120.2.2.2", "8.8.4.4"
VPN = Gateway(gateway_id="vpn-1", kind="vpn", ip_address=CLOUD, second_ip_address="47.1.1.2")
CUSTOMER = Gateway(gateway_id="cgw-1", kind="customer", ip_address=DEVICE)
OWN = (VPN, CUSTOMER)


def tunnel(local: str | None = None, remote: str | None = None, **more: Any) -> TunnelStatement:
    return TunnelStatement(local=End(address=local), remote=End(address=remote), **more)


def said(witness: Any, *tunnels: TunnelStatement, **fields: Any) -> Statement:
    return Statement(
        witness=witness, vpn_connection_id="vco-1", tunnels=tunnels or (tunnel(),), **fields
    )


@pytest.mark.parametrize(
    ("local", "remote", "view"),
    [
        (DEVICE, CLOUD, "device"),
        (CLOUD, DEVICE, "cloud"),
        (DEVICE, OTHER, "device"),
        (OTHER, CLOUD, "device"),
        ("47.1.1.2", OTHER, "cloud"),
        (None, DEVICE, "cloud"),
    ],
)
def test_one_endpoint_is_enough(local: str | None, remote: str | None, view: str) -> None:
    """An address of either gateway at either end says whose end it is."""
    assert decide_perspective(said("download", tunnel(local, remote)), None, gateways=OWN) == (
        view,
        "verified",
    )


@pytest.mark.parametrize(
    "download",
    [
        said("download"),
        said("download", tunnel(OTHER, "9.9.9.9")),
        said("download", tunnel("116.XX.XX.6", "47.XX.XX.1")),
        said("download", tunnel("office.example.com", "gateway")),
    ],
    ids=["nothing", "strange addresses", "masked addresses", "names"],
)
def test_no_evidence_is_assumed_to_be_the_device(download: Statement) -> None:
    """Without evidence the documented meaning holds, and is marked."""
    assert decide_perspective(download, None, gateways=OWN) == ("device", "assumed")


def test_a_masked_address_is_no_evidence() -> None:
    """What may stand for several addresses is not compared."""
    masked = Gateway(gateway_id="vpn-1", kind="vpn", ip_address="47.XX.XX.1")
    download = said("download", tunnel("47.XX.XX.1", None))
    assert decide_perspective(download, None, gateways=(masked,)) == ("device", "assumed")


def test_an_address_in_both_sets_says_nothing() -> None:
    """Where both gateways show one address, it tells no end from the other."""
    same = Gateway(gateway_id="cgw-1", kind="customer", ip_address=CLOUD)
    download = said("download", tunnel(CLOUD, CLOUD))
    assert decide_perspective(download, None, gateways=(VPN, same)) == ("device", "assumed")


def test_addresses_are_compared_as_addresses() -> None:
    """Two spellings of one IPv6 address are one address."""
    gateway = Gateway(gateway_id="vpn-1", kind="vpn", ip_address="2400:3200::1")
    download = said("download", tunnel("2400:3200:0:0::0001", None))
    assert decide_perspective(download, None, gateways=(gateway,)) == ("cloud", "verified")


def test_contradicting_endpoints_are_a_conflict() -> None:
    """Evidence both ways swaps nothing and says so."""
    download = said("download", tunnel(DEVICE, CLOUD), tunnel(CLOUD, DEVICE))
    assert decide_perspective(download, None, gateways=OWN) == ("device", "conflict")


def test_endpoints_against_subnets_are_a_conflict() -> None:
    """All kinds of evidence have one vote each way."""
    sides = {"local_subnets": ("10.0.0.0/8",), "remote_subnets": ("172.16.0.0/12",)}
    download, listed = said("download", tunnel(DEVICE, CLOUD), **sides), said("describe", **sides)
    assert decide_perspective(download, listed, gateways=OWN) == ("device", "conflict")


def test_vpc_to_vpc_looks_at_its_own_gateways_alone() -> None:
    """Seen from either of two mirrored connections, the other's address is the customer's."""
    mirrored = (
        Gateway(gateway_id="vpn-2", kind="vpn", ip_address=DEVICE),
        Gateway(gateway_id="cgw-2", kind="customer", ip_address=CLOUD),
    )
    here, there = said("download", tunnel(DEVICE, CLOUD)), said("download", tunnel(CLOUD, DEVICE))
    assert decide_perspective(here, None, gateways=OWN) == ("device", "verified")
    assert decide_perspective(there, None, gateways=mirrored) == ("device", "verified")


def test_a_tunnel_of_a_dual_connection_has_its_own_cloud_address() -> None:
    """On a transit router the cloud's addresses stand at the tunnels of the list row."""
    listed = said("describe", tunnel(tunnel_id="tun-1", gateway_address="47.9.9.9"), is_dual=True)
    download = said("download", tunnel(None, "47.9.9.9", tunnel_id="tun-1"), is_dual=True)
    assert decide_perspective(download, listed) == ("device", "verified")


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [
        (("192.168.0.0/24",), ("10.0.0.0/8", "10.1.0.0/16"), ("device", "verified")),
        (("192.168.0.0/24",), ("10.1.0.0/16", "10.0.0.0/8"), ("device", "verified")),
        (("10.1.0.0/16", "10.0.0.0/8"), ("192.168.0.0/24",), ("cloud", "verified")),
        (("10.0.0.0/8",), ("192.168.0.0/24",), ("device", "assumed")),
    ],
    ids=["crossed", "crossed, other order", "straight", "neither"],
)
def test_subnets_are_compared_as_sets(local: Any, remote: Any, expected: Any) -> None:
    """Crossed sides are the device's view, straight ones the cloud's; their order says nothing."""
    listed = said(
        "describe",
        local_subnets=("10.0.0.0/8", "10.1.0.0/16"),
        remote_subnets=("192.168.0.0/24",),
    )
    download = said("download", local_subnets=local, remote_subnets=remote)
    assert decide_perspective(download, listed) == expected


@pytest.mark.parametrize("block", ["0.0.0.0/0", "10.0.0.0/8"])
def test_equal_sides_say_nothing(block: str) -> None:
    """Route-based connections have 0.0.0.0/0 on both sides."""
    sides = {"local_subnets": (block,), "remote_subnets": (block,)}
    assert decide_perspective(said("download", **sides), said("describe", **sides)) == (
        "device",
        "assumed",
    )


@pytest.mark.parametrize(
    ("local_id", "expected"),
    [
        ("office", ("device", "verified")),
        ("cloud", ("cloud", "verified")),
        ("else", ("device", "assumed")),
    ],
)
def test_ike_ids_alone_can_tell(local_id: str, expected: Any) -> None:
    """The local id is one of the list row's two ids, matched by tunnel."""
    row = TunnelStatement(tunnel_id="tun-1", local=End(ike_id="cloud"), remote=End(ike_id="office"))
    mine = TunnelStatement(tunnel_id="tun-1", local=End(ike_id=local_id))
    assert decide_perspective(said("download", mine), said("describe", row)) == expected


def test_equal_ike_ids_say_nothing() -> None:
    """Both ends may identify themselves by one word."""
    row = TunnelStatement(local=End(ike_id="x"), remote=End(ike_id="x"))
    mine = TunnelStatement(local=End(ike_id="x"))
    assert decide_perspective(said("download", mine), said("describe", row))[1] == "assumed"


def test_the_clouds_own_asn_is_a_hint_and_stays_assumed() -> None:
    """A customer gateway may not have 45104, so a local 45104 is the cloud's."""
    mine = TunnelStatement(local=End(asn=45104), remote=End(asn=65530))
    assert decide_perspective(said("download", mine), None) == ("cloud", "assumed")
    other = TunnelStatement(local=End(asn=65530), remote=End(asn=45104))
    assert decide_perspective(said("download", other), None) == ("device", "assumed")


def test_without_a_download_there_is_nothing_to_place() -> None:
    """A list row alone is always the cloud's view."""
    assert decide_perspective(None, said("describe"))[1] is None


def test_networks_keep_bad_text() -> None:
    """Host bits are ignored for comparing, text that is no block is compared as it is."""
    assert networks(["10.1.0.0/8", "10.0.0.0/8", "oops"]) == {"10.0.0.0/8", "oops"}
