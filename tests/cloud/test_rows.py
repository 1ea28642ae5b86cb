"""Rows of an answer to records, one oddity at a time."""

from __future__ import annotations

from typing import Any

import pytest

from vpnframe.cloud import answers, rows
from vpnframe.cloud.actions import LISTS
from vpnframe.cloud.fields import Fields
from vpnframe.model.records import End, Gateway, Phases, Proposal, Statement

IKE = {
    "IkeVersion": "ikev2",
    "IkeMode": "main",
    "IkeEncAlg": "aes256",
    "IkeAuthAlg": "sha256",
    "IkePfs": "group14",
    "IkeLifetime": 28800,
    "LocalId": "47.1.1.1",
    "RemoteId": "47.2.2.2",
    "Psk": "canary-psk-1",
}
IPSEC = {
    "IpsecEncAlg": "aes",
    "IpsecAuthAlg": "MD5",
    "IpsecPfs": "disabled",
    "IpsecLifetime": "3600",
}
PHASES = Phases(
    ike_version=2,
    ike_mode="main",
    ike=Proposal(encryption="aes-256-cbc", integrity="hmac-sha256", dh_group=14, lifetime_s=28800),
    ipsec=Proposal(encryption="aes-128-cbc", integrity="hmac-md5", dh_group=0, lifetime_s=3600),
)
CONFIG = {
    "Local": "47.1.1.1",
    "Remote": "47.2.2.2",
    "LocalSubnet": "10.0.0.0/8",
    "RemoteSubnet": "192.168.0.0/16",
    "IkeConfig": IKE,
    "IpsecConfig": IPSEC,
}
ROW = {
    "VpnConnectionId": "vco-1",
    "LocalSubnet": "192.168.0.0/16",
    "RemoteSubnet": "10.0.0.0/8",
    "IkeConfig": IKE,
    "IpsecConfig": IPSEC,
}
EMPTY_BLOCK = {"IkeVersion": "", "IkeMode": "", "IkeLifetime": None, "Psk": ""}
BGP = {"TunnelCidr": "169.254.11.0/30", "LocalBgpIp": "169.254.11.2", "LocalAsn": "65530"}


def tunnel(tunnel_id: str, **changed: Any) -> dict[str, Any]:
    config = {"TunnelId": tunnel_id, "Local": "47.1.1.1", "Remote": "47.2.2.2"}
    return config | {"IkeConfig": IKE, "IpsecConfig": IPSEC} | changed


def option(tunnel_id: str, **changed: Any) -> dict[str, Any]:
    blocks = {"TunnelIkeConfig": IKE, "TunnelIpsecConfig": IPSEC}
    return {"TunnelId": tunnel_id, "Role": "master"} | blocks | changed


def downloaded(**changed: Any) -> Statement:
    config = {n: v for n, v in (CONFIG | changed).items() if v is not ...}
    answer = Fields({"VpnConnectionConfig": config}, [])
    return rows.downloaded_connection(answer, vpn_connection_id="vco-1")


def listed(**changed: Any) -> Statement:
    row = {n: v for n, v in (ROW | changed).items() if v is not ...}
    return listed_row(row)


def listed_row(row: dict[str, Any]) -> Statement:
    statement = answers.decode_row("DescribeVpnConnections", Fields(row, []))
    assert isinstance(statement, Statement)
    return statement


def vpn_gateway(row: dict[str, Any]) -> Gateway:
    gateway = answers.decode_row("DescribeVpnGateways", Fields(row, []))
    assert isinstance(gateway, Gateway)
    return gateway


def customer_gateway(row: dict[str, Any]) -> Gateway:
    gateway = answers.decode_row("DescribeCustomerGateways", Fields(row, []))
    assert isinstance(gateway, Gateway)
    return gateway


def noted(statement: Statement) -> list[str]:
    return [f"{note.field}: {note.message}" for note in statement.notes]


