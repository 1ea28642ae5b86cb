"""What the emulator's answers look like: views, quirks and shapes, in JSON and in XML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from vpnframe.emulator import EmulatedConnection, make_fleet
from vpnframe.emulator.connection_rows import connection_row, download_config
from vpnframe.emulator.encoding import encode_xml
from vpnframe.emulator.fleet.quirks import CONNECTION_LEVEL_SHAPES
from vpnframe.emulator.rows import attachment_row, customer_gateway_row, vpn_gateway_row

FLEET = make_fleet()
DUAL = [c for c in FLEET.connections if c.is_dual]
SINGLE = [c for c in FLEET.connections if not c.is_dual]
LISTS = {"TunnelConfig", "TunnelOptions", "BgpConfig", "Tags"}


def listed(connection: EmulatedConnection) -> dict[str, Any]:
    return dict(connection_row(connection))


def downloaded(connection: EmulatedConnection) -> dict[str, Any]:
    return dict(download_config(connection))


def shape_of(answer: Mapping[str, Any], name: str, full: Any) -> str:
    """Name the shape of a block."""
    if name not in answer:
        return "absent"
    block = answer[name]
    if block is None:
        return "null"
    if not block or block in ({"TunnelConfig": []}, {"TunnelOptions": []}):
        return "empty"
    if block == full:
        return "copy"
    return {frozenset({""}): "blank", frozenset({"", "0"}): "zeros"}.get(
        frozenset(block.values()), "other"
    )


def test_views_are_opposite() -> None:
    """Local is the on-premises side in the download and the VPC side in the list."""
    for connection in FLEET.connections:
        row, config = listed(connection), downloaded(connection)
        assert set(config["LocalSubnet"].split(",")) == set(row["RemoteSubnet"].split(","))
        assert set(config["RemoteSubnet"].split(",")) == set(row["LocalSubnet"].split(","))
        assert row["LocalSubnet"] == ",".join(connection.vpc_subnets)


def test_download_names_the_device_as_local() -> None:
    """Local is the customer gateway's address, Remote the VPN gateway's; so are the ids."""
    for connection in SINGLE:
        (tunnel,) = connection.tunnels
        config = downloaded(connection)
        assert (config["Local"], config["Remote"]) == (tunnel.customer_ip, tunnel.cloud_ip)
        assert config["IkeConfig"]["LocalId"] == tunnel.customer_ike_id
        assert listed(connection)["IkeConfig"]["LocalId"] == tunnel.cloud_ike_id


def test_order_of_blocks_may_differ() -> None:
    """The download gives the blocks in another order now and then, and mostly does not."""
    several = [c for c in FLEET.connections if len(set(c.onprem_subnets)) > 1]
    same = [downloaded(c)["LocalSubnet"] == listed(c)["RemoteSubnet"] for c in several]
    assert 0 < sum(same) < len(same)


@pytest.mark.parametrize("name", ["IkeConfig", "IpsecConfig"])
def test_dual_shapes_all_occur_in_lists(name: str) -> None:
    """Each possible connection-level block of a dual-tunnel connection is in the list rows."""
    shapes = set()
    for connection in DUAL:
        row = listed(connection)
        first = row["TunnelOptionsSpecification"]["TunnelOptions"][0][f"Tunnel{name}"]
        block = row.get(name)
        as_text = {k: str(v) for k, v in block.items()} if block else block
        shapes.add(shape_of(row | {name: as_text} if block else row, name, first))
    assert shapes == set(CONNECTION_LEVEL_SHAPES)


@pytest.mark.parametrize("name", ["IkeConfig", "IpsecConfig"])
def test_dual_shapes_all_occur_in_downloads(name: str) -> None:
    """Each possible connection-level block of a dual-tunnel connection is in the downloads."""
    shapes = set()
    for connection in DUAL:
        config = downloaded(connection)
        first = config["TunnelsConfig"]["TunnelConfig"][0][name]
        block = config.get(name)
        texts = {k: str(v) for k, v in block.items()} if block else block
        full = {k: str(v) for k, v in first.items()}
        shapes.add(shape_of(config | {name: texts} if block else config, name, full))
    assert shapes == set(CONNECTION_LEVEL_SHAPES)


def test_single_shapes_all_occur() -> None:
    """The tunnel list of a single-tunnel connection is absent, null or empty."""
    rows, configs = [listed(c) for c in SINGLE], [downloaded(c) for c in SINGLE]
    in_lists = {shape_of(row, "TunnelOptionsSpecification", None) for row in rows}
    in_downloads = {shape_of(config, "TunnelsConfig", None) for config in configs}
    assert in_lists == in_downloads == {"absent", "null", "empty"}


def test_dual_says_nothing_at_its_own_level() -> None:
    """A dual-tunnel row has no status, no customer gateway and everything off."""
    for connection in DUAL:
        row = listed(connection)
        assert (row["CustomerGatewayId"], row["Status"]) == ("", "")
        assert (row["EnableDpd"], row["EnableNatTraversal"]) == (False, False)


def test_tunnels_have_text_for_numbers_and_flags() -> None:
    """On a tunnel of a list row lifetimes, flags and ASNs are text; on a connection not."""
    for connection in DUAL:
        for option in listed(connection)["TunnelOptionsSpecification"]["TunnelOptions"]:
            assert isinstance(option["TunnelIkeConfig"]["IkeLifetime"], str)
            assert option["EnableDpd"] in ("true", "false")
            assert isinstance(option.get("TunnelBgpConfig", {}).get("LocalAsn", ""), str)
    row = listed(SINGLE[0])
    assert isinstance(row["IkeConfig"]["IkeLifetime"], int)
    assert isinstance(row["EnableDpd"], bool)


def test_downloads_have_numbers_of_both_kinds() -> None:
    """Lifetimes of tunnels come as numbers in some downloads and as text in others."""
    configs = [downloaded(c)["TunnelsConfig"]["TunnelConfig"][0] for c in DUAL]
    assert {type(config["IkeConfig"]["IkeLifetime"]) for config in configs} == {int, str}


def test_tunnel_order_and_index_vary() -> None:
    """Tunnels come as 1, 2, as 2, 1 and without any index."""
    orders = set()
    for connection in DUAL:
        options = listed(connection)["TunnelOptionsSpecification"]["TunnelOptions"]
        orders.add(tuple(option.get("TunnelIndex") for option in options))
    assert orders == {(1, 2), (2, 1), (None, None)}


def test_health_check_is_text() -> None:
    """A health check is on or off in words."""
    checks = [listed(c).get("VcoHealthCheck") for c in SINGLE]
    assert {check["Enable"] for check in checks if check} == {"true", "false"}


def test_transit_router_row() -> None:
    """An attachment has no gateway, but a router and an address of its own."""
    connection = next(c for c in SINGLE if c.attach_type == "CEN")
    row = listed(connection)
    assert "VpnGatewayId" not in row
    assert row["TransitRouterId"] == connection.transit_router_id
    assert row["InternetIp"] == connection.tunnels[0].cloud_ip
    assert attachment_row(connection)["InstanceId"] == row["VpnConnectionId"]


def test_tags_stand_in_three_forms() -> None:
    """Tags are ``Tag.Tag`` on connections, ``Tags.Tag`` on gateways and a list elsewhere."""
    connection = next(c for c in FLEET.connections if c.tags)
    expected = [{"Key": tag.key, "Value": tag.value} for tag in connection.tags]
    gateway = next(g for g in FLEET.vpn_gateways if g.tags)
    assert listed(connection)["Tag"] == {"Tag": expected}
    assert attachment_row(connection)["Tags"] == expected
    assert set(dict(vpn_gateway_row(gateway))["Tags"]) == {"Tag"}  # type: ignore[arg-type]


def test_secrets_are_in_the_answers() -> None:
    """Reading this fleet is reading its keys: they stand where the API has them."""
    connection = next(c for c in SINGLE if c.tunnels[0].psk)
    key = connection.tunnels[0].psk
    assert listed(connection)["IkeConfig"]["Psk"] == key
    assert downloaded(connection)["IkeConfig"]["Psk"] == key
    gateway = next(g for g in FLEET.customer_gateways if g.auth_key)
    assert customer_gateway_row(gateway)["AuthKey"] == gateway.auth_key
    assert any("AuthKey" in listed(c).get("VpnBgpConfig", {}) for c in SINGLE)


def test_sm_connection_has_a_certificate_and_no_key() -> None:
    """On an SM gateway Psk is absent, and the peer's certificate is there."""
    connection = next(c for c in SINGLE if c.tunnels[0].peer_ca)
    row = listed(connection)
    assert "Psk" not in row["IkeConfig"]
    assert "Psk" not in downloaded(connection)["IkeConfig"]
    assert row["RemoteCaCertificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert row["IkeConfig"]["IkeEncAlg"] == "sm4"


def read(element: Element) -> Any:
    """Read XML into the tree that JSON would give, every scalar as text."""
    children = list(element)
    if not children:
        return element.text or ""
    tree: dict[str, Any] = {}
    for child in children:
        if child.tag in LISTS or (child.tag, element.tag) == ("Tag", "Tags"):
            tree.setdefault(child.tag, []).append(read(child))
        elif child.tag == "Tag" and element.tag == "Tag":
            tree.setdefault("Tag", []).append(read(child))
        else:
            tree[child.tag] = read(child)
    return tree


def as_text(value: Any) -> Any:
    """Write a tree the way XML can hold it: text for scalars, nothing for null or empty."""
    if isinstance(value, Mapping):
        kept = {k: as_text(v) for k, v in value.items() if v is not None and v != []}
        return kept or ""
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("write", [listed, downloaded, attachment_row])
def test_xml_holds_what_json_holds(write: Any) -> None:
    """Both formats carry the same content for every connection."""
    for connection in FLEET.connections:
        tree = dict(write(connection))
        assert read(ElementTree.fromstring(encode_xml("Answer", tree))) == as_text(tree)


def test_xml_of_the_documented_sample() -> None:
    """A download has the elements of the documentation's sample, root included."""
    text = encode_xml("DownloadVpnConnectionConfigResponse", {"RequestId": "1"}).decode()
    assert text.endswith(
        "<DownloadVpnConnectionConfigResponse><RequestId>1</RequestId>"
        "</DownloadVpnConnectionConfigResponse>"
    )


def test_bare_array_repeats_its_element() -> None:
    """The attachments are a bare array, which XML writes as repeated elements."""
    rows = [attachment_row(c) for c in FLEET.connections if c.attach_type == "CEN"][:2]
    root = ElementTree.fromstring(encode_xml("Answer", {"VpnAttachments": rows}))
    assert [child.tag for child in root] == ["VpnAttachments"] * 2
    assert root[0].findtext("InstanceId", "").startswith("vco-")


def test_emulator_stands_apart() -> None:
    """The emulator takes nothing of the package but the messages."""
    folder = Path(__file__).parents[2] / "vpnframe" / "emulator"
    lines = [
        line.strip()
        for file in folder.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("from vpnframe", "import vpnframe"))
    ]
    others = {line for line in lines if not line.startswith("from vpnframe.emulator")}
    assert {line.partition(" import ")[0] for line in others} == {"from vpnframe.cloud.messages"}
