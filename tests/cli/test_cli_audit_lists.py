"""``vpnframe audit``: lists that are cut, files of owners, waivers that do nothing."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from audit_helpers import GOOD, NEXT, block
from test_cli_audit import DES, OTHER, PARTIAL, WAIVERS, audit, written

import vpnframe as vf

BY_OWNER = ("--by", "owner", "--owner-tag", "owner")


def waivers_of(folder: Path, text: str = WAIVERS) -> Path:
    """A file with one waiver from today on."""
    now = datetime.now(UTC).date()
    path = folder / "waivers.toml"
    path.write_text(text.format(created=now, until=now + timedelta(days=30)))
    return path


@pytest.mark.parametrize("style", ["csv", "jsonl", "markdown"])
def test_a_list_that_is_cut_still_says_what_was_not_read(tmp_path: Path, style: str) -> None:
    """One finding, and those on the fleet as a whole."""
    folder = written(tmp_path, DES, coverage=PARTIAL)
    done = audit(folder, "-f", style, "--limit", "1", code=4)
    assert "vpn-ike-des" in done.stdout
    assert "vpn-coverage" in done.stdout
    assert "vpn-single-tunnel" not in done.stdout
    assert "more findings" in done.stderr


@pytest.mark.parametrize("style", ["sarif", "html", "ocsf", "parquet"])
def test_what_is_filed_is_never_cut(tmp_path: Path, style: str) -> None:
    """Whatever the limit is; what is counted is the fleet."""
    folder, path = written(tmp_path, DES), tmp_path / "whole"
    done = audit(folder, "-f", style, "--limit", "0", "-o", path)
    assert b"vpn-single-tunnel" in path.read_bytes()
    assert "critical 1" in done.stderr


@pytest.mark.parametrize("style", ["csv", "jsonl", "markdown", "sarif", "html"])
def test_every_owner_learns_what_was_not_read(tmp_path: Path, style: str) -> None:
    """The row stands in each file."""
    rows = (DES | {"tags": ["owner=erp"]}, NEXT | OTHER | DES | {"tags": ["owner=retail"]})
    folder, out = written(tmp_path, *rows, coverage=PARTIAL), tmp_path / "out"
    audit(folder, *BY_OWNER, "--out-dir", out, "-f", style, code=4)
    texts = {path.name.partition(".")[0]: path.read_text() for path in out.iterdir()}
    assert {"findings-erp", "findings-retail", "findings-no-owner"} == set(texts)
    assert all("1 of 9 known" in text for text in texts.values())


def test_an_owner_called_no_owner_has_a_file_of_his_own(tmp_path: Path) -> None:
    """What nobody owns is not his, nor is what has an empty tag."""
    away = {"tags": ["owner="], "onprem_subnets": ["10.9.0.0/24"]}
    rows = (DES | {"tags": ["owner=no-owner"]}, NEXT | OTHER | DES | away)
    done = audit(written(tmp_path, *rows), *BY_OWNER, "--out-dir", tmp_path / "out", "-f", "csv")
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    (own,) = [text for text in found.values() if "vco-1" in text]
    assert "vco-2" not in own
    assert len(found) == 2
    assert "findings of no owner" in done.stdout


def test_an_owner_s_name_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    """A mark stands for what a terminal would obey."""
    folder = written(tmp_path, DES | {"tags": ["owner=a\x1b[31mb"]})
    assert "\x1b" not in audit(folder, *BY_OWNER, "--out-dir", tmp_path / "out").stdout


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_what_tells_of_keys_is_for_its_writer_alone(tmp_path: Path) -> None:
    """In the files of owners, too."""
    folder, out = written(tmp_path, DES), tmp_path / "out"
    audit(folder, *BY_OWNER, "--out-dir", out, "--with-key-facts", "-f", "csv")
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}


def test_by_owner_takes_no_single_file(tmp_path: Path) -> None:
    """It would not be written."""
    options = (*BY_OWNER, "--out-dir", tmp_path / "out", "-o", tmp_path / "one.csv")
    assert "whole files" in audit(written(tmp_path, DES), *options, code=2).stderr


def test_a_waiver_that_accepts_nothing_is_told(tmp_path: Path) -> None:
    """Its name may be misspelt; one that does something is not named."""
    folder = written(tmp_path, {"ike_encryption": "3des-cbc"})
    done = audit(folder, "--waivers", waivers_of(tmp_path))
    assert "the waiver of vpn-ike-des for connection vco-1" in done.stderr
    good = audit(written(tmp_path / "des", DES), "--waivers", waivers_of(tmp_path))
    assert "matches no finding" not in good.stderr


def test_the_platform_s_ceiling_is_accepted_by_its_rule_alone(tmp_path: Path) -> None:
    """It is about no connection."""
    text = WAIVERS.replace('"vpn-ike-des"\nconnection = "vco-1"', '"platform-ceiling"')
    path = waivers_of(tmp_path, text)
    text = audit(written(tmp_path, {}), "--waivers", path, "-f", "jsonl").stdout
    rows = [json.loads(line) for line in text.splitlines()]
    assert {r["status"] for r in rows if r["rule_id"] == "platform-ceiling"} == {"waived"}


def test_routes_that_were_not_read_exit_with_4(tmp_path: Path) -> None:
    """As for the other commands on overlaps."""
    row = block(GOOD, "onprem", "0.0.0.0/0", has_known_routes=None, routing_mode="route")
    folder = written(tmp_path, {"routing_mode": "route"}, subnets=[row])
    assert "not all routes of 1 connections were read" in audit(folder, code=4).stderr


def test_keys_of_which_nothing_is_known_are_told(tmp_path: Path) -> None:
    """Also where there is a row for each: redacted answers give such."""
    nothing = dict.fromkeys(("psk_length", "psk_class", "psk_bits", "psk_fingerprint"))
    folder = written(tmp_path, {"psk_state": "masked"}, keys=[nothing])
    assert "no key was judged" in audit(folder).stderr


def test_several_standards_are_told_apart(tmp_path: Path) -> None:
    """In what a person reads, too."""
    profiles = ("--profile", "cnsa-1.0", "--profile", "cnsa-2.0")
    text = audit(written(tmp_path, {}), *profiles, "-f", "markdown").stdout
    assert "| profile |" in text
    assert "| cnsa-2.0 |" in text


def test_markdown_has_no_tags_and_no_links(tmp_path: Path) -> None:
    """A name is shown as it is."""
    name = "<script>alert(1)</script> [x](javascript:1)"
    text = audit(written(tmp_path, DES | {"connection_name": name}), "-f", "markdown").stdout
    assert "<script>" not in text
    assert "[x](" not in text
    assert "&lt;script&gt;" in text


def test_a_profile_of_ones_own_does_not_bear_the_name_of_a_standard(tmp_path: Path) -> None:
    """A page would be headed by it."""
    path = tmp_path / "own.csv"
    header = "profile,column,value,min,max,verdict,clause,basis\n"
    path.write_text(f"{header}ietf,ike_version,2,,,must,,own\n")
    inv = vf.read_inventory(written(tmp_path, {}))
    with pytest.raises(vf.SettingsError, match="the name ietf belongs to a shipped profile"):
        vf.audit(inv, profiles=[path])
    assert set(vf.profile_matrix(inv, profiles="ietf")["profile"]) == {"ietf"}


def test_what_else_is_joined_and_translated_counts(tmp_path: Path) -> None:
    """Two gateways of their own VPCs carry one block: a fault once something joins them."""
    away = NEXT | OTHER | {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2"}
    folder = written(tmp_path, {}, away)
    topology, nat = tmp_path / "topology.toml", tmp_path / "nat.toml"
    topology.write_text('[[domain]]\nname = "core"\nmembers = ["vpc-1", "vpc-2"]\n')
    nat.write_text(
        '[[nat]]\nconnection = "vco-2"\nside = "onprem"\n'
        'real = "192.168.7.0/24"\nmapped = "10.200.0.0/24"\n'
    )
    texts = [
        audit(folder, "-f", "csv", *more).stdout
        for more in ((), ("--topology", topology), ("--topology", topology, "--nat", nat))
    ]
    assert ["vpn-overlap-route-domain" in text for text in texts] == [False, True, False]
