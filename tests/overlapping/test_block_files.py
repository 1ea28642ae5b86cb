"""Blocks in files: text and tables."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pandas as pd
import pytest
from fleet_helpers import inventory_with, site, subnets_of
from typer.testing import CliRunner

from vpnframe.cli import app
from vpnframe.errors import AddressError, InputWarning, SettingsError
from vpnframe.inventory import write_inventory
from vpnframe.overlapping import read_blocks


def test_text_has_blocks_in_lines_with_remarks(tmp_path: Path):
    """Blank lines, commas, a byte order mark and remarks are no trouble."""
    path = tmp_path / "avoid.txt"
    text = "\ufeff# the lab\n10.0.0.0/24, 10.0.9.0/24\n\n  fd00::/8  # later\n"
    path.write_text(text, encoding="utf-8")
    assert read_blocks(path)["cidr"].tolist() == ["10.0.0.0/24", "10.0.9.0/24", "fd00::/8"]


def test_a_bad_line_is_named(tmp_path: Path):
    """With its number, the text and the reason."""
    path = tmp_path / "avoid.txt"
    path.write_text("10.0.0.0/24\n\n10.0.1.0/24, 10.0.0.0/33\n")
    with pytest.raises(
        AddressError, match=r"avoid.txt, line 3: '10.0.0.0/33'.*prefix length"
    ) as caught:
        read_blocks(path)
    assert caught.value.value == "10.0.0.0/33"


def test_tables_are_read_whole(tmp_path: Path):
    """CSV and Parquet, by the file's ending."""
    table = pd.DataFrame({"cidr": ["10.0.0.0/24"], "site": ["lima"]})
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_parquet(tmp_path / "a.PARQUET")
    for name in ("a.csv", "a.PARQUET"):
        assert read_blocks(tmp_path / name).to_dict("list") == table.to_dict("list")


