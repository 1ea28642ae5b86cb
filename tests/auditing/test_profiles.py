"""Profiles from CSV: what is shipped, what is refused, and where it says so."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from vpnframe.auditing.profiles.profiles import (
    COLUMNS,
    HEADER,
    ProfileLine,
    find_profiles,
    parse_profiles,
    read_profiles,
    shipped_profiles,
)
from vpnframe.errors import SettingsError

FILE = Path(__file__).parents[2] / "vpnframe" / "auditing" / "profiles" / "audit-profiles.csv"
NAMES = {
    "vpnframe-baseline", "ietf", "nist-800-77r1", "bsi-tr-02102-3", "cnsa-1.0", "cnsa-2.0",
    "disa-vpn-srg-v3r4", "anssi-ipsec", "pci-dss-4.0.1", "gm-t-0022", "aliyun-api-defaults",
}  # fmt: skip
HEAD = ",".join(HEADER)


def parse(*lines: str, header: str = HEAD) -> object:
    """Parse lines below a header."""
    return parse_profiles("\n".join([header, *lines]), name="ours.csv")


def test_every_line_of_the_file_is_an_entry() -> None:
    """In its order; nothing is lost on the way."""
    with FILE.open(encoding="utf-8") as file:
        lines = [tuple(row[name] for name in HEADER) for row in csv.DictReader(file)]
    assert set(shipped_profiles()) == NAMES
    found = [
        (
            profile.name,
            entry.column,
            entry.value or "",
            str(entry.smallest) if entry.value is None else "",
            "" if entry.largest is None else str(entry.largest),
            entry.verdict,
            entry.clause,
            entry.basis,
        )
        for profile in shipped_profiles().values()
        for entry in profile.entries
    ]
    assert sorted(found) == sorted(lines)
    assert len(found) == 585


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_shipped_profile_judges_every_column(name: str) -> None:
    """Each of them at least once."""
    assert all(shipped_profiles()[name].of(column) for column in COLUMNS)


def test_profiles_are_found_by_name_and_by_file(tmp_path: Path) -> None:
    """In the order asked for; a file may hold several, with a byte order mark and blank lines."""
    path = tmp_path / "ours.csv"
    lines = [
        HEAD,
        "ours,ike_version,2,,,must,house rule,own",
        "",
        "theirs,ike_mode,main,,,may,,own",
    ]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    assert [one.name for one in find_profiles([path, "ietf"])] == ["ours", "theirs", "ietf"]
    assert [one.name for one in read_profiles(str(path))] == ["ours", "theirs"]


def test_an_unknown_name_lists_those_that_there_are() -> None:
    """It may have been meant as one or as a file."""
    with pytest.raises(
        SettingsError, match=r"nist-800-77 is neither a shipped profile nor a file: .*nist-800-77r1"
    ):
        find_profiles(["nist-800-77"])


def test_a_name_comes_once(tmp_path: Path) -> None:
    """A file must not shadow a shipped profile, nor one be requested twice."""
    path = tmp_path / "ours.csv"
    path.write_text(f"{HEAD}\nietf,ike_version,2,,,must,,own\n")
    for wanted in (["ietf", path], ["ietf", "ietf"]):
        with pytest.raises(SettingsError, match="ietf is requested twice"):
            find_profiles(wanted)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder, and text in another encoding."""
    (tmp_path / "ours.csv").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "ours.csv"):
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            read_profiles(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "ours.csv: the file contains no profile"),
        (["ours,ike_version,2,,,must,"], "ours.csv:2: the line has 7 fields, not 8"),
        (
            [" ,ike_version,2,,,must,,own"],
            "ours.csv:2: the first field, the name of the profile, is empty",
        ),
        (["ours,ike_cipher,2,,,must,,own"], "ours.csv:2: a profile cannot judge 'ike_cipher'"),
        (["ours,ike_version,2,,,shall,,own"], "ours.csv:2: the verdict 'shall' is not one of must"),
        (["ours,ike_version,2,,,must,,me"], "ours.csv:2: the basis 'me' is not one of verified,"),
        (
            ["ours,ike_encryption,AES256,,,must,,own"],
            "'AES256' is not a value of ike_encryption: did you mean aes-256-cbc?",
        ),
        (["ours,ike_integrity,md5,,,must,,own"], "did you mean hmac-md5?"),
        (["ours,ike_mode,quick,,,must,,own"], "ours.csv:2: 'quick' is not a value of ike_mode"),
        (["ours,ike_version,,,,must,,own"], "ours.csv:2: None is not a value of ike_version"),
        (["ours,ike_version,2,0,9,must,,own"], "judged by value, not by min and max"),
        (["ours,psk_bits,128,,,must,,own"], "judged by min and max, not by value"),
        (["ours,psk_bits,,,,must,,own"], "ours.csv:2: min is missing"),
        (["ours,psk_bits,,-1,,must,,own"], "ours.csv:2: min is '-1', not a whole number"),
        (["ours,psk_bits,,0,6.5,must,,own"], "ours.csv:2: max is '6.5', not a whole number"),
        (["ours,psk_bits,,64,63,must,,own"], "ours.csv:2: max 63 is below min 64"),
        (
            ["ours,ike_version,2,,,must,,own", "ours,ike_version,2,,,may,,own"],
            "ours.csv:3: ike_version 2 also has a verdict in ours.csv:2",
        ),
        (
            ["ours,psk_bits,,64,,must,,own", "ours,psk_bits,,0,64,may,,own"],
            "ours.csv:2: psk_bits 64 also has a verdict in ours.csv:3",
        ),
        (
            ["ours,psk_bits,,0,,must,,own", "ours,psk_bits,,64,,may,,own"],
            "ours.csv:3: psk_bits 64 also has a verdict in ours.csv:2",
        ),
        (
            ["ours,psk_bits,,0,63,must,,own", "", "ours,psk_bits,,65,,may,,own"],
            "ours.csv:4: no line covers psk_bits 64 to 64: add one",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(lines: list[str], problem: str) -> None:
    """Nothing is guessed, and nothing that would never match is kept."""
    with pytest.raises(SettingsError) as caught:
        parse(*lines)
    assert problem in str(caught.value)


def test_another_header_is_refused() -> None:
    """Columns are not guessed at by their order."""
    with pytest.raises(SettingsError, match=r"ours\.csv:1: the header must be profile,column"):
        parse(header="profile,column")
    with pytest.raises(SettingsError, match=r"ours\.csv:1: the header must be"):
        parse_profiles("", name="ours.csv")


def test_a_field_that_is_too_large_is_no_csv() -> None:
    """What the csv module refuses is an error of the file."""
    with pytest.raises(SettingsError, match=r"ours\.csv:2: the file is not valid CSV"):
        parse("x" * 200_000)


def test_two_profiles_of_a_file_may_judge_the_same() -> None:
    """Doubles and gaps count within one profile."""
    lines = ["a,psk_bits,,0,63,must,,own", "b,psk_bits,,0,63,may,,own", "a,psk_bits,,64,,may,,own"]
    assert len(parse(*lines)) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("smallest", "largest", "shown"),
    [(0, 0, "0"), (128, 128, "128"), (1, 5, "1 to 5"), (112, None, "112 or more")],
)
def test_a_range_of_numbers_is_shown(smallest: int, largest: int | None, shown: str) -> None:
    """A range of one number is that number."""
    line = ProfileLine("psk_bits", None, smallest, largest, "must", "own", "own")
    assert line.range == shown
