"""Many spellings of one value at a time, as the reader and as strongSwan's daemons have them.

Each text is the value of one option in a connection of its own that is right otherwise, so that
hundreds are loaded at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from charon import Charon, Starter
from charon_says import Told, connections_told, tree_told

from vpnframe.peers.model import PeerConnection
from vpnframe.peers.reading import read_peer

REFUSED = "refused"
# What our reader has of a connection, in the words in which the daemon says it.
Said = Callable[[PeerConnection], str]


def quoted(text: str) -> str:
    """A value as both files take it, whatever is in it."""
    escapes = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n"}
    return '"' + "".join(escapes.get(one, one) for one in text) + '"'


def swanctl_conf(option: str, texts: Sequence[str]) -> str:
    """A swanctl.conf with each of the texts once; ``child.`` marks the options of a child SA."""
    place, _, name = option.rpartition(".")
    lines = ["connections {"]
    for number, text in enumerate(texts):
        line = f"{name} = {quoted(text)}"
        ends = (line, "") if not place else ("", line)
        lines += [f"n{number} {{", "version = 2", ends[0], "children {", "c {", ends[1]]
        lines += ["}", "}", "}"]
    return "\n".join([*lines, "}"]) + "\n"


def ipsec_conf(option: str, texts: Sequence[str]) -> str:
    """An ipsec.conf with each of the texts once."""
    return ipsec_conf_of([f"{option}={quoted(text)}" for text in texts])


def ipsec_conf_of(lines: Sequence[str]) -> str:
    """An ipsec.conf with each of the settings once; none of its connections shares an IKE SA."""
    return "".join(
        f"conn n{number}\n\tleft=198.18.{number // 250}.{number % 250 + 1}\n"
        f"\tright=203.0.113.1\n\tleftauth=psk\n\tauto=add\n\t{line}\n"
        for number, line in enumerate(lines)
    )


def read_all(text: str, folder: Path, n_texts: int) -> list[PeerConnection]:
    """What our reader makes of such a file, in order."""
    path = folder / "spellings.conf"
    path.write_text(text, encoding="utf-8")
    found = {one.name: one for one in read_peer(path).connections}
    return [found[f"n{number}"] for number in range(n_texts)]


def charon_told(daemon: Charon, option: str, texts: Sequence[str]) -> list[Told | None]:
    """What charon logs of the connection with each of the texts, if it loads it."""
    daemon.load("connections {\n}\n")
    daemon.new_log()
    daemon.load(swanctl_conf(option, texts))
    told = connections_told(daemon.new_log())
    found = (told.get(f"n{number}") for number in range(len(texts)))
    return [one if one is not None and one.is_loaded else None for one in found]


def charon_loads(daemon: Charon, option: str, texts: Sequence[str]) -> list[bool]:
    """Whether charon loads a connection with each of the texts."""
    return [one is not None for one in charon_told(daemon, option, texts)]


def charon_says(daemon: Charon, option: str, texts: Sequence[str]) -> list[str]:
    """What charon has of an option for each of the texts."""
    place, _, name = option.rpartition(".")
    name = "proposals" if name.endswith("proposals") else name
    return [
        REFUSED if one is None else (one.children["c"] if place else one.settings)[name]
        for one in charon_told(daemon, option, texts)
    ]


def local_selectors(one: dict[str, Any]) -> str:
    """The selectors of the local end of a connection's one child SA."""
    (child,) = one["children"].values()
    return " ".join(child["local-ts"])


def starter_says(
    daemon: Starter, option: str, texts: Sequence[str], say: Callable[[dict[str, Any]], str]
) -> list[str]:
    """What charon has of a connection for each of the texts, given to it by the starter."""
    told = starter_told(daemon, ipsec_conf(option, texts), len(texts))
    return [REFUSED if one is None else say(one) for one in told]


def starter_told(daemon: Starter, conf: str, n_texts: int) -> list[dict[str, Any] | None]:
    """What charon lists of each connection of such a file, if the starter gave it to it."""
    assert daemon.load(conf)
    told = tree_told(daemon.swanctl("--list-conns", "--pretty"))["list-conn event"]
    return [told.get(f"n{number}") for number in range(n_texts)]


def differences(
    texts: Sequence[str], ours: Sequence[PeerConnection], theirs: Sequence[str], say: Said
) -> list[tuple[str, str, str]]:
    """Each text of which the two differ; what depends on the version or machine is left out."""
    found = []
    for text, one, told in zip(texts, ours, theirs, strict=True):
        mine = REFUSED if one.refused else say(one)
        if mine != told and (one.refused or not one.may_not_load):
            found.append((text, mine, told))
    return found