@pytest.mark.parametrize(
    ("name", "content"),
    [("none.txt", None), ("none.csv", None), ("none.parquet", None), ("a.parquet", b"x"),
     ("a.csv", b""), ("a.csv", b'a,b\n"1'), ("a.txt", b"\xff\xfe")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None):
    """Missing or damaged, of every kind."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"{name} cannot be read: [\w']+"):
        read_blocks(path)


CASE = Path(__file__).parents[1] / "data" / "cases" / "37-ipam"


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("netbox.csv", ["172.16.0.0/12", "172.16.5.0/24", "10.0.0.0/16"]),
        ("netbox-min.csv", ["172.16.5.0/24"]),
        ("phpipam.csv", ["172.16.5.0/24"]),
        ("excel-semi.csv", ["172.16.5.0/24"]),
        ("excel-bom.csv", ["172.16.5.0/24"]),
    ],
)
def test_exports_of_the_field(name: str, blocks: list[str]):
    """NetBox, phpIPAM and Excel: as they write them."""
    assert read_blocks(CASE / name)["cidr"].tolist() == blocks


def put(tmp_path: Path, name: str, text: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


LATIN = "cidr,site\r\n10.0.0.0/9,caf\xe9\r\n".encode("latin-1")


@pytest.mark.parametrize(
    "text",
    [
        "cidr\n10.0.0.0/9,\n",
        "cidr,site\n10.0.0.0/9,x,\n",
        "cidr,site\n10.0.0.0/9,x,,,\n",
        "cidr,\n10.0.0.0/9\n",
        "cidr,site\n10.0.0.0/9\n",
        "cidr;site\r\n10.0.0.0/9;\r\n",
        "CIDR\tsite\n10.0.0.0/9\tHQ\n",
        'site;cidr\n"a;b";10.0.0.0/9\n',
        'sep=;\nCidr;site\n10.0.0.0/9;"a, b"\n',
        "\n,,\nsite,Prefix,\nHQ, 10.0.0.0/9 ,\n,,\n",
        "Network,Netmask\n10.0.0.0,255.128.0.0\n",
        "Subnet,Mask\n10.0.0.0,/9\n",
        "Subnet,Mask\n10.0.0.0,9.0\n",
        "Subnet,Mask\n10.0.0.0/9,255.128.0.0\n",
        "SUBNET;Mask\n10.0.0.0/9;\n",
        "VPC,CIDR Block\nvpc-1,10.0.0.0/9\n",
        'note,cidr\n"two\nlines",10.0.0.0/9\n',
        LATIN,
        "cidr;site\n10.0.0.0/9;HQ\n".encode("utf-16"),
    ],
)
def test_a_table_of_one_block_however_it_is_written(text: str | bytes, tmp_path: Path):
    """Commas too many, columns too few, other separators and names: the block is there."""
    (block,) = read_blocks(put(tmp_path, "a.csv", text))["cidr"]
    assert str(ip_network(block)) == "10.0.0.0/9"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cidr\n10.0.0.0/9,10.128.0.0/9\n", "line 2 has 2 cells but the header has 1"),
        ("cidr,a\n10.0.0.0/9,x\n10.0.0.0/9,x,y\n", "line 3 has 3 cells but the header has 2"),
        ("a,cidr\nx,10.0.0.0/9\n10.0.0.0/9\n", "line 3 has 1 cell but the header has 2"),
        ("cidr,cidr\n10.0.0.0/9,10.0.0.0/9\n", "two columns are named cidr"),
        ("cidr\n", "contains no block: it has no rows"),
        ("cidr,a\n,x\n,y\n", "contains no block: column cidr is empty in 2 rows"),
        ("cidrs,a\n,x\n", "contains no block: column cidrs is empty in 1 row"),
        ("block,a\n10.0.0.0/9,x\n", "has no column cidr.*it has block, a; rename"),
        ("10.0.0.0/9\n10.0.0.0/9\n", "has no column cidr"),
        ("Subnet,a\n10.0.0.0,x\n", "line 2: 10.0.0.0 has no prefix length: add a column Mask"),
        ("Subnet,Mask\n10.0.0.0,\n", "line 2: 10.0.0.0 has no prefix length: Mask is empty"),
        ("Subnet,Mask\n10.0.0.0/8,16\n", "line 2: 10.0.0.0/8 contradicts the Mask 16 of its row"),
        ("Subnet,Mask\n10.0.0.0/8,255.255.0.0\n", "10.0.0.0/8 contradicts the Mask 255.255.0.0"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(text: str, problem: str, tmp_path: Path):
    """Nothing is shifted, and no file without blocks passes for one that overlaps nothing."""
    with pytest.raises(SettingsError, match=problem):
        read_blocks(put(tmp_path, "a.csv", text))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", " ,\n;\n"])
def test_a_text_without_blocks_is_refused(text: str, tmp_path: Path):
    """A file of remarks compares with nothing."""
    with pytest.raises(SettingsError, match=r"a\.txt contains no block"):
        read_blocks(put(tmp_path, "a.txt", text))


def test_parquet_without_blocks_is_refused(tmp_path: Path):
    """A column of nulls, and lists without any."""
    for name, values in {"cidr": [None, None], "cidrs": [[], None]}.items():
        pd.DataFrame({name: values}).to_parquet(tmp_path / "a.parquet")
        with pytest.raises(SettingsError, match=f"column {name} is empty in 2 rows"):
            read_blocks(tmp_path / "a.parquet")


def test_a_second_column_of_blocks_is_named(tmp_path: Path):
    """Only one column is read, and the warning says which."""
    path = put(tmp_path, "a.csv", "prefix,subnet\n10.0.0.0/9,10.1.0.0/16\n")
    with pytest.warns(InputWarning, match="read from column prefix, not from subnet"):
        assert read_blocks(path)["cidr"].tolist() == ["10.0.0.0/9"]


def test_masks_that_are_numbers(tmp_path: Path):
    """As Parquet has them, be one missing."""
    table = pd.DataFrame({"Subnet": ["10.0.0.0", "10.1.0.0/16"], "Mask": [9.0, None]})
    table.to_parquet(tmp_path / "a.parquet")
    assert read_blocks(tmp_path / "a.parquet")["cidr"].tolist() == ["10.0.0.0/9", "10.1.0.0/16"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "cidr\n10.0.0.0/24\n10.0.0.1/16\n", "line 3"),
        ("a.txt", "10.0.0.0/24;10.0.0.1/16\n", "line 1"),
        ("a.csv", 'cidrs\n"10.0.0.0/24, 10.0.0.1/16"\n', "line 2"),
        ("a.csv", "subnet,mask\n10.0.0.0,24\n10.0.0.1,16\n", "line 3"),
    ],
)
def test_host_bits_are_a_warning(name: str, text: str, place: str, tmp_path: Path):
    """The block around is read, the row is named, and the others are read too."""
    said = f"{name}: 1 row with host bits; {place}: 10.0.0.1/16 is read as 10.0.0.0/16"
    with pytest.warns(InputWarning, match=said):
        table = read_blocks(put(tmp_path, name, text))
    assert table.explode(table.columns[0]).iloc[:, 0].tolist() == ["10.0.0.0/24", "10.0.0.0/16"]


def test_rows_without_a_block_are_counted(tmp_path: Path):
    """They are not the end, and not passed over in silence."""
    with pytest.warns(InputWarning, match="2 rows without a block in column cidr"):
        table = read_blocks(put(tmp_path, "a.csv", "cidr,a\n,x\n10.0.0.0/9,y\nNULL,z\n"))
    assert table["cidr"].dropna().tolist() == ["10.0.0.0/9"]
    assert table["a"].tolist() == ["x", "y", "z"]


SITES = [site("vco-a", onprem=["10.1.0.0/16", "10.200.0.0/16"], vpc=["172.16.0.0/24"])]


def command(folder: Path, *arguments: object, code: int = 0) -> tuple[str, str]:
    """Run a command on a small inventory; give what it prints and says."""
    write_inventory(inventory_with(subnets_of(*SITES)), folder / "inv")
    name, *more = map(str, arguments)
    done = CliRunner().invoke(app, [name, str(folder / "inv"), *more])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    "text", ["cidr\n10.0.0.0/9\n", "cidr\n10.0.0.0/9,\n", "cidr\n10.0.0.9/9\n"]
)
def test_against_a_spreadsheet(text: str, tmp_path: Path):
    """The same pairs with a comma too many or host bits; it says how many blocks it read."""
    path = put(tmp_path, "a.csv", text)
    printed, said = command(tmp_path, "overlaps", "--against", path, "-f", "csv")
    assert [line.count("10.1.0.0/16") for line in printed.splitlines()] == [0, 1]
    assert f"compared with 1 block of {path}" in said
    assert ("line 2: 10.0.0.9/9 is read as 10.0.0.0/9" in said) == ("9/9" in text)


@pytest.mark.parametrize(
    "text", ["cidr\n10.0.0.0/9\n", "cidr\n10.0.0.0/9,\n", "Prefix;a\n10.0.0.0/9;b\n"]
)
def test_free_keeps_clear_of_a_spreadsheet(text: str, tmp_path: Path):
    """Nothing inside it is offered, and it says how many blocks it kept clear of."""
    path = put(tmp_path, "a.csv", text)
    printed, said = command(tmp_path, "free", "--avoid", path, "-f", "csv")
    blocks = [ip_network(line.split(",")[0]) for line in printed.splitlines()[1:]]
    assert len(blocks) == 5
    assert not any(block.overlaps(ip_network("10.0.0.0/9")) for block in blocks)
    assert f"kept clear of 1 block of {path}" in said


def test_a_default_route_is_nothing_to_keep_clear_of(tmp_path: Path):
    """It would leave nothing; that it is left out is said."""
    path = put(tmp_path, "a.txt", "0.0.0.0/0\n10.0.0.0/9\n")
    assert "kept clear of 1 block of" in command(tmp_path, "free", "--avoid", path)[1]
    assert "1 default route is left out" in command(tmp_path, "free", "--avoid", path)[1]


@pytest.mark.parametrize("option", ["overlaps --against", "free --avoid"])
def test_a_file_without_blocks_is_an_error_of_the_command(option: str, tmp_path: Path):
    """Exit code 1, and no table."""
    name, flag = option.split()
    path = put(tmp_path, "a.csv", "cidr,a\n,x\n")
    assert command(tmp_path, name, flag, path, code=1)[0] == ""
