"""Two answers about one connection to one record."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.model.records import (
    Attachment,
    End,
    Gateway,
    KeyFacts,
    Phases,
    Proposal,
    Statement,
    TunnelStatement,
)
from vpnframe.model.sources import join_statements, overlay, own_gateways, with_attachments

AES = Phases(ike_version=2, ike_mode="main", ike=Proposal(encryption="aes-256-cbc", dh_group=14))
DES = Phases(ike_version=1, ike_mode="main", ike=Proposal(encryption="des-cbc", dh_group=0))
VPN = Gateway(gateway_id="vpn-1", kind="vpn", ip_address="47.1.1.1")
CUSTOMER = Gateway(gateway_id="cgw-1", kind="customer", ip_address="120.2.2.2")


def said(witness: Any, *tunnels: TunnelStatement, **fields: Any) -> Statement:
    is_dual = any(tunnel.tunnel_id for tunnel in tunnels)
    return Statement(
        witness=witness, vpn_connection_id="vco-1", tunnels=tunnels, is_dual=is_dual, **fields
    )


def listed(*tunnels: TunnelStatement, **fields: Any) -> Statement:
    return said("describe", *tunnels, **fields)


def downloaded(*tunnels: TunnelStatement, **fields: Any) -> Statement:
    return said("download", *tunnels, **fields)


def dual(*numbers: int, phases: Phases = AES) -> tuple[TunnelStatement, ...]:
    return tuple(TunnelStatement(tunnel_id=f"tun-{n}", phases=phases) for n in numbers)


def fields_of(disagreements: Any) -> list[tuple[str, str | None, str | None]]:
    return [(d.field, d.download_value, d.describe_value) for d in disagreements]


def test_the_list_stands_and_the_download_fills() -> None:
    """A value of the list row wins; where it has none the download's is taken."""
    config = TunnelStatement(phases=AES, remote=End(address="47.1.1.1"))
    row = TunnelStatement(phases=Phases(ike_version=1), status="ike_sa_established")
    connection, _ = join_statements(downloaded(config), listed(row, name="office"))
    tunnel = connection.tunnels[0]
    assert (tunnel.phases.ike_version, tunnel.phases.ike.encryption) == (1, "aes-256-cbc")
    assert (tunnel.vpn_gateway.address, tunnel.status) == ("47.1.1.1", "ike_sa_established")
    assert (connection.name, connection.witnesses) == ("office", "both")


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ("present", "masked", "present"),
        ("masked", "present", "present"),
        ("masked", "absent", "masked"),
        ("absent", "absent", "absent"),
        (None, None, None),
    ],
)
def test_a_key_that_was_shown_beats_a_masked_one(one: Any, other: Any, state: Any) -> None:
    """Whichever answer shows more of the key tells its state."""
    config, row = TunnelStatement(psk_state=one), TunnelStatement(psk_state=other)
    connection, _ = join_statements(downloaded(config), listed(row))
    assert connection.tunnels[0].psk_state == state


SHOWN = KeyFacts(length=16, bits=95, fingerprint="a" * 32, fingerprint_key_id="0" * 8)
OTHER = msgspec.structs.replace(SHOWN, fingerprint="b" * 32, bits=40)
UNDER_ANOTHER = msgspec.structs.replace(OTHER, fingerprint_key_id="1" * 8)
HIDDEN = KeyFacts()


@pytest.mark.parametrize(
    ("config", "row", "kept", "n_differing"),
    [
        (SHOWN, HIDDEN, SHOWN, 0),
        (HIDDEN, SHOWN, SHOWN, 0),
        (HIDDEN, HIDDEN, HIDDEN, 0),
        (SHOWN, None, SHOWN, 0),
        (None, None, None, 0),
        (SHOWN, SHOWN, SHOWN, 0),
        (SHOWN, OTHER, OTHER, 1),
        (SHOWN, UNDER_ANOTHER, UNDER_ANOTHER, 0),
    ],
)
def test_facts_of_a_key_that_was_shown_count(
    config: KeyFacts | None, row: KeyFacts | None, kept: KeyFacts | None, n_differing: int
) -> None:
    """The list's where both show one; never mixed, and compared under one fingerprint key alone."""
    download = downloaded(TunnelStatement(tunnel_id="tun-1", key_facts=config))
    describe = listed(TunnelStatement(tunnel_id="tun-1", key_facts=row))
    connection, differing = join_statements(download, describe)
    assert connection.tunnels[0].key_facts == kept
    assert [(d.field, d.tunnel_id, d.download_value, d.describe_value) for d in differing] == [
        ("psk_fingerprint", "tun-1", "differs", "differs")
    ] * n_differing


