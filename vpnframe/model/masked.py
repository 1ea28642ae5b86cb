"""Detect values that an answer shows only in part: masked keys, addresses and ids.

Answers and samples mask in many ways, and real keys also contain stars and x. So one star inside
a key does not mask it, and trailing x mask it only if they are at least half of it.
"""

from __future__ import annotations

import re
from typing import Any

# Three stars anywhere (``123456****``), two at both ends (``**hidden**``), nothing but stars.
_STARRED_KEY = re.compile(r"\*{3}|\A\*{2}.*\*{2}\Z|\A\*+\Z", re.DOTALL)
_X_TAIL = re.compile(r"[xX]{4,}\Z")
_PART = r"(?:[0-9]{1,3}|[xX*]{1,3})"
_MASKED_VALUE = re.compile(
    rf"\*{{2}}|[xX]{{4,}}\Z|\A(?=.*[xX*]){_PART}(?:\.{_PART}){{3}}(?:/[0-9]{{1,2}})?\Z"
)


def is_masked_key(text: str) -> bool:
    """Check whether a key is masked.

    Examples
    --------
    >>> [is_masked_key(text) for text in ("***", "**hidden**", "123456****", "pgw6dyxxxxxxxx")]
    [True, True, True, True]
    >>> [is_masked_key(text) for text in ("pgw*dy7d1i8in7x5", "pgw6dy7d1i8ixxxx")]
    [False, False]
    """
    tail = _X_TAIL.search(text)
    is_tail_most = tail is not None and 2 * len(tail[0]) >= len(text)
    return is_tail_most or bool(_STARRED_KEY.search(text))


def is_masked_value(value: Any) -> bool:
    """Check whether an address, block or id is masked, so that it may match several values.

    Examples
    --------
    >>> [is_masked_value(text) for text in ("116.XX.XX.6", "vco-bp1w3m1p23iftycv****", "x.org")]
    [True, True, False]
    """
    if isinstance(value, tuple):
        return any(map(is_masked_value, value))
    if not isinstance(value, str) or not ("*" in value or "x" in value or "X" in value):
        return False
    return bool(_MASKED_VALUE.search(value))
