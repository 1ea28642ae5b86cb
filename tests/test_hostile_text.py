"""Texts of others: whatever a name, tag, file or server says, no terminal obeys it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from command_forks import Commands, forked_commands

import vpnframe as vf

HOSTILE = "a\x1b[31mred\x1b[2J\x9b2J\u202eevil\u2066\x07\rover\x00"
ANSWER = {
    "VpnConnectionConfig": {
        "LocalSubnet": "10.0.0.0/16",
        "RemoteSubnet": "10.0.0.0/8",
        "Local": "47.1.2.3",
        "Remote": HOSTILE,
        "IkeConfig": {"IkeVersion": HOSTILE, "IkeEncAlg": "des", "Psk": "12345678"},
        "IpsecConfig": {"IpsecEncAlg": HOSTILE},
    }
}
LISTED = {
    "VpnConnections": {
        "VpnConnection": [
            {
                "VpnConnectionId": "vco-1",
                "Name": HOSTILE,
                "LocalSubnet": "10.0.0.0/16",
                "RemoteSubnet": "10.0.0.0/8",
                "VpnGatewayId": "vpn-1",
                "Tags": {"Tag": [{"Key": "owner", "Value": HOSTILE}]},
            }
        ]
    },
    "TotalCount": 1,
    "PageNumber": 1,
    "PageSize": 50,
}
REFUSED = {"Code": HOSTILE, "Message": f"Psk {HOSTILE}", "RequestId": HOSTILE}


def check_harmless(text: str) -> None:
    """Nothing in it but what is to be seen, line ends and tabs."""
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"}
    assert not bad


def check_command(commands: Commands, *arguments: object) -> str:
    """What a command prints, which is harmless on either stream."""
    done = commands.run(*arguments)
    assert done.code in (0, 1, 2, 3, 4)
    assert "Traceback" not in done.stderr
    check_harmless(done.stdout + done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Commands, of which no line is folded."""
    with forked_commands(tmp_path_factory.mktemp("said"), {"COLUMNS": "500"}) as commands:
        yield commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Path:
    """Saved answers with such texts, loaded."""
    folder = tmp_path_factory.mktemp("hostile")
    answers = folder / "answers" / "cn-hangzhou"
    answers.mkdir(parents=True)
    for name, answer in (("vco-1", ANSWER), ("list", LISTED), ("refused", REFUSED)):
        (answers / f"{name}.json").write_text(json.dumps(answer))
    (answers / "odd\x1b[2J\u202e.json").write_text("{")
    check_command(commands, "load", folder / "answers", "--out", folder / "inventory")
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        "show inventory tunnels --format jsonl",
        "show inventory tunnels",
        "show inventory failures --format markdown",
        "show inventory failures --format csv",
        "show inventory failures --format jsonl",
        "stats inventory",
        "overlaps inventory",
        "trace inventory 10.0.0.1 10.0.5.5",
        "audit inventory",
        "audit inventory --owner-tag owner --format jsonl",
        "audit inventory --owner-tag owner --format sarif",
        "audit inventory --owner-tag owner --format ocsf",
        "audit inventory --owner-tag owner --format html",
        "schema tunnels",
    ],
)
def test_no_output_holds_a_control_character(
    arguments: str, folder: Path, commands: Commands
) -> None:
    """On either stream, in every format that is text."""
    command, name, *more = arguments.split()
    check_command(commands, command, folder / name, *more)


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "\x1b[2J.json", "--out", "x"),
        ("show", "\x1b[2J", "tunnels"),
        ("show", "inventory", "\x1b[2J\u202e"),
        ("show", "inventory", "tunnels", "--where", "'\x9b2J'"),
        ("show", "inventory", "tunnels", "--limit", "\x1b[2J"),
        ("redact", "\x1b[2J", "nothing"),
        ("free", "inventory", "\x1b[31m", "24"),
        ("\x1b[2J",),
    ],
)
def test_no_message_holds_what_was_typed_raw(
    arguments: tuple[str, ...], folder: Path, commands: Commands
) -> None:
    """A shell puts names of files there that nobody typed."""
    places = {"inventory": folder / "inventory", "answers": folder / "answers"}
    check_command(commands, *(places.get(one, one) for one in arguments))


def test_redacting_names_what_it_refuses(folder: Path, commands: Commands) -> None:
    """The name of a file, too."""
    check_command(commands, "redact", folder / "answers", folder / "safe\x1b[2J")


def test_json_lines_read_back_as_they_were(folder: Path, commands: Commands) -> None:
    """What is escaped is the same text."""
    shown = check_command(commands, "show", folder / "inventory", "tunnels", "-f", "jsonl")
    assert HOSTILE in [json.loads(line)["connection_name"] for line in shown.split("\n") if line]


def test_a_terminal_is_no_exception(folder: Path) -> None:
    """There, too: errors on it have neither colours nor anything else to obey."""
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "vpnframe", "show", folder / "inventory", "\x1b[2J\u202e"],
        stdin=theirs, stdout=theirs, stderr=theirs, check=False,
    )  # fmt: skip
    os.close(theirs)
    check_harmless(os.read(ours, 100_000).decode().replace("\r\n", "\n"))
    os.close(ours)


def test_a_dollar_in_a_value_is_a_dollar() -> None:
    """Two of them would be a formula, and no formula ends in a backslash."""
    values = pd.Categorical([r"a$\frac{$", r"a$\frac{$", "$x$", "$x$"])
    tunnels = vf.schema.empty("tunnels").reindex(range(4))
    tunnels = tunnels.assign(region_id="r", vpn_connection_id="vco", tunnel_index=range(4))
    ax = vf.plot.algorithms(tunnels.assign(ike_encryption=values))
    ax.legend()
    ax.figure.canvas.draw()
    assert {r"a\$\frac{\$", r"\$x\$"} <= {text.get_text() for text in ax.texts}
    plt.close("all")