def test_tunnels_are_matched_by_id_whatever_their_order() -> None:
    """Each row of the list gets the configuration with its own id."""
    config = (TunnelStatement(tunnel_id="tun-2", phases=DES), *dual(1))
    rows = (
        TunnelStatement(tunnel_id="tun-1", tunnel_index=2),
        TunnelStatement(tunnel_id="tun-2", tunnel_index=1),
    )
    connection, differing = join_statements(downloaded(*config), listed(*rows))
    assert [(t.tunnel_index, t.tunnel_id) for t in connection.tunnels] == [
        (1, "tun-2"),
        (2, "tun-1"),
    ]
    assert [t.phases.ike_version for t in connection.tunnels] == [1, 2]
    assert not differing


@pytest.mark.parametrize(
    ("given_indexes", "expected"),
    [
        ((None, None), {"tun-a": 1, "tun-b": 2}),
        ((2, 1), {"tun-a": 2, "tun-b": 1}),
        ((1, 1), {"tun-a": 1, "tun-b": 2}),
        ((None, 1), {"tun-a": 2, "tun-b": 1}),
        ((2, None), {"tun-a": 2, "tun-b": 1}),
        ((7, None), {"tun-a": 7, "tun-b": 1}),
    ],
)
def test_missing_and_repeated_indexes_follow_the_ids(given_indexes: Any, expected: Any) -> None:
    """Every tunnel has an index of its own; those given stand where they are unique."""
    rows = [
        TunnelStatement(tunnel_id=i, tunnel_index=n)
        for i, n in zip(("tun-a", "tun-b"), given_indexes, strict=True)
    ]
    connection, _ = join_statements(None, listed(*reversed(rows)))
    assert {t.tunnel_id: t.tunnel_index for t in connection.tunnels} == expected


def test_tunnels_without_an_id_are_all_kept() -> None:
    """Two tunnels whose ids are missing are two tunnels, matched in their order."""
    rows = (TunnelStatement(phases=AES), TunnelStatement(phases=DES))
    both = [msgspec.structs.replace(s, is_dual=True) for s in (downloaded(*rows), listed(*rows))]
    connection, differing = join_statements(*both)
    assert [t.phases for t in connection.tunnels] == [AES, DES]
    assert [t.tunnel_index for t in connection.tunnels] == [1, 2]
    assert not differing


def test_repeated_tunnel_ids_are_all_kept() -> None:
    """An id that stands twice costs no tunnel."""
    connection, _ = join_statements(None, listed(*dual(1), *dual(1, phases=DES)))
    assert [t.phases for t in connection.tunnels] == [AES, DES]


def test_a_tunnel_in_one_answer_is_kept_and_reported() -> None:
    """Both one-sided tunnels stand in the record and among the disagreements."""
    connection, differing = join_statements(downloaded(*dual(1, 3)), listed(*dual(1, 2)))
    assert [t.tunnel_id for t in connection.tunnels] == ["tun-1", "tun-2", "tun-3"]
    assert fields_of(differing) == [("tunnel_id", None, "tun-2"), ("tunnel_id", "tun-3", None)]


def test_a_connection_level_block_is_no_third_tunnel() -> None:
    """Where one answer has tunnels and the other has none, the tunnels count."""
    config = TunnelStatement(phases=DES)
    connection, differing = join_statements(downloaded(config), listed(*dual(1, 2)))
    assert [t.tunnel_id for t in connection.tunnels] == ["tun-1", "tun-2"]
    assert [t.phases for t in connection.tunnels] == [AES, AES]
    assert {d.field for d in differing} == {"tunnel_id", "connection_level"}


