"""What an answer sends for what nobody set: zeros and empty texts, which are no values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from helpers import response
from test_rows import customer_gateway, listed_row, vpn_gateway

from vpnframe.cloud import answers
from vpnframe.cloud.answers import decode_download, decode_page
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.redaction import redact_answer
from vpnframe.cloud.trees import write_tree
from vpnframe.inventory.flattening import make_tables
from vpnframe.model.records import Attachment, Gateway, Records, Statement
from vpnframe.model.sources import join_statements, with_attachments

IKE = {
    "IkeVersion": "ikev2", "IkeMode": "main", "IkeEncAlg": "aes256", "IkeAuthAlg": "sha256",
    "IkePfs": "group14", "IkeLifetime": 86400, "LocalId": "", "RemoteId": "", "Psk": "canary-1",
}  # fmt: skip
IPSEC = {
    "IpsecEncAlg": "aes256", "IpsecAuthAlg": "sha256", "IpsecPfs": "group14",
    "IpsecLifetime": 3600,
}  # fmt: skip
ZERO_IKE = {name: 0 if isinstance(value, int) else "" for name, value in IKE.items()}
ZERO_IPSEC = {name: 0 if isinstance(value, int) else "" for name, value in IPSEC.items()}
ZERO_BGP = {
    "LocalAsn": 0, "PeerAsn": 0, "LocalBgpIp": "", "PeerBgpIp": "", "TunnelCidr": "",
    "Status": "", "AuthKey": "",
}  # fmt: skip
ZERO_CHECK = {"Enable": "", "Sip": "", "Dip": "", "Interval": 0, "Retry": 0, "Status": ""}
BGP = {
    "LocalAsn": 45104, "PeerAsn": 65530, "LocalBgpIp": "169.254.11.1",
    "PeerBgpIp": "169.254.11.2", "TunnelCidr": "169.254.11.0/30",
}  # fmt: skip
SINGLE = {
    "VpnConnectionId": "vco-1", "LocalSubnet": "10.0.0.0/16", "RemoteSubnet": "192.168.0.0/24",
    "IkeConfig": IKE, "IpsecConfig": IPSEC,
}  # fmt: skip


def option(tunnel_id: str, **changed: Any) -> dict[str, Any]:
    blocks = {"TunnelIkeConfig": IKE, "TunnelIpsecConfig": IPSEC}
    return {"TunnelId": tunnel_id, **blocks, **changed}


DUAL = SINGLE | {
    "IkeConfig": None,
    "IpsecConfig": None,
    "TunnelOptionsSpecification": {"TunnelOptions": [option("tun-1"), option("tun-2")]},
}


def as_text(value: Any) -> Any:
    """The same with text in place of numbers, as XML has it."""
    if isinstance(value, dict):
        return {name: as_text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_text(one) for one in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def listed(row: dict[str, Any], **changed: Any) -> Statement:
    return listed_row(row | changed)


def downloaded(config: dict[str, Any]) -> Statement:
    body = json.dumps({"VpnConnectionConfig": config})
    return decode_download(response(body), vpn_connection_id="vco-1")


@pytest.fixture(params=[lambda tree: tree, as_text], ids=["numbers", "texts"])
def written(request: pytest.FixtureRequest) -> Any:
    """A tree as JSON has it, and with text for every number."""
    return request.param


@pytest.mark.parametrize("row", [SINGLE, DUAL], ids=["single", "dual"])
def test_zeros_in_every_block_say_nothing(row: dict[str, Any], written: Any) -> None:
    """A row that is filled with zeros reads like one that leaves the same out."""
    filled = {
        "VpnBgpConfig": ZERO_BGP, "VcoHealthCheck": ZERO_CHECK, "CreateTime": 0,
        "InternetIp": "", "Spec": "", "TunnelBandwidth": "", "VpnGatewayId": "",
    }  # fmt: skip
    if row is DUAL:
        options = [
            option(i, TunnelBgpConfig=ZERO_BGP, TunnelIndex=0, InternetIp="")
            for i in ("tun-1", "tun-2")
        ]
        filled |= {"IkeConfig": ZERO_IKE, "IpsecConfig": ZERO_IPSEC}
        filled |= {"TunnelOptionsSpecification": {"TunnelOptions": options}}
    assert listed(written(row | filled)) == listed(row)


def test_lists_of_unset_tunnels_and_links_are_empty(written: Any) -> None:
    """A single tunnel has no second one that is made of zeros, in either answer."""
    unset = {"TunnelId": "", "Local": "", "Remote": "", "TunnelIndex": 0}
    blocks = {"IkeConfig": ZERO_IKE, "IpsecConfig": ZERO_IPSEC}
    named = {f"Tunnel{name}": block for name, block in blocks.items()}
    options = {"TunnelOptions": [unset | named] * 2}
    assert listed(written(SINGLE | {"TunnelOptionsSpecification": options})) == listed(SINGLE)
    config = {name: SINGLE[name] for name in SINGLE if name != "VpnConnectionId"}
    filled = {
        "TunnelsConfig": {"TunnelConfig": [unset | blocks]},
        "BgpConfigs": {"BgpConfig": [ZERO_BGP | {"TunnelId": ""}] * 2},
    }
    assert downloaded(written(config | filled)) == downloaded(config)
    tunnels = {"TunnelConfig": [{"TunnelId": "tun-1", "IkeConfig": IKE, "IpsecConfig": IPSEC}]}
    dual = downloaded(written(config | filled | {"TunnelsConfig": tunnels}))
    assert (len(dual.tunnels), dual.notes) == (1, ())


@pytest.mark.parametrize("zero", [0, "0", " 0 ", "00", 0.0, "0.0"])
def test_a_zero_asn_is_none(zero: object) -> None:
    """AS 0 is reserved: nobody has it."""
    gateway = customer_gateway({"CustomerGatewayId": "cgw-1", "Asn": zero})
    assert gateway == Gateway(gateway_id="cgw-1", kind="customer", bgp_auth_state="absent")
    ends = listed(SINGLE, VpnBgpConfig=BGP | {"LocalAsn": zero}).tunnels[0]
    assert (ends.local.asn, ends.remote.asn) == (None, 65530)


@pytest.mark.parametrize("zero", [0, "0", "0.0.0.0", "::", "0.0.0.0/0"])  # noqa: S104
def test_a_zero_address_is_none(zero: object) -> None:
    """No tunnel ends at the unspecified address, and no BGP link has it."""
    names = {"VpnGatewayId": "vpn-1", "InternetIp": zero, "DisasterRecoveryInternetIp": zero}
    gateway = vpn_gateway(names)
    assert gateway == Gateway(gateway_id="vpn-1", kind="vpn")
    bgp = BGP | {"LocalBgpIp": zero, "PeerBgpIp": zero, "TunnelCidr": zero}
    (tunnel,) = listed(SINGLE, VpnBgpConfig=bgp, InternetIp=zero).tunnels
    assert (tunnel.local.bgp_ip, tunnel.remote.bgp_ip, tunnel.bgp_tunnel_cidr) == (None,) * 3
    assert (tunnel.local.address, tunnel.gateway_address) == (None, None)


@pytest.mark.parametrize("zero", [0, "0"])
def test_zero_times_and_priorities_are_none_and_weights_are_not(zero: object) -> None:
    """A gateway did not expire in 1970; weight 0 is a standby."""
    gateway = vpn_gateway({"VpnGatewayId": "vpn-1", "EndTime": zero})
    assert (gateway.expires_ms, gateway.notes) == (None, ())
    row = {"RouteDest": "10.0.0.0/8", "NextHop": "vco-1", "Priority": zero, "Weight": zero}
    route = answers.decode_row("DescribeVpnPbrRouteEntries", Fields(row, []))
    assert (route.priority, route.weight) == (None, 0)  # type: ignore[union-attr]


def test_a_lifetime_of_zero_stays_where_it_belongs(written: Any) -> None:
    """On the single tunnel and on each tunnel: the API takes 0."""
    zero = IKE | {"IkeLifetime": 0}
    (single,) = listed(written(SINGLE | {"IkeConfig": zero})).tunnels
    assert single.phases.ike.lifetime_s == 0
    options = {"TunnelOptions": [option("tun-1", TunnelIkeConfig=zero), option("tun-2")]}
    tunnels = listed(written(DUAL | {"TunnelOptionsSpecification": options})).tunnels
    assert [tunnel.phases.ike.lifetime_s for tunnel in tunnels] == [0, 86400]


def test_a_block_of_zeros_is_a_missing_one(written: Any) -> None:
    """Nobody proposed a lifetime of 0 there."""
    row = listed(written(SINGLE | {"IkeConfig": ZERO_IKE}))
    assert row.tunnels[0].phases.ike.lifetime_s is None
    assert [note.message for note in row.notes] == ["is missing"]


@pytest.mark.parametrize("level", [ZERO_IKE, IKE | {"IkeLifetime": 0}], ids=["zeros", "copy"])
@pytest.mark.parametrize("witness", ["download", "describe"])
def test_connection_level_zeros_beside_tunnels_are_no_disagreement(
    witness: str, level: dict[str, Any], written: Any
) -> None:
    """In either answer, in whole or in part."""
    configs = [{"TunnelId": i, "IkeConfig": IKE, "IpsecConfig": IPSEC} for i in ("tun-1", "tun-2")]
    config = {
        "LocalSubnet": "192.168.0.0/24", "RemoteSubnet": "10.0.0.0/16",
        "TunnelsConfig": {"TunnelConfig": configs},
    }  # fmt: skip
    at_level = {"IkeConfig": level, "IpsecConfig": ZERO_IPSEC}
    if witness == "download":
        config |= at_level
    download = downloaded(written(config))
    row = listed(written(DUAL | (at_level if witness == "describe" else {})))
    connection, differing = join_statements(download, row)
    assert not differing
    assert [t.phases.ike.lifetime_s for t in connection.tunnels] == [86400, 86400]


ON = [True, "true", "TRUE", " True ", "open", "Enable", 1]
OFF = [False, "false", "FALSE", "close", "Disable"]


@pytest.mark.parametrize("name", ["EnableBgp", "Status"])
@pytest.mark.parametrize("block", [ZERO_BGP, BGP, {}], ids=["zeros", "filled", "empty"])
@pytest.mark.parametrize(("value", "is_on"), [*[(v, True) for v in ON], *[(v, False) for v in OFF]])
def test_a_switch_of_the_block_decides(
    name: str, block: dict[str, Any], value: object, is_on: bool
) -> None:
    """Whatever it is filled with, and whatever the connection's switch for two tunnels says."""
    for other in (True, False, None):
        row = listed(SINGLE, VpnBgpConfig=block | {name: value}, EnableTunnelsBgp=other)
        assert row.bgp_enabled is is_on
        assert row.notes == ()


