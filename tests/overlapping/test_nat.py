"""Declared NAT: the real block is no fault, the mapped one is compared like any other."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pandas as pd
import pytest
from fleet_helpers import found, site, subnets_of
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.errors import AddressError, SettingsError
from vpnframe.overlapping import Nat, OverlapSettings, overlaps, read_nat
from vpnframe.overlapping.nat import with_mapped

WHOLE = """
[[nat]]
connection = "a"
side = "onprem"
real = "10.1.0.0/16"
mapped = "100.65.0.0/16"
note = "ticket 123"
"""
ONE = Nat(
    connection="a", side="onprem", real="10.1.0.0/16", mapped="100.65.0.0/16", note="ticket 123"
)


def put(folder: Path, text: str) -> Path:
    path = folder / "nat.toml"
    path.write_text(text, encoding="utf-8")
    return path


def meant(*sites: object, nat: tuple[Nat, ...] = (ONE,)) -> list[tuple[object, ...]]:
    """Blocks, kind and severity of every pair."""
    answer = overlaps(subnets_of(*sites), settings=OverlapSettings(nat=nat))
    return found(answer, "left_cidr", "right_cidr", "kind", "severity")


def test_every_key_is_read(tmp_path: Path):
    """For a connection, or for a gateway."""
    gateway = WHOLE.replace("connection", "vpn_gateway").replace('note = "ticket 123"', "")
    other = Nat(vpn_gateway="a", side="onprem", real="10.1.0.0/16", mapped="100.65.0.0/16")
    assert read_nat(put(tmp_path, WHOLE + gateway)) == (ONE, other)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE.replace("onprem", "cloud"), "nat 1: side must be onprem or vpc"),
        (WHOLE.replace('side = "onprem"', ""), "nat 1: side is missing"),
        (WHOLE.replace("note", "remark"), "nat 1: unknown key 'remark'"),
        (WHOLE.replace("100.65.0.0/16", "100.65.0.0/17"), "nat 1: nat: 10.1.0.0/16 and"),
        (WHOLE.replace("100.65.0.0/16", "fd00::/16"), "differ in size"),
        (WHOLE.replace("10.1.0.0/16", "10.1.0.0/8"), "'10.1.0.0/8' is not a CIDR block"),
        (WHOLE.replace('connection = "a"', ""), "give either connection or vpn_gateway"),
        (WHOLE + 'vpn_gateway = "vpn-1"', "give either connection or vpn_gateway"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, problem: str):
    """File, number and what is wrong."""
    with pytest.raises(SettingsError, match=r"nat\.toml, nat 1") as caught:
        read_nat(put(tmp_path, text))
    assert problem in str(caught.value)


@pytest.mark.parametrize("where", [{"connection": "z"}, {"vpn_gateway": "vpn-9"}])
def test_what_is_not_in_the_fleet_is_refused(where: dict[str, str]):
    """A declaration that is about nothing is a slip of the pen."""
    nat = Nat(side="onprem", real="10.1.0.0/16", mapped="100.65.0.0/16", **where)
    with pytest.raises(SettingsError, match=f"{next(iter(where.values()))!r} is not a"):
        meant(site("a", onprem=["10.1.0.0/16"]), nat=(nat,))


def test_the_real_block_is_natted_and_the_mapped_one_is_compared():
    """A block inside the declared one is translated to its own part of the mapped one."""
    translated = site("a", onprem=["10.1.2.0/24"])
    other = site("b", onprem=["10.1.2.0/24", "100.65.2.128/25"], peer_addresses=["198.51.100.2"])
    assert meant(translated, other) == [
        ("10.1.2.0/24", "10.1.2.0/24", "natted", "info"),
        ("100.65.2.0/24", "100.65.2.128/25", "selector_pair", "high"),
    ]


def test_the_reason_names_the_declaration():
    """What is translated into what, and the note."""
    sites = (site("a", onprem=["10.1.0.0/16"]), site("b", onprem=["10.1.0.0/16"]))
    answer = overlaps(subnets_of(*sites), settings=OverlapSettings(nat=(ONE,)))
    assert answer["reason"].tolist() == [
        "NAT translates 10.1.0.0/16 to 100.65.0.0/16 (ticket 123), so the blocks do not collide."
    ]


def test_own_sides_are_natted_too():
    """The real block may be the VPC's own: that is what the translation is for."""
    assert meant(site("a", onprem=["10.1.0.0/16"], vpc=["10.0.0.0/8"])) == [
        ("10.1.0.0/16", "10.0.0.0/8", "natted", "info")
    ]
    clash = site("a", onprem=["10.1.0.0/16"], vpc=["100.65.0.0/16"])
    assert meant(clash) == [("100.65.0.0/16", "100.65.0.0/16", "own_sides", "high")]