def test_every_differing_field_is_named_by_its_column() -> None:
    """Algorithms, lifetimes, ids, addresses and BGP are compared under the names of tunnels."""
    config = TunnelStatement(
        tunnel_id="tun-1",
        phases=DES,
        local=End(ike_id="a", bgp_ip="169.254.1.2", asn=65001),
        remote=End(address="47.9.9.9"),
    )
    row = TunnelStatement(
        tunnel_id="tun-1",
        phases=AES,
        local=End(address="47.1.1.1"),
        remote=End(ike_id="b", bgp_ip="169.254.1.1", asn=65002),
    )
    _, differing = join_statements(downloaded(config), listed(row))
    assert fields_of(differing) == [
        ("ike_version", "1", "2"),
        ("ike_encryption", "des-cbc", "aes-256-cbc"),
        ("ike_dh_group", "0", "14"),
        ("vpn_gateway_ip", "47.9.9.9", "47.1.1.1"),
        ("customer_gateway_ike_id", "a", "b"),
        ("customer_gateway_asn", "65001", "65002"),
        ("bgp_customer_gateway_ip", "169.254.1.2", "169.254.1.1"),
    ]
    assert {d.tunnel_id for d in differing} == {"tun-1"}


def test_differing_sides_are_reported_as_the_answers_write_them() -> None:
    """The list's blocks stand; the order of blocks is no difference."""
    config = downloaded(
        local_subnets=("192.168.1.0/24",), remote_subnets=("10.2.0.0/16", "10.1.0.0/16")
    )
    row = listed(local_subnets=("10.1.0.0/16", "10.2.0.0/16"), remote_subnets=("192.168.2.0/24",))
    connection, differing = join_statements(config, row)
    assert connection.onprem_subnets == ("192.168.2.0/24",)
    assert fields_of(differing) == [("onprem_subnets", "192.168.1.0/24", "192.168.2.0/24")]


def test_bgp_shown_by_the_download_alone_is_a_disagreement() -> None:
    """A list row that says no BGP stands, and the download's BGP is told."""
    config = TunnelStatement(bgp_tunnel_cidr="169.254.1.0/30")
    connection, differing = join_statements(
        downloaded(config), listed(TunnelStatement(), bgp_enabled=False)
    )
    assert connection.bgp_enabled is False
    assert fields_of(differing) == [("bgp_enabled", "True", "False")]


def test_bgp_of_the_download_fills_an_attachment_without_it() -> None:
    """Where the list says nothing of BGP, the download does."""
    config = TunnelStatement(bgp_tunnel_cidr="169.254.1.0/30")
    assert join_statements(downloaded(config), listed())[0].bgp_enabled is True


def test_a_stray_block_is_reported_and_used_nowhere() -> None:
    """A connection-level block unlike every tunnel is told, zeros included."""
    statement = downloaded(*dual(1, 2), stray_tunnel=TunnelStatement(phases=DES))
    connection, differing = join_statements(statement, listed(*dual(1, 2)))
    assert [t.phases for t in connection.tunnels] == [AES, AES]
    assert fields_of(differing) == [
        (
            "connection_level",
            "ike_version=1 ike_mode=main ike_encryption=des-cbc ike_dh_group=0",
            None,
        )
    ]


@pytest.mark.parametrize(
    "stray",
    [
        TunnelStatement(phases=AES),
        TunnelStatement(phases=Phases(ike_version=2)),
        TunnelStatement(phases=AES, local=End(ike_id="device"), remote=End(address="47.1.1.1")),
    ],
    ids=["whole", "in part", "with its ends"],
)
def test_a_copy_of_a_tunnel_is_silent(stray: TunnelStatement) -> None:
    """A connection-level block that repeats a tunnel, or a part of it, is no news."""
    ends = {"local": End(ike_id="device"), "remote": End(address="47.1.1.1")}
    tunnels = tuple(msgspec.structs.replace(tunnel, **ends) for tunnel in dual(1, 2))
    _, differing = join_statements(downloaded(*tunnels, stray_tunnel=stray), None)
    assert not differing


def test_a_statement_without_tunnels_has_one_row_to_stand_in() -> None:
    """A connection that no answer gives a tunnel for is not lost."""
    connection, differing = join_statements(None, listed())
    assert [(t.tunnel_index, t.tunnel_id) for t in connection.tunnels] == [(1, None)]
    assert not differing


def test_a_row_that_speaks_of_no_tunnel_denies_none() -> None:
    """An attachment's row beside a dual-tunnel download is no disagreement."""
    connection, differing = join_statements(downloaded(*dual(1, 2)), listed())
    assert len(connection.tunnels) == 2
    assert not differing