@pytest.mark.parametrize("block", [ZERO_BGP, BGP, {}, None], ids=["zeros", "filled", "{}", "null"])
@pytest.mark.parametrize(("value", "is_on"), [*[(v, True) for v in ON], *[(v, False) for v in OFF]])
@pytest.mark.parametrize("row", [SINGLE, DUAL], ids=["single", "dual"])
def test_the_switch_for_tunnels_decides(
    row: dict[str, Any], block: object, value: object, is_on: bool
) -> None:
    """On the connection, over blocks at either level."""
    changed: dict[str, Any] = {"VpnBgpConfig": block, "EnableTunnelsBgp": value}
    if row is DUAL:
        options = [option(i, TunnelBgpConfig=block) for i in ("tun-1", "tun-2")]
        changed["TunnelOptionsSpecification"] = {"TunnelOptions": options}
    assert listed(row, **changed).bgp_enabled is is_on


@pytest.mark.parametrize("status", ["success", "failed", "established", "idle"])
def test_a_session_that_is_up_or_down_is_set_up(status: str) -> None:
    """The connection's switch for two tunnels is off on a single one that speaks BGP."""
    row = listed(SINGLE, VpnBgpConfig=BGP | {"Status": status}, EnableTunnelsBgp=False)
    assert (row.bgp_enabled, row.tunnels[0].bgp_status) == (True, status)


