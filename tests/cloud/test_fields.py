"""Reading named fields: every class of field against every class of value."""

from __future__ import annotations

from typing import Any

import pytest

from vpnframe.cloud.answers import decode_page
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.messages import Response
from vpnframe.errors import ResponseError
from vpnframe.model.psk import FingerprintKey, KeyJudge
from vpnframe.model.records import KeyFacts, Note

ODD = [True, 1.5, [1], ["canary"], {"canary": "canary"}]
NOTHING: list[Any] = [None, "", "  ", {}, [], {"a": None}, [""], {"a": {"b": []}}]


def fields(**tree: Any) -> Fields:
    return Fields(tree, [])


def notes_of(read: Fields) -> list[str]:
    return [f"{note.field} {note.message}" for note in read.notes]


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (" a ", "a"), (7, "7"), (0, "0"), (65530.0, "65530")]
)
def test_text(value: object, text: str) -> None:
    """Text and whole numbers, stripped, without a note."""
    read = fields(Name=value)
    assert (read.text("Name"), read.notes) == (text, ())


@pytest.mark.parametrize("value", ODD)
def test_text_of_another_type_is_noted(value: object) -> None:
    """Null and a note that does not show the value."""
    read = fields(Name=value)
    assert read.text("Name") is None
    assert len(read.notes) == 1
    assert notes_of(read)[0].endswith("not text")
    assert "canary" not in notes_of(read)[0]


def test_text_takes_the_first_name_that_speaks() -> None:
    """An empty first name is passed over."""
    assert fields(Status="", status="up").text("Status", "status") == "up"


@pytest.mark.parametrize(
    ("value", "number"),
    [(86400, 86400), ("86400", 86400), (" 86400 ", 86400), (86400.0, 86400), (0, 0), ("0", 0)],
)
def test_number(value: object, number: int) -> None:
    """Numbers and numbers as text."""
    read = fields(IkeLifetime=value)
    assert (read.number("IkeLifetime"), read.notes) == (number, ())


@pytest.mark.parametrize(
    "value",
    [*ODD, "canary", "1.5", "0x10", "8 6", "\uff19", "86400s", -1, "-1", 2**31, "9" * 40, 1e300],
)
def test_bad_number_is_noted(value: object) -> None:
    """Null and one note; negative and too large ones too."""
    read = fields(IkeLifetime=value)
    assert read.number("IkeLifetime") is None
    assert len(read.notes) == 1
    assert "canary" not in notes_of(read)[0]


@pytest.mark.parametrize(("bits", "largest"), [(16, 32767), (32, 2147483647), (48, 2**47 - 1)])
def test_number_fits_its_column(bits: int, largest: int) -> None:
    """The largest of so many bits, and no more."""
    read = fields(a=largest, b=largest + 1)
    assert (read.number("a", bits=bits), read.number("b", bits=bits)) == (largest, None)
    assert notes_of(read) == ["b is negative or too large"]


@pytest.mark.parametrize("value", [True, "true", "True", " TRUE ", 1, "1"])
def test_true(value: object) -> None:
    """A flag comes as a flag, as text or as a number."""
    read = fields(EnableDpd=value)
    assert (read.flag("EnableDpd"), read.notes) == (True, ())


@pytest.mark.parametrize("value", [False, "false", "False", 0, "0"])
def test_false(value: object) -> None:
    """The same of false."""
    read = fields(EnableDpd=value)
    assert (read.flag("EnableDpd"), read.notes) == (False, ())


@pytest.mark.parametrize("value", ["canary", "yes", 2, 1.0, 1.5, [True], {"canary": 1}])
def test_bad_flag_is_noted(value: object) -> None:
    """Null and a note."""
    read = fields(EnableDpd=value)
    assert read.flag("EnableDpd") is None
    assert len(read.notes) == 1
    assert "canary" not in notes_of(read)[0]