def test_without_any_statement_there_is_nothing_to_join() -> None:
    """Joining nothing is a mistake of the caller's."""
    with pytest.raises(ValueError, match="needs a download or a list row"):
        join_statements(None, None)


def test_addresses_come_from_the_connections_own_gateways() -> None:
    """A single tunnel has the VPN gateway's address and its customer gateway's."""
    row = listed(TunnelStatement(), vpn_gateway_id="vpn-1", customer_gateway_id="cgw-1")
    tunnel = join_statements(None, row, gateways=(VPN, CUSTOMER))[0].tunnels[0]
    assert tunnel.vpn_gateway.address == "47.1.1.1"
    assert tunnel.customer_gateway.address == "120.2.2.2"


def test_a_conflict_swaps_nothing_and_is_reported() -> None:
    """With evidence both ways the list's sides stand, marked."""
    config = downloaded(
        TunnelStatement(local=End(address="120.2.2.2"), remote=End(address="120.2.2.2")),
        local_subnets=("10.9.0.0/16",),
    )
    row = listed(TunnelStatement(), local_subnets=("10.1.0.0/16",), customer_gateway_id="cgw-1")
    connection, differing = join_statements(config, row, gateways=(VPN, CUSTOMER))
    assert (connection.perspective, connection.vpc_subnets) == ("conflict", ("10.1.0.0/16",))
    assert "perspective" in {d.field for d in differing}


def test_own_gateways_are_those_that_the_row_names() -> None:
    """Gateways of other connections are never looked at, also when they are in the fleet."""
    row = listed(TunnelStatement(customer_gateway_id="cgw-1"), vpn_gateway_id="vpn-1")
    fleet = {"vpn-1": VPN, "cgw-1": CUSTOMER, "vpn-2": VPN}
    assert own_gateways(row, fleet) == [VPN, CUSTOMER]
    assert own_gateways(None, fleet) == []


def test_attachments_complete_list_rows_and_add_their_own() -> None:
    """The list row's value stands, the attachment fills, an unlisted one is a connection too."""
    rows = {"vco-1": listed(TunnelStatement(), name="mine")}
    attachments = {
        "vco-1": Attachment(vpn_connection_id="vco-1", name="theirs", transit_router_id="tr-1"),
        "vco-2": Attachment(vpn_connection_id="vco-2", attach_type="CEN", tags=("a=b",)),
    }
    completed = with_attachments(rows, attachments)
    assert (completed["vco-1"].name, completed["vco-1"].transit_router_id) == ("mine", "tr-1")
    assert completed["vco-1"].tunnels == rows["vco-1"].tunnels
    assert (completed["vco-2"].attach_type, completed["vco-2"].tags) == ("CEN", ("a=b",))


def test_overlay_shows_what_the_upper_record_leaves_out() -> None:
    """False is a value; None and empty tuples are none."""
    below = TunnelStatement(dpd_enabled=True, role="active", local=End(address="1.1.1.1"))
    above = TunnelStatement(dpd_enabled=False, local=End(asn=65001))
    joined = overlay(below, above)
    assert (joined.dpd_enabled, joined.role) == (False, "active")
    assert joined.local == End(address="1.1.1.1", asn=65001)


MASKED_AND_WHOLE = [
    ("116.XX.XX.6", "116.62.3.6"),
    ("116.*.*.6", "116.62.3.6"),
    ("8.xx.xx.192", "8.130.1.192"),
    ("vpn-bp1q8bgx4xnkm2ogj****", "vpn-bp1q8bgx4xnkm2ogjabcd"),
    ("**hidden**", "site.example.com"),
]


@pytest.mark.parametrize(("masked", "whole"), MASKED_AND_WHOLE)
@pytest.mark.parametrize("is_list", [True, False])
def test_a_masked_value_is_no_disagreement(masked: str, whole: str, is_list: bool) -> None:
    """Neither of an address, an id nor a block; and the answer that shows it whole tells it."""
    said = []
    for text in (masked, whole) if is_list else (whole, masked):
        end = End(address=text, ike_id=text, bgp_ip=text)
        said.append(TunnelStatement(local=end, bgp_tunnel_cidr=text))
    row = listed(said[0], local_subnets=("10.XX.XX.0/24",))
    config = downloaded(
        msgspec.structs.replace(said[1], local=End(), remote=said[1].local),
        remote_subnets=("10.1.2.0/24",),
    )
    connection, differing = join_statements(config, row)
    assert not differing
    (tunnel,) = connection.tunnels
    shown = (tunnel.vpn_gateway.address, tunnel.vpn_gateway.ike_id, tunnel.bgp_tunnel_cidr)
    assert shown == (whole, whole, whole)
    assert connection.vpc_subnets == ("10.1.2.0/24",)