def test_a_download_in_full() -> None:
    """Every value in our words, in the sides of the answer itself."""
    statement = downloaded()
    (only,) = statement.tunnels
    assert (statement.local_subnets, statement.remote_subnets) == (
        ("10.0.0.0/8",),
        ("192.168.0.0/16",),
    )
    assert only.phases == PHASES
    assert only.local == End(address="47.1.1.1", ike_id="47.1.1.1")
    assert only.remote == End(address="47.2.2.2", ike_id="47.2.2.2")
    assert (only.psk_state, statement.is_dual, statement.notes) == ("present", False, ())


@pytest.mark.parametrize("wrapper", [..., None, {}, "", [], {"TunnelConfig": []}])
def test_single_tunnel_in_every_shape(wrapper: object) -> None:
    """Without tunnels in the list a connection is a single-tunnel one."""
    assert downloaded(TunnelsConfig=wrapper) == downloaded()
    assert listed(TunnelOptionsSpecification=wrapper).is_dual is False


@pytest.mark.parametrize("block", [..., None, {}, "", EMPTY_BLOCK])
@pytest.mark.parametrize("witness", ["download", "describe"])
def test_dual_without_connection_level_values(witness: str, block: object) -> None:
    """Absent, null, empty, and filled with empty texts: no stray tunnel and no note."""
    if witness == "download":
        wrapped = {"TunnelConfig": [tunnel("t-a"), tunnel("t-b")]}
        statement = downloaded(TunnelsConfig=wrapped, IkeConfig=block, IpsecConfig=block)
    else:
        wrapped = {"TunnelOptions": [option("t-a"), option("t-b")]}
        statement = listed(TunnelOptionsSpecification=wrapped, IkeConfig=block, IpsecConfig=block)
    assert [one.tunnel_id for one in statement.tunnels] == ["t-a", "t-b"]
    assert [one.phases for one in statement.tunnels] == [PHASES, PHASES]
    assert (statement.is_dual, statement.stray_tunnel, statement.notes) == (True, None, ())


@pytest.mark.parametrize("lifetime_s", [28800, 86400])
def test_dual_with_a_connection_level_block_keeps_it_apart(lifetime_s: int) -> None:
    """A copy or a block of its own: in the stray tunnel, never among the tunnels."""
    stray = IKE | {"IkeLifetime": lifetime_s}
    for statement in (
        downloaded(TunnelsConfig={"TunnelConfig": [tunnel("t-a")]}, IkeConfig=stray),
        listed(TunnelOptionsSpecification={"TunnelOptions": [option("t-a")]}, IkeConfig=stray),
    ):
        assert [one.phases for one in statement.tunnels] == [PHASES]
        assert statement.stray_tunnel is not None
        assert statement.stray_tunnel.phases.ike.lifetime_s == lifetime_s


def test_dual_never_takes_connection_level_settings_for_a_tunnels() -> None:
    """False at the connection says nothing of tunnels that have it on."""
    options = [option("t-a", EnableDpd="true", Status="ipsec_sa_established"), option("t-b")]
    statement = listed(
        TunnelOptionsSpecification={"TunnelOptions": options},
        EnableDpd=False,
        EnableNatTraversal=False,
        Status="",
    )
    assert [one.dpd_enabled for one in statement.tunnels] == [True, None]
    assert [one.status for one in statement.tunnels] == ["ipsec_sa_established", None]
    assert statement.status is None


@pytest.mark.parametrize("block", [..., None, {}, ""])
def test_a_missing_block_is_noted_and_costs_itself_alone(block: object) -> None:
    """The other phase and the subnets stand."""
    for statement in (downloaded(IkeConfig=block), listed(IkeConfig=block)):
        (only,) = statement.tunnels
        assert only.phases == Phases(ipsec=PHASES.ipsec)
        assert only.psk_state == "absent"
        (note,) = noted(statement)
        assert note.endswith("IkeConfig: is missing")