def test_a_gateway_translates_for_all_its_connections():
    """On the side that is declared, and on no other."""
    nat = Nat(vpn_gateway="vpn-1", side="vpc", real="172.16.0.0/24", mapped="100.65.0.0/24")
    sites = [site(name, vpc=["172.16.0.0/24"], onprem=[f"10.{name}.0.0/16"]) for name in "12"]
    rival = site("3", onprem=["172.16.0.0/24"])
    assert meant(*sites, rival, nat=(nat,)) == [
        ("172.16.0.0/24", "172.16.0.0/24", "natted", "info")
    ]


def test_a_block_larger_than_the_declared_one_is_not_translated():
    """Part of it is, and nobody can say which part a packet is of."""
    sites = (site("a", onprem=["10.0.0.0/8"]), site("b", onprem=["10.0.0.0/8"]))
    assert meant(*sites) == [("10.0.0.0/8", "10.0.0.0/8", "duplicate", "medium")]


def test_of_several_declarations_the_smallest_counts():
    """As the longest prefix does elsewhere; the mapped block of the other does not exist."""
    larger = Nat(connection="a", side="onprem", real="10.0.0.0/8", mapped="11.0.0.0/8")
    table = subnets_of(site("a", onprem=["10.1.0.0/16", "10.2.0.0/16"]))
    mapped = with_mapped(table, (larger, ONE))
    assert mapped.loc[mapped["is_mapped"], "cidr"].tolist() == ["100.65.0.0/16", "11.2.0.0/16"]


def test_bad_text_is_left_to_who_reads_all_blocks():
    """A null is no error; a text that is none is named there."""
    nulls = subnets_of(site("a", onprem=[{"cidr": None, "cidr_raw": "?"}, "10.1.0.0/16"]))
    assert len(with_mapped(nulls, (ONE,))) == 3
    with pytest.raises(AddressError, match=r"10\.1\.0\.1/16"):
        meant(site("a", onprem=["10.1.0.1/16"]))


networks = st.builds(
    lambda number, length: ipaddress.IPv4Network((number, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(8, 24),
)


@given(networks, networks, st.integers(0, 8), st.integers(0, 255))
def test_every_address_keeps_its_place(real, mapped, longer, step):
    """The n-th address of the real block becomes the n-th of the mapped one."""
    mapped = ipaddress.IPv4Network((mapped.network_address, real.prefixlen), strict=False)
    size = min(longer, 32 - real.prefixlen)
    block = [*real.subnets(size)][step % 2**size] if size else real
    nat = Nat(connection="a", side="onprem", real=str(real), mapped=str(mapped))
    rows = with_mapped(subnets_of(site("a", onprem=[str(block)])), (nat,))
    found = ipaddress.ip_network(rows["cidr"].tolist()[1])
    offset = int(block.network_address) - int(real.network_address)
    assert found.prefixlen == block.prefixlen
    assert int(found.network_address) == int(mapped.network_address) + offset


def test_nothing_declared_changes_nothing():
    """The table itself comes back."""
    table = subnets_of(site("a", onprem=["10.1.0.0/16"]))
    assert with_mapped(table, ()) is table
    pd.testing.assert_frame_equal(overlaps(table, settings=OverlapSettings()), overlaps(table))
