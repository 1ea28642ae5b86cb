"""Read the settings of a section, and record what is wrong with them; a value is never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from vpnframe.peers.model import PeerProposal, Protocol
from vpnframe.peers.tokens import ESN, parse_proposal

T = TypeVar("T")
D = TypeVar("D")

NO_TUNNEL = frozenset({"pass", "drop"})  # modes of a child SA that carry nothing
_KEY_AUTHS = ("ike:", "pubkey", "rsa", "ecdsa", "bliss")


def auth_class(text: str, word: str) -> str | None:
    """Return the class of an authentication, without its constraints; None if unknown.

    ``word`` is the text as the daemon compares it with the methods of IKEv1 and EAP.
    """
    if text.startswith(_KEY_AUTHS):
        return "pubkey"
    return next((known for known in ("xauth", "eap") if word.startswith(known)), None)


@dataclass(slots=True)
class Doubts:
    """Problems of one connection: why its daemon does not load it, and notes."""

    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    may_not_load: bool = False  # whether some versions or machines do not load it

    def doubt(self, sentence: str) -> None:
        """Record why some daemons do not load the connection."""
        self.may_not_load = True
        self.notes.append(f"{sentence}: where it is not known, the connection is not loaded")


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of one section, read one by one; problems are recorded in ``doubts``."""

    settings: Mapping[str, tuple[str | None, int]]  # value and line; None if it is empty
    doubts: Doubts

    def text(self, name: str) -> str | None:
        """Return a value as written; None if there is none."""
        return self.settings.get(name, (None, 0))[0]

    def read(self, name: str, parse: Callable[[str], T | None], default: D) -> T | D:
        """Return a parsed value; the default if it is missing or cannot be parsed."""
        text = self.text(name)
        found = None if text is None else parse(text)
        if found is not None:
            return found
        if text is not None:
            self.refuse(name, "cannot be read")
        return default

    def proposals(
        self, texts: Iterable[str], name: str, protocol: Protocol
    ) -> tuple[PeerProposal, ...]:
        """Parse proposals; strongSwan loads no connection with an invalid one."""
        found = tuple(parse_proposal(one, protocol=protocol) for one in texts)
        for one in found:
            if one.problem:
                self.refuse(name, f"has {one.problem}")
            elif set(one.unknown) - set(ESN):
                self.doubt(name, "has a word that not every version of strongSwan knows")
        return found

    def refuse(self, name: str, why: str) -> None:
        """Record why strongSwan does not load the connection."""
        self.doubts.refusals.append(self._sentence(name, why))

    def doubt(self, name: str, why: str) -> None:
        """Record why some daemons do not load the connection."""
        self.doubts.doubt(self._sentence(name, why))

    def note(self, name: str, what: str) -> None:
        """Record a note on a setting."""
        self.doubts.notes.append(self._sentence(name, what))

    def _sentence(self, name: str, what: str) -> str:
        line = self.settings.get(name, (None, 0))[1]
        return f"line {line}: {name} {what}" if line else f"{name} {what}"
