"""Format texts for display: terminal-safe text, counts and lists."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MOST_LISTED = 3


def printable(text: str) -> str:
    """Replace characters that a terminal would interpret, such as control characters."""
    return "".join(c if _is_harmless(c) else "\ufffd" for c in text)


def printable_lines(text: str) -> str:
    """Make a text printable, but keep line ends and tabs; remove colour codes."""
    plain = _COLOUR.sub("", text)
    return "".join(c if c in "\n\t" or _is_harmless(c) else "\ufffd" for c in plain)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Return JSON that is safe for a terminal: control characters are escaped, values unchanged."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(c if c == "\n" or _is_harmless(c) else json.dumps(c)[1:-1] for c in text)


def counted(n: int, noun: str) -> str:
    """Return a number and its noun in singular or plural, such as ``2 tunnels``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence; if there are more than four, show three and count the rest."""
    every = list(names)
    shown = every[:_MOST_LISTED] if len(every) > _MOST_LISTED + 1 else every
    if len(shown) < len(every):
        return f"{', '.join(shown)} and {len(every) - len(shown)} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def _is_harmless(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
