"""No key of the other end's file stands in anything that is made of it."""

from __future__ import annotations

import base64
import json
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest
from peer_builders import swanctl, tunnels
from test_leaks import find_leaks, story_of
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app
from vpnframe.inventory import Inventory
from vpnframe.peers import reading
from vpnframe.peers.model import Peer
from vpnframe.schema import empty
from vpnframe.schema.tables import STORED

CANARY = "Canary/unique+key"
FORMS = {
    "raw": CANARY,
    "percent": quote(CANARY, safe=""),
    "json": json.dumps(CANARY)[1:-1],
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "utf-16": CANARY.encode("utf-16-le").decode("latin-1"),
}
STYLES = ("table", "csv", "jsonl", "markdown", "parquet")

# Each holds the key where strongSwan, or a slip of the hand, may put one.
SWANCTL = {
    "secrets": swanctl() + "secrets {{\n  ike-1 {{\n    id = x\n    secret = {key}\n  }}\n}}\n",
    "quoted": swanctl() + 'secrets {{\n  ike-1 {{\n    secret = "{key}"\n  }}\n}}\n',
    "by section": swanctl() + "secrets {{\n  private-{key} {{\n    secret = {key}\n  }}\n}}\n",
    "outside": "base {{\n  secret = {key}\n}}\n" + swanctl(),
    "in a connection": swanctl(connection={"psk": "{key}", "secret": "{key}"}),
    "as a name": swanctl(connection={"{key}": "x"}, child={"{key}": "x"}),
    "as a comment": "# {key}\n" + swanctl(connection={"version": "2 # {key}"}),
    "as a certificate": swanctl(local={"certs": "{key}"}, connection={"ppk_id": "{key}"}),
    "as a number": swanctl(connection={"rekey_time": "{key}", "encap": "{key}"}),
    "as a selector": swanctl(child={"local_ts": "10.0.0.0/8", "mode": "{key}"}),
    "in a pool": swanctl() + "pools {{\n  p {{\n    dns = {key}\n  }}\n}}\n",
}
IPSEC = {
    "by keyword": "conn a\n\tright=203.0.113.1\n\tpsk={key}\n\tauto=add\n",
    "as a name": "conn a\n\tright=203.0.113.1\n\t{key}=x\n\tauto=add\n",
    "as a comment": "# {key}\nconn a\n\tright=203.0.113.1 # {key}\n\tauto=add\n",
    "in setup": "config setup\n\tcharondebug={key}\nconn a\n\tright=203.0.113.1\n\tauto=add\n",
    "as a number": "conn a\n\tright=203.0.113.1\n\tlifetime={key}\n\tauto=add\n",
    "as a key file": "conn a\n\tright=203.0.113.1\n\tleftsigkey={key}\n\tauto=add\n",
}
BROKEN = {
    "secrets file": ': PSK "{key}"\n',
    "indented secrets": 'conn a\n\t: PSK "{key}"\n',
    "secrets at the end": 'conn a\n\tauto=add\n: PSK "{key}"\n',
    "open string": 'connections {{\n a {{\n id = "{key}\n',
    "open section": "secrets {{\n ike {{\n secret = {key}\n",
    "no section": "{key}",
    "no name": 'connections {{\n "{key}"\n}}\n',
    "circle": "connections {{\n a : connections.a {{\n secret = {key}\n }}\n}}\n",
    "two values": "conn a\n\tpsk={key}={key}\n",
    "braces": "{{ {key} }}",
}


def key_as(form: str, text: str) -> str:
    """A file with the key in a form; UTF-16 has bytes between that end a word of a file."""
    return text.replace("{key}", FORMS[form]).replace("{{", "{").replace("}}", "}")


def write(folder: Path, text: str) -> Path:
    """A file, byte by byte as the text."""
    path = folder / "peer.conf"
    path.write_bytes(text.encode("latin-1"))
    return path