def test_without_a_switch_the_block_tells() -> None:
    """Parameters that stand there are those of a session; zeros are none."""
    assert listed(SINGLE, VpnBgpConfig=BGP).bgp_enabled is True
    assert listed(SINGLE, VpnBgpConfig=ZERO_BGP).bgp_enabled is None
    assert listed(SINGLE, VpnBgpConfig=ZERO_BGP).tunnels[0].bgp_auth_state is None


def test_an_odd_switch_is_noted_and_decides_nothing() -> None:
    """The block tells."""
    row = listed(SINGLE, VpnBgpConfig=BGP | {"EnableBgp": "perhaps"})
    assert row.bgp_enabled is True
    assert [note.field for note in row.notes] == ["VpnBgpConfig.EnableBgp"]


@pytest.mark.parametrize("root", [None, "DescribeVpnConnectionsResponse"], ids=["json", "xml"])
def test_redaction_keeps_zeros(root: str | None) -> None:
    """What was unset stays so in an answer that was made safe to keep."""
    row = SINGLE | {"VpnBgpConfig": ZERO_BGP, "EnableTunnelsBgp": False, "TunnelBandwidth": 0}
    tree = {"TotalCount": 1, "VpnConnections": {"VpnConnection": [row]}}
    body = write_tree(tree, root)
    pages = [
        decode_page(response(one), action="DescribeVpnConnections")
        for one in (body, redact_answer(response(body)))
    ]
    assert pages[0] == pages[1]
    assert b"canary" not in redact_answer(response(body))