@pytest.mark.parametrize("whole", ["x.example.com", "site-1*", "10.0.0.1", "fd00::1"])
def test_a_value_that_only_looks_masked_still_disagrees(whole: str) -> None:
    """One star or one x masks no name."""
    config = TunnelStatement(tunnel_id="tun-1", local=End(ike_id=whole))
    row = TunnelStatement(tunnel_id="tun-1", remote=End(ike_id="other.example.com"))
    _, differing = join_statements(downloaded(config), listed(row))
    assert [one.field for one in differing] == ["customer_gateway_ike_id"]


@pytest.mark.parametrize("shown", [("116.XX.XX.6", "116.62.3.6"), ("116.62.3.6", "116.XX.XX.6")])
def test_a_copy_with_a_masked_address_is_silent(shown: tuple[str, str]) -> None:
    """On the copy or on the tunnel that it repeats."""
    stray, own = (End(address=text) for text in shown)
    tunnel = TunnelStatement(tunnel_id="tun-1", phases=AES, local=own)
    row = listed(tunnel, stray_tunnel=TunnelStatement(phases=AES, local=stray))
    assert join_statements(None, row)[1] == []


def test_masked_tunnel_ids_are_no_disagreement() -> None:
    """Nobody knows which of them is which."""
    config = downloaded(*(TunnelStatement(tunnel_id=f"tun-{n}****") for n in "ab"))
    _, differing = join_statements(config, listed(*dual(1, 2)))
    assert not differing


def test_masked_identifiers_are_no_evidence_of_a_view() -> None:
    """They may stand for either end."""
    config = TunnelStatement(tunnel_id="tun-1", local=End(ike_id="8.xx.xx.1"))
    row = TunnelStatement(
        tunnel_id="tun-1", local=End(ike_id="8.xx.xx.1"), remote=End(ike_id="8.xx.xx.2")
    )
    connection, _ = join_statements(downloaded(config), listed(row))
    assert connection.perspective == "assumed"


BLOCKS = st.lists(
    st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "192.168.0.0/24", "oops"]),
    max_size=3,
).map(tuple)


def swapped(statement: Statement) -> Statement:
    """The same configuration, written for the other end."""
    return msgspec.structs.replace(
        statement,
        local_subnets=statement.remote_subnets,
        remote_subnets=statement.local_subnets,
        tunnels=tuple(
            msgspec.structs.replace(t, local=t.remote, remote=t.local) for t in statement.tunnels
        ),
    )


@given(vpc=BLOCKS, onprem=BLOCKS, row_vpc=BLOCKS, row_onprem=BLOCKS)
def test_the_view_of_the_answer_never_changes_the_sides(
    vpc: Any, onprem: Any, row_vpc: Any, row_onprem: Any
) -> None:
    """With an endpoint of its own gateways, either way of writing gives the same sides."""
    ends = TunnelStatement(local=End(address="120.2.2.2"), remote=End(address="47.1.1.1"))
    config = downloaded(ends, local_subnets=onprem, remote_subnets=vpc)
    own = {"vpn_gateway_id": "vpn-1", "customer_gateway_id": "cgw-1"}
    row = listed(TunnelStatement(), local_subnets=row_vpc, remote_subnets=row_onprem, **own)
    results = [
        join_statements(one, row, gateways=(VPN, CUSTOMER))[0] for one in (config, swapped(config))
    ]
    sides = [(r.vpc_subnets, r.onprem_subnets) for r in results if r.perspective != "conflict"]
    assert all(side == (row_vpc or vpc, row_onprem or onprem) for side in sides)
    alone = [
        join_statements(one, None, gateways=(VPN, CUSTOMER))[0] for one in (config, swapped(config))
    ]
    assert [(r.vpc_subnets, r.onprem_subnets) for r in alone] == [(vpc, onprem)] * 2