@pytest.mark.parametrize("value", NOTHING)
def test_nothing_is_null_without_a_note(value: object) -> None:
    """Missing, null and empty are no oddities."""
    read = fields(a=value)
    assert [read.text("a"), read.number("a"), read.flag("a"), read.text("b")] == [None] * 4
    assert not read.has("a")
    assert read.notes == ()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("1.1.1.0/24, 1.1.2.0/24,", ["1.1.1.0/24", "1.1.2.0/24"]),
        ("1.1.1.0/24、1.1.2.0/24", ["1.1.1.0/24", "1.1.2.0/24"]),
        (["1.1.1.0/24", "1.1.2.0/24,1.1.3.0/24"], ["1.1.1.0/24", "1.1.2.0/24", "1.1.3.0/24"]),
        (["", "1.1.1.0/24"], ["1.1.1.0/24"]),
        ("10.0.0.0/33", ["10.0.0.0/33"]),
    ],
)
def test_subnets(value: object, found: list[str]) -> None:
    """One string or several; what is in them is judged elsewhere."""
    read = fields(LocalSubnet=value)
    assert (read.subnets("LocalSubnet"), read.notes) == (tuple(found), ())


@pytest.mark.parametrize("value", [None, "", " , ", [], [""], [None]])
def test_no_subnets_are_noted(value: object) -> None:
    """A connection without a block on one side is a row in failures."""
    read = fields(LocalSubnet=value)
    assert read.subnets("LocalSubnet") == ()
    assert [note.kind for note in read.notes] == ["address"]


@pytest.mark.parametrize("value", [7, True, {"a": "canary"}, [7], [["canary"]]])
def test_subnets_of_another_type_are_noted(value: object) -> None:
    """They cost themselves alone."""
    read = fields(LocalSubnet=value)
    assert read.subnets("LocalSubnet") == ()
    assert notes_of(read) == ["LocalSubnet is not text"]


def test_good_subnets_stay_beside_bad_ones() -> None:
    """The rest of the list is read."""
    read = fields(LocalSubnet=["10.0.0.0/8", 7])
    assert read.subnets("LocalSubnet") == ("10.0.0.0/8",)
    assert notes_of(read) == ["LocalSubnet is not text"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a", " b "], ("a", "b")),
        ({"Inner": ["a", "", None]}, ("a",)),
        ({"Inner": "a"}, ("a",)),
        ("a", ("a",)),
        *[
            (nothing, ())
            for nothing in (None, "", " ", [], [""], {}, {"Inner": []}, {"Other": "a"})
        ],
    ],
)
def test_texts(value: object, found: tuple[str, ...]) -> None:
    """Bare or wrapped, one or several; none is no note."""
    read = fields(Outer=value)
    assert (read.texts("Outer", "Inner"), read.notes) == (found, ())


@pytest.mark.parametrize("value", [7, [7], {"Inner": [True]}, [["canary"]], {"Inner": {"a": "b"}}])
def test_texts_of_another_type_are_noted(value: object) -> None:
    """They cost themselves alone, and do not show."""
    read = fields(Outer=value)
    assert read.texts("Outer", "Inner") == ()
    assert notes_of(read) == ["Outer contains values other than text"]


ROW = {"TunnelId": "t"}


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ({"Tunnel": [ROW, ROW]}, ["t", "t"]),
        ({"Tunnel": ROW}, ["t"]),
        ([ROW], ["t"]),
        (ROW, ["t"]),
        ({"Tunnel": []}, []),
        ({"Tunnel": None}, []),
        ({"Tunnel": ""}, []),
        ({}, []),
        ([], []),
        (None, []),
        ("", []),
    ],
)
def test_rows_in_every_wrapping(value: object, ids: list[str]) -> None:
    """Wrapped, bare, one as an object, and all the ways to have none."""
    read = fields(Tunnels=value)
    rows = read.rows("Tunnels", "Tunnel", mark="TunnelId")
    assert [row.text("TunnelId") for row in rows] == ids
    assert read.notes == ()


