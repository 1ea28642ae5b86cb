"""Texts of others made safe to show."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""Make a text harmless: a name may hold control characters, and a terminal would obey them.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        With a mark for each character that is neither to be seen nor a space: control characters,
        line ends, and those that turn the direction of writing.

    Examples
    --------
    >>> printable("a\x1b[2J\u202eb\u3000c")
    'a�[2J�b\u3000c'
    """
    return "".join(
        c if c.isprintable() or unicodedata.category(c) == "Zs" else "\ufffd" for c in text
    )
