"""Saved answers as people reported them, through ``load``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import vpnframe as vf
from vpnframe.cloud.redaction import has_keys

CASES = Path(__file__).parent / "data" / "cases"


def plain(values: pd.Series) -> list[object]:
    return values.astype(object).where(values.notna(), None).tolist()


def test_bandwidths_of_attachments_and_connections() -> None:
    """Large and Standard, 3000M, a bare number, 1G: each in Mbit/s."""
    inv = vf.load(CASES / "10-tunnel-bandwidth" / "answers")
    assert inv.connections["bandwidth_mbps"].tolist() == [3000, 1000, 3000, 5, 1000]
    assert not inv.failures["message"].str.contains("Bandwidth|Spec").any()


def test_bandwidths_beside_a_gateway() -> None:
    """The connection's own, else its gateway's."""
    inv = vf.load(CASES / "10-tunnel-bandwidth" / "answers2")
    assert inv.connections["bandwidth_mbps"].tolist() == [3000, 1000, 1000, 1000]


@pytest.mark.parametrize("word", ["Huge", "5X"])
def test_an_unknown_bandwidth_is_a_row_in_failures(word: str, tmp_path: Path) -> None:
    """It names the field and the word; the column is null, whatever the gateway has."""
    folder = CASES / "10-tunnel-bandwidth" / "answers2" / "cn-hangzhou"
    target = tmp_path / "cn-hangzhou"
    target.mkdir()
    for file in folder.iterdir():
        (target / file.name).write_text(file.read_text().replace('"Large"', f'"{word}"'))
    inv = vf.load(tmp_path)
    assert plain(inv.connections["bandwidth_mbps"])[0] is None
    rows = inv.failures[inv.failures["message"].str.contains("TunnelBandwidth")]
    assert rows["vpn_connection_id"].tolist() == ["vco-case0001"]
    assert repr(word) in rows["message"].iloc[0]


def test_nulls_stay_null_and_a_key_in_text_is_not_known() -> None:
    """No block means no key; text in place of a block may hold one."""
    inv = vf.load(CASES / "36-nulls" / "answers")
    tunnels = inv.tunnels.sort_values("vpn_connection_id")
    assert plain(tunnels["psk_state"]) == ["absent", "present", "present", None]
    assert plain(tunnels["bgp_enabled"]) == [None, None, True, None]
    gateways = inv.gateways.set_index("gateway_id")
    assert plain(gateways["expires_at"]) == [None] * len(gateways)
    assert gateways.loc["cgw-case0003", "asn"] == 4_200_000_001
    shown = "".join(table.to_csv() for table in inv.tables(with_key_facts=True).values())
    assert "Str1ng-Key" not in shown


def test_a_key_inside_text_of_json_is_seen() -> None:
    """Files that show one are told of."""
    assert has_keys(rb'{"IkeConfig": "{\"Psk\":\"Str1ng\"}"}')
    assert not has_keys(rb'{"IkeConfig": "{\"Psk\":\"\"}"}')
    assert not has_keys(rb'{"IkeConfig": "{\"Psk\":\"present\"}"}')
    assert has_keys(rb'{"Psk": "\\a"}')
    assert has_keys(rb'{"Psk": "\\"}')