@pytest.mark.parametrize("value", ["canary", 7, ["canary"], {"Tunnel": "canary"}, {"Other": 1}])
def test_rows_that_are_none_are_noted(value: object) -> None:
    """They are not lost silently, and not shown."""
    read = fields(Tunnels=value)
    assert read.rows("Tunnels", "Tunnel", mark="TunnelId") == []
    assert len(read.notes) == 1
    assert "canary" not in notes_of(read)[0]


def test_rows_keep_their_place_in_the_notes() -> None:
    """A note names the row where it stands in the answer, whatever stands before it."""
    read = fields(Tunnels={"Tunnel": ["odd", {"Index": []}, {"Index": "x"}]})
    for row in read.rows("Tunnels", "Tunnel", mark="TunnelId"):
        row.number("Index")
    assert notes_of(read) == [
        "Tunnels.Tunnel[0] is not an object",
        "Tunnels.Tunnel[2].Index is other text, not a whole number",
    ]


@pytest.mark.parametrize("value", ["canary", 7, ["canary"], True])
def test_a_block_that_is_no_object_is_empty_and_noted(value: object) -> None:
    """What stands below reads as missing."""
    read = fields(IkeConfig=value)
    assert read.block("IkeConfig").text("IkeVersion") is None
    assert len(read.notes) == 1
    assert "canary" not in notes_of(read)[0]


def test_tags() -> None:
    """Both spellings of their fields, sorted; one without a key is none."""
    rows = [
        {"Key": "b", "Value": "2"},
        {"TagKey": "a"},
        {"Value": "lost"},
        {"Key": "n", "Value": 1},
    ]
    assert fields(Tags={"Tag": rows}).tags("Tags") == ("a=", "b=2", "n=1")
    assert fields(Tag={"Key": "a", "Value": "1"}).tags("Tag") == ("a=1",)


def test_a_secret_gives_its_state_alone() -> None:
    """Whatever its type."""
    read = fields(Psk="canary", Masked="can****", Number=123456, Empty="")
    names = ("Psk", "Masked", "Number", "Empty", "Missing")
    states = [read.secret(name) for name in names]
    assert states == ["present", "masked", "present", "absent", "absent"]


def test_an_object_does_not_show_itself() -> None:
    """Fields stand in the locals of many frames."""
    read = fields(Psk="canary")
    assert "canary" not in f"{read!r} {read}"


def test_apart_keeps_notes_apart() -> None:
    """Notes of a row go with its record."""
    read = fields(Name=[7])
    apart = read.apart()
    apart.text("Name")
    assert read.notes == ()
    assert apart.notes == (Note(field="Name", message="is a list, not text"),)


def test_has_of_named_members_looks_at_no_other() -> None:
    """What later versions add to a block does not fill it."""
    fields = Fields({"A": {"New": [1], "Old": ""}, "B": {"Old": "x"}, "C": 7}, [])
    assert [fields.has(name) for name in "ABC"] == [True, True, True]
    assert [fields.has(name, "Old") for name in "ABC"] == [False, True, True]


def test_facts_of_a_key_need_a_judge() -> None:
    """Without one a key is not looked at, whatever it is."""
    assert fields(Psk="canary").key_facts("Psk", hints=()) is None
    judged = Fields({"Psk": "canary"}, [], judge=KeyJudge(FingerprintKey(bytes(32))))
    assert judged.key_facts("Psk", hints=()) == judged.apart().key_facts("Psk", hints=())
    assert judged.key_facts("Other", hints=()) == KeyFacts()


@pytest.mark.parametrize("row", [b"{}", b'{"RegionId":"cn-a"}', b"1"])
def test_a_list_of_too_many_rows_is_no_answer(row: bytes) -> None:
    """A few MiB of empty rows would be some GiB of notes."""
    body = b'{"Regions":{"Region":[' + b",".join([row] * 100_001) + b"]}}"
    with pytest.raises(
        ResponseError, match=r"Regions\.Region has 100,001 rows; the limit is 100,000"
    ):
        decode_page(Response(200, {}, body), action="DescribeRegions")
