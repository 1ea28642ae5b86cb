"""Mask parts of the server's error messages, which can quote secrets."""

from __future__ import annotations

import re

MASK = "***"
_LONGEST = 500
# Some errors echo the string that was signed, including a security token.
_ECHO = re.compile(r"server (?:string|canonical)", re.IGNORECASE)
_QUOTED = re.compile(r"""(?<![^\s(\[{,:=])(["'`])(.*?)\1(?![A-Za-z0-9])""", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019/-][A-Za-z]+)*")
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,3})?%?|\d{4}-\d\d-\d\d")
_IDENTIFIER = re.compile(
    r"(?:[A-Z][a-z]{1,14}){1,5}(?:\.(?:(?:[A-Z][a-z]{1,14}){1,5}|\d{1,3}))*"
    r"|(?:vco|vpn|cgw|vpc|cen|tr|tr-attach|tun|vtb|rg|vsw|i)-[a-z0-9]{8,30}"
    r"|(?:cn|ap|eu|us|me|na|sa|af)-[a-z]+(?:-\d|-[a-z]+)*"
    r"|acs:[a-z]*:[a-z0-9*-]*:[0-9*]*:[A-Za-z]+/[A-Za-z0-9._@*/-]+"
    r"|[a-z]{2,10}:[A-Z][A-Za-z*]+"
)
_LONGEST_WORD = 15
# A token between spaces, without the punctuation around it.
_EDGE = r"""\s"'`()\[\]{}<>.,:;!?\u2018\u2019\u201c\u201d"""
_TOKEN = re.compile(rf"[^{_EDGE}](?:\S*[^{_EDGE}])?")
_NAMES_A_SECRET = re.compile(
    r"psk|pre-?shared|key|secret|pass(?:word|phrase|wd)|token|credential", re.IGNORECASE
)
# Words allowed after a word that names a secret; any other word could be the secret itself.
_BESIDE_A_SECRET = frozenset(
    """
    a access action allowed an and api are authorized be been can cannot characters contain contains
    could denied does doesn't empty exist exists expired failed find for format found has have id
    illegal in incorrect inactive invalid is it length long longer malformed mandatory match matched
    matches mismatch missing must no not of on operation or parameter parameters please provided
    request required resource security service short shared should specified sts supplied support
    supported that the this to too used user valid value was were with wrong you your our
    calculation
    """.split()  # noqa: SIM905  a list would have a line for each
)


def safe_message(message: object) -> str:
    """Shorten a message, and mask everything but plain words, numbers and ids of the cloud.

    A quoted string is kept if it is an id of the cloud or a parameter name. After a word that
    names a secret, such as ``password``, only the words of a fixed list are kept.
    """
    if not isinstance(message, str):
        return ""
    shown = _ECHO.split(message, maxsplit=1)[0].strip()[:_LONGEST]
    shown = _QUOTED.sub(
        lambda m: m[0] if len(m[2]) <= 40 and _IDENTIFIER.fullmatch(m[2]) else MASK, shown
    )
    is_beside_a_secret = False

    def masked(found: re.Match[str]) -> str:
        nonlocal is_beside_a_secret
        token = found[0]
        is_name = bool(_NAMES_A_SECRET.search(token))
        may_stay = not is_beside_a_secret or is_name or token.lower() in _BESIDE_A_SECRET
        is_beside_a_secret |= is_name
        return token if may_stay and _is_plain(token) else MASK

    return _TOKEN.sub(masked, shown)


def _is_plain(word: str) -> bool:
    if _NUMBER.fullmatch(word) or _IDENTIFIER.fullmatch(word):
        return True
    parts = re.split(r"['\u2019/-]", word)
    return bool(_WORD.fullmatch(word)) and all(len(part) <= _LONGEST_WORD for part in parts)