def test_neither_block_is_noted_twice() -> None:
    """A connection without any proposal still has its row."""
    statement = listed(IkeConfig=None, IpsecConfig=None)
    assert len(statement.tunnels) == 1
    assert noted(statement) == ["IkeConfig: is missing", "IpsecConfig: is missing"]


@pytest.mark.parametrize(
    ("name", "token", "attribute"),
    [("IkeEncAlg", "Twofish", "encryption"), ("IkeAuthAlg", "Whirlpool", "integrity")],
)
def test_an_unknown_algorithm_is_kept_and_noted(name: str, token: str, attribute: str) -> None:
    """Lower-cased, so that it can be seen."""
    statement = listed(IkeConfig=IKE | {name: token})
    assert getattr(statement.tunnels[0].phases.ike, attribute) == token.lower()
    assert noted(statement) == [
        f"IkeConfig.{name}: {token.lower()!r} is not a known value; it is kept"
    ]


def test_a_word_of_the_wrong_kind_is_noted() -> None:
    """A known integrity algorithm is no encryption."""
    statement = listed(IkeConfig=IKE | {"IkeEncAlg": "hmac-md5", "IkeMode": "aes-128-cbc"})
    assert [note.partition(":")[0] for note in noted(statement)] == [
        "IkeConfig.IkeMode",
        "IkeConfig.IkeEncAlg",
    ]


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [({"IkePfs": "kyber768"}, "ike"), ({"IkeVersion": "ikev3"}, "ike_version")],
)
def test_an_unknown_number_is_null_and_noted(changed: dict[str, str], attribute: str) -> None:
    """The note shows the token, as no column can."""
    statement = listed(IkeConfig=IKE | changed)
    value = getattr(statement.tunnels[0].phases, attribute)
    assert value is None or value.dh_group is None
    ((name, token),) = changed.items()
    assert noted(statement) == [
        f"IkeConfig.{name}: {token!r} is not a known value; the column is null"
    ]


@pytest.mark.parametrize("value", [-1, 2**40, 1.5, True, [86400], {"s": 86400}, "a day"])
def test_an_odd_lifetime_costs_itself_alone(value: object) -> None:
    """Null, noted, and everything else of the connection stands."""
    odd, good = listed(IkeConfig=IKE | {"IkeLifetime": value}), listed()
    assert odd.tunnels[0].phases.ike.lifetime_s is None
    assert odd.tunnels[0].phases.ipsec == good.tunnels[0].phases.ipsec
    assert [note.field for note in odd.notes] == ["IkeConfig.IkeLifetime"]


@pytest.mark.parametrize("name", ["IkeConfig", "IpsecConfig", "VpnBgpConfig", "VcoHealthCheck"])
@pytest.mark.parametrize("value", ["text", 7, ["a"], True])
def test_an_odd_block_costs_itself_alone(name: str, value: object) -> None:
    """The row stands, with notes about the block."""
    statement = listed(**{name: value})
    assert statement.local_subnets == ("192.168.0.0/16",)
    assert {note.field for note in statement.notes} == {name}


def test_bgp_of_a_download_goes_to_the_tunnel_it_names() -> None:
    """The other tunnel has none."""
    wrapped = {"TunnelConfig": [tunnel("t-a"), tunnel("t-b")]}
    configs = {"BgpConfig": [BGP | {"TunnelId": "t-b"}]}
    first, second = downloaded(TunnelsConfig=wrapped, BgpConfigs=configs).tunnels
    assert (first.bgp_tunnel_cidr, second.bgp_tunnel_cidr) == (None, "169.254.11.0/30")
    assert (second.local.asn, second.local.bgp_ip) == (65530, "169.254.11.2")


@pytest.mark.parametrize("named", [{}, {"TunnelId": ""}, {"TunnelId": "vco-1"}])
def test_bgp_of_a_single_tunnel_need_not_name_it(named: dict[str, str]) -> None:
    """There is one tunnel that it can belong to."""
    statement = downloaded(BgpConfigs={"BgpConfig": [BGP | named]})
    assert statement.tunnels[0].bgp_tunnel_cidr == "169.254.11.0/30"
    assert statement.notes == ()


