"""Where a block cannot be read, whether a key is there is not known; never that none is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import vpnframe as vf
from vpnframe.inventory.redacting import redact

KEY = "Tr1al-Key-4-Tests-0815xQ"
IKE = {"IkeVersion": "ikev2", "IkeEncAlg": "aes", "Psk": KEY}
IPSEC = {"IpsecEncAlg": "aes"}
TUNNEL = {"TunnelId": "tun-1", "TunnelIkeConfig": IKE, "TunnelIpsecConfig": IPSEC}
TEXT = json.dumps
UNREADABLE = [TEXT(IKE), [IKE], [TEXT(IKE)], 5, True]
NOTHING = [None, {}, "", "  ", {"IkeVersion": "ikev2"}, {"Psk": None}, {"Psk": ""}]


def listed(**more: object) -> dict[str, Any]:
    row = {"VpnConnectionId": "vco-1", "LocalSubnet": "10.0.0.0/8", "RemoteSubnet": "172.16.0.0/16"}
    rows = [{**row, "Status": "up", "IpsecConfig": IPSEC, **more}]
    return {"TotalCount": 1, "VpnConnections": {"VpnConnection": rows}}


def downloaded(**more: object) -> dict[str, Any]:
    return {"VpnConnectionConfig": {"LocalSubnet": "10.0.0.0/8", "IpsecConfig": IPSEC, **more}}


def tunnels(rows: object) -> dict[str, Any]:
    return listed(TunnelOptionsSpecification=rows)


def states(answer: object, folder: Path) -> list[str | None]:
    path = folder / "vco-1.json"
    path.write_text(json.dumps(answer))
    path.chmod(0o600)
    inventory = vf.load(path)
    shown = "".join(table.to_csv() for table in inventory.tables(with_key_facts=True).values())
    assert KEY not in shown
    (safe,) = redact(path, folder / "safe").written
    assert KEY not in safe.read_text()
    assert told(vf.load(safe)) == told(inventory)
    return told(inventory)


def told(inventory: vf.Inventory) -> list[str | None]:
    state = inventory.tunnels["psk_state"].astype(object)
    return state.where(state.notna(), None).tolist()


@pytest.mark.parametrize("block", UNREADABLE, ids=str)
def test_a_block_that_is_no_object(block: object, tmp_path: Path) -> None:
    """Of a connection, in a list and in a download."""
    assert states(listed(IkeConfig=block), tmp_path) == [None]


@pytest.mark.parametrize("block", UNREADABLE, ids=str)
def test_a_block_of_a_download(block: object, tmp_path: Path) -> None:
    """The same there."""
    assert states(downloaded(IkeConfig=block), tmp_path) == [None]


@pytest.mark.parametrize("block", UNREADABLE, ids=str)
def test_a_block_of_a_tunnel(block: object, tmp_path: Path) -> None:
    """Beside another tunnel, whose key is there."""
    rows = [TUNNEL | {"TunnelIkeConfig": block}, TUNNEL | {"TunnelId": "tun-2"}]
    assert states(tunnels({"TunnelOptions": rows}), tmp_path) == [None, "present"]


@pytest.mark.parametrize(
    "answer",
    [
        tunnels(TEXT({"TunnelOptions": [TUNNEL]})),
        tunnels({"TunnelOptions": TEXT([TUNNEL])}),
        tunnels({"TunnelOptions": [TEXT(TUNNEL), TEXT(TUNNEL)]}),
        tunnels([TEXT(TUNNEL)]),
        tunnels({"Options": [TUNNEL]}),
        downloaded(TunnelsConfig=TEXT({"TunnelConfig": [{"TunnelId": "tun-1", "IkeConfig": IKE}]})),
        downloaded(TunnelsConfig={"TunnelConfig": [TEXT({"TunnelId": "tun-1", "IkeConfig": IKE})]}),
    ],
    ids=lambda answer: json.dumps(answer)[-90:],
)
def test_tunnels_that_are_no_objects(answer: object, tmp_path: Path) -> None:
    """Their keys stand in what was not read: the connection has not none."""
    assert states(answer, tmp_path) == [None]


def test_a_key_beside_tunnels_that_are_no_objects(tmp_path: Path) -> None:
    """One that was read is there all the same."""
    answer = listed(IkeConfig=IKE, TunnelOptionsSpecification=TEXT({"TunnelOptions": [TUNNEL]}))
    assert states(answer, tmp_path) == ["present"]


@pytest.mark.parametrize("block", NOTHING, ids=str)
def test_a_block_without_a_key(block: object, tmp_path: Path) -> None:
    """Null, empty or whole: there is none."""
    assert states(listed(IkeConfig=block), tmp_path) == ["absent"]


@pytest.mark.parametrize(
    "rows",
    [
        None,
        {},
        {"TunnelOptions": [], "FutureField": "x"},
        {"TunnelOptions": None},
        {"TunnelOptions": []},
        "",
    ],
)
def test_no_tunnels_leave_no_doubt(rows: object, tmp_path: Path) -> None:
    """An empty list is read."""
    assert states(tunnels(rows), tmp_path) == ["absent"]