def surfaces(path: Path, log: pytest.LogCaptureFixture) -> Iterator[tuple[str, bytes | str]]:
    """Everything that is made of a file."""
    with log.at_level(logging.DEBUG):
        peer = vf.read_peer(path)
        table = vf.compare_peer(tunnels({}), peer=path)
    yield from (("repr", repr(peer)), ("pickle", pickle.dumps(peer)), ("log", log.text))
    yield from (("csv", table.to_csv()), ("text", table.to_string()), ("attrs", repr(table.attrs)))
    yield "table pickle", pickle.dumps(table)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [*SWANCTL, *IPSEC])
def test_nothing_that_is_read_holds_the_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, form: str
) -> None:
    """Peer, comparison and log, wherever the key stands in the file."""
    for files in (SWANCTL, IPSEC):
        if name in files:
            path = write(tmp_path, key_as(form, files[name]))
            assert find_leaks({"file": path.read_bytes()}, [CANARY]), "the canary is not planted"
            try:
                found = dict(surfaces(path, caplog))
            except vf.SettingsError as error:
                # Zeros of UTF-16 in a word may end it, so that the file cannot be read.
                found = {"story": story_of(error)}
            assert find_leaks(found, [CANARY]) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BROKEN)
def test_errors_and_their_frames_do_not_hold_the_key(tmp_path: Path, name: str, form: str) -> None:
    """Neither the message nor the locals of our frames, which crash reporters collect."""
    path = write(tmp_path, key_as(form, BROKEN[name]))
    with pytest.raises(vf.SettingsError) as caught:
        vf.compare_peer(tunnels({}), peer=path)
    story = story_of(caught.value)
    assert "read_peer" in story
    assert find_leaks({"story": story, "repr": repr(caught.value)}, [CANARY]) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An inventory with one tunnel."""
    tables = {name: empty(name) for name in STORED} | {"tunnels": tunnels({})}
    vf.write_inventory(Inventory(**tables), tmp_path / "inventory")
    return tmp_path / "inventory"


@pytest.mark.parametrize(
    ("name", "style"),
    [*((name, "csv") for name in SWANCTL | BROKEN), *(("in a connection", one) for one in STYLES)],
)
def test_the_command_line_does_not_print_the_key(
    folder: Path, tmp_path: Path, name: str, style: str
) -> None:
    """In every format, and where the file cannot be read."""
    path = write(tmp_path, key_as("raw", (SWANCTL | BROKEN)[name]))
    done = CliRunner().invoke(app, ["compare", str(folder), "--peer", str(path), "-f", style])
    printed: dict[str, bytes | str] = {"out": done.stdout_bytes, "err": done.stderr_bytes}
    if done.exit_code:
        assert isinstance(done.exception, vf.SettingsError)
        printed["story"] = story_of(done.exception)
    elif style == "parquet":
        (tmp_path / "out").write_bytes(done.stdout_bytes)
        printed["values"] = pd.read_parquet(tmp_path / "out").to_csv()
    assert find_leaks(printed, [CANARY]) == []


def test_the_check_finds_a_reader_that_keeps_too_much(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A positive control: a note that quotes its line is found on every surface."""
    path = write(tmp_path, key_as("raw", SWANCTL["in a connection"]))
    noted = (path.read_text(),)
    monkeypatch.setattr(reading, "Peer", lambda *parts: Peer(*parts[:-1], noted))
    found = dict(surfaces(path, caplog))
    assert set(find_leaks(found, [CANARY])) == {"repr", "pickle", "csv", "text", "table pickle"}


def test_the_check_finds_a_frame_that_holds_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A positive control: a reader that raises where the text stands in its frame."""
    path = write(tmp_path, key_as("raw", BROKEN["open section"]))
    monkeypatch.setattr(reading, "parse_swanctl", _raise)
    with pytest.raises(ValueError, match="no") as caught:
        vf.read_peer(path)
    assert find_leaks({"story": story_of(caught.value)}, [CANARY]) == ["story"]


def _raise(text: str) -> None:
    raise ValueError("no")