def test_bgp_of_no_tunnel_is_noted() -> None:
    """It is not lost silently."""
    configs = {"BgpConfig": [BGP | {"TunnelId": "t-z"}]}
    statement = downloaded(TunnelsConfig={"TunnelConfig": [tunnel("t-a")]}, BgpConfigs=configs)
    assert noted(statement) == [
        "VpnConnectionConfig.BgpConfigs.BgpConfig[0].TunnelId: is not the id of a tunnel here"
    ]


def test_a_tunnel_without_an_id_is_kept_and_noted() -> None:
    """Two such could not be told apart."""
    statement = downloaded(TunnelsConfig={"TunnelConfig": [tunnel("t-a"), tunnel("")]})
    assert len(statement.tunnels) == 2
    assert noted(statement) == [
        "VpnConnectionConfig.TunnelsConfig.TunnelConfig[1].TunnelId: is missing"
    ]


@pytest.mark.parametrize(
    ("role", "ours"), [("master", "active"), ("Slave", "standby"), ("Third", "third"), ("", None)]
)
def test_roles(role: str, ours: str | None) -> None:
    """The cloud's words in ours; an unknown one stays."""
    options = {"TunnelOptions": [option("t-a", Role=role)]}
    assert listed(TunnelOptionsSpecification=options).tunnels[0].role == ours


@pytest.mark.parametrize(
    ("key", "state"), [(..., "absent"), ("", "absent"), ("a****", "masked"), ("abc", "present")]
)
def test_states_of_bgp_key(key: object, state: str) -> None:
    """A key of BGP is told like a pre-shared one; without BGP there is none to tell of."""
    config = {n: v for n, v in (BGP | {"AuthKey": key}).items() if v is not ...}
    assert listed(VpnBgpConfig=config).tunnels[0].bgp_auth_state == state
    assert listed().tunnels[0].bgp_auth_state is None


@pytest.mark.parametrize(
    ("spec", "mbps"), [("200M", 200), ("5m", 5), ("1000Mbps", 1000), ("Wide", None), ("", None)]
)
def test_bandwidths(spec: str, mbps: int | None) -> None:
    """Megabits per second, where the text says them."""
    gateway = vpn_gateway({"VpnGatewayId": "vpn-1", "Spec": spec})
    assert gateway.bandwidth_mbps == mbps
    assert listed(TunnelBandwidth=spec).bandwidth_mbps == mbps


@pytest.mark.parametrize(
    ("name", "ours"), [("Normal", "normal"), ("NationalStandard", "sm"), ("New", "new"), ("", None)]
)
def test_vpn_types(name: str, ours: str | None) -> None:
    """The cloud's words in ours."""
    gateway = vpn_gateway({"VpnGatewayId": "vpn-1", "VpnType": name})
    assert gateway.vpn_type == ours


@pytest.mark.parametrize("action", sorted(LISTS))
def test_a_row_without_an_id_is_none(action: str) -> None:
    """Nothing could be joined to it."""
    for row in ({}, {"Name": "n"}, {"VpnConnectionId": {"a": 1}}):
        assert answers.decode_row(action, Fields(row, [])) is None


def test_gateway_notes_go_with_the_gateway() -> None:
    """An odd field of a gateway is found again at the gateway."""
    gateway = customer_gateway({"CustomerGatewayId": "cgw-1", "Asn": "x"})
    assert [note.field for note in gateway.notes] == ["Asn"]


def test_members_nobody_knows_do_not_switch_bgp_on() -> None:
    """A block that holds only what a later version added says nothing."""
    row = {"VpnConnectionId": "vco-1", "EnableTunnelsBgp": False, "VpnBgpConfig": {"New": [1]}}
    statement = listed_row(row)
    assert statement.bgp_enabled is False