@pytest.mark.parametrize(
    ("word", "mbps"),
    [
        (5, 5), (5.0, 5), ("5", 5), ("5M", 5), ("5m", 5), (" 5 M ", 5), ("1000M", 1000),
        ("1G", 1000), ("1g", 1000), ("3 Gbps", 3000), ("200Mbit/s", 200), ("Standard", 1000),
        ("standard", 1000), ("LARGE", 3000), (" Large ", 3000), (0, None), ("0", None),
        ("0M", None), ("", None), (None, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Spec", "TunnelBandwidth"])
def test_bandwidths_of_connections(name: str, word: object, mbps: int | None) -> None:
    """Megabits per second in every spelling; nothing where nothing was set; no note."""
    row = listed(SINGLE, **{name: word})
    assert (row.bandwidth_mbps, row.notes) == (mbps, ())


GATEWAY = Gateway(gateway_id="vpn-1", kind="vpn", bandwidth_mbps=200)


def table_of(statement: Statement) -> Any:
    connection, _ = join_statements(None, statement)
    return make_tables(Records(connections=(connection,), gateways=(GATEWAY,)))["tunnels"]


@pytest.mark.parametrize("word", ["Huge", "5X", "fast", "1.2.3", [5], True])
@pytest.mark.parametrize("name", ["Spec", "TunnelBandwidth"])
def test_an_unknown_bandwidth_is_noted_and_no_gateways(name: str, word: object) -> None:
    """Null, a note that names the field, and not what the gateway has."""
    row = listed(SINGLE, VpnGatewayId="vpn-1", **{name: word})
    assert [note.field for note in row.notes] == [name]
    assert table_of(row)["bandwidth_mbps"].isna().all()
    assert table_of(listed(SINGLE, VpnGatewayId="vpn-1"))["bandwidth_mbps"].tolist() == [200]


@pytest.mark.parametrize(
    ("gateway", "mbps"), [("", 3000), ("vpn-1", 200)], ids=["router", "gateway"]
)
def test_the_bandwidth_of_what_it_hangs_on_comes_first(gateway: str, mbps: int) -> None:
    """On a transit router its tunnels', on a VPN gateway the gateway's."""
    row = listed(SINGLE, VpnGatewayId=gateway, Spec="200M", TunnelBandwidth="Large")
    assert row.bandwidth_mbps == mbps


def test_an_attachment_tells_what_its_list_row_does_not() -> None:
    """And its unknown word is noted likewise."""
    known = Fields({"InstanceId": "vco-1", "TunnelBandwidth": "large"}, [])
    odd = Fields({"InstanceId": "vco-1", "TunnelBandwidth": "Huge"}, [])
    for fields, mbps, n_notes in ((known, 3000, 0), (odd, None, 1)):
        attached = answers.decode_row("DescribeVpnAttachments", fields)
        assert isinstance(attached, Attachment)
        joined = with_attachments({"vco-1": listed(SINGLE)}, {"vco-1": attached})["vco-1"]
        assert (joined.bandwidth_mbps, len(joined.notes)) == (mbps, n_notes)


def test_an_unknown_bandwidth_of_a_gateway_is_noted() -> None:
    """The gateway stays."""
    gateway = vpn_gateway({"VpnGatewayId": "vpn-1", "Spec": "Huge"})
    assert (gateway.bandwidth_mbps, [note.field for note in gateway.notes]) == (None, ["Spec"])


@pytest.mark.parametrize("block", ['{"Psk": "canary"}', ["canary"], [IKE]])
def test_a_block_that_is_no_object_may_hold_a_key(block: object) -> None:
    """Whether it does is not known, and nothing of it is shown."""
    row = listed(SINGLE, IkeConfig=block)
    assert row.tunnels[0].psk_state is None
    assert "canary" not in repr(row)
    assert [note.field for note in row.notes] == ["IkeConfig"]
    assert table_of(row)["psk_state"].isna().all()
