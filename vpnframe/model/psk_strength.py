"""Estimate how hard a pre-shared key is to guess. The key is not stored.

A random key has ``length * log2(alphabet)`` bits. A quick check decides whether a key is random: a
key is not random if it is short, or if words, dates and keyboard runs cover half of it. Only keys
that are not random are passed to zxcvbn, which estimates how many guesses an attacker needs. For a
random key, zxcvbn would be wrong: it counts at most 3.32 bits per character, and finds a word or
date by chance in one key of five. It also takes a hundred times as long as the quick check.
"""

from __future__ import annotations

import math
import re
import string
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from vpnframe.model.records import KeyClass

# Keys in public documentation, mostly examples of the vendor and the Terraform provider.
PUBLISHED = frozenset(
    {
        "pgw6dy7d1i8in7x5", "tf-testvpn1", "tf-testvpn2", "tf-examplevpn1", "tf-examplevpn2",
        "tf-testvpn-master", "tf-testvpn-slave", "Test@123", "tftest@!3", "123456789abcd", "testt",
        "secret", "12345678", "cisco123", "vpnpsk", "psk", "password", "aliyun", "aliyun123",
        "Aliyun@123", "test1234",
    }
)  # fmt: skip
MAX_BITS = 256
# A key that contains a hint is derived if the rest of the key has fewer bits than this.
_DERIVED_BITS = 64
_SHORT = 12
_HINT = 6
_WORD = 5
_DIGITS = 6  # a run of six digits is as rare by chance as one of five letters
# zxcvbn refuses more than 72 characters, and its run time grows with the cube of the length.
_LOOKED_AT = 32
_SPARSE = 0.4

_LOWER, _UPPER, _DECIMAL = string.ascii_lowercase, string.ascii_uppercase, string.digits
# Common alphabets of keys, smallest first, with their sizes.
_ALPHABETS: tuple[tuple[int, frozenset[str]], ...] = tuple(
    (size, frozenset(characters))
    for size, characters in (
        (10, _DECIMAL),
        (16, _DECIMAL + "abcdef"),
        (16, _DECIMAL + "ABCDEF"),
        (26, _LOWER),
        (26, _UPPER),
        (32, _LOWER + "234567"),
        (32, _UPPER + "234567"),
        (32, string.punctuation),
        (36, _LOWER + _DECIMAL),
        (36, _UPPER + _DECIMAL),
        (52, _LOWER + _UPPER),
        (62, _LOWER + _UPPER + _DECIMAL),
        (64, _LOWER + _UPPER + _DECIMAL + "+/="),
        (64, _LOWER + _UPPER + _DECIMAL + "-_="),
    )
)
_LARGEST_ALPHABET = 94
_HEXADECIMAL = frozenset(_DECIMAL + "abcdef")
_L33T = {
    "4": "a", "@": "a", "8": "b", "(": "c", "3": "e", "6": "g", "9": "g", "1": "i", "!": "i",
    "|": "i", "0": "o", "5": "s", "$": "s", "7": "t", "+": "t", "%": "x", "2": "z",
}  # fmt: skip
_AS_LOWER = str.maketrans(_UPPER, _LOWER)  # keeps the length, unlike str.lower
_UNDONE = (str.maketrans(_L33T), str.maketrans(_L33T | {"1": "l", "!": "l", "|": "l"}))
_RUNS = (
    "`1234567890-=", "~!@#$%^&*()_+", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "1q2w3e4r5t6y7u8i9o0p", "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
)  # fmt: skip
_ALONG = "\n".join([*_RUNS, *(run[::-1] for run in _RUNS)])
_OF_ONE = re.compile(r"(.)\1{4,}")
_SEPARATORS = re.compile(r"[^0-9a-z\n]+")
_WHOLE_WORD = re.compile(r"(?<![0-9a-z])[a-z]+(?![0-9a-z])")
_WORD_LINE = re.compile(r"^[a-z]+$", re.MULTILINE)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_Y, _M, _D = r"(?:19[5-9]|20[0-3])[0-9]", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12][0-9]|3[01])"
_M2, _D2 = _M.replace("0?", "0"), _D.replace("0?", "0")
# A date: six or eight digits without digits around them, or parts with separators.
_DATE = re.compile(
    rf"(?<![0-9])(?:{_Y}{_M2}{_D2}|{_D2}{_M2}{_Y}|{_M2}{_D2}{_Y}"
    rf"|[0-9]{{2}}{_M2}{_D2}|{_D2}{_M2}[0-9]{{2}}|{_M2}{_D2}[0-9]{{2}}"
    rf"|{_Y}[-./_]{_M}[-./_]{_D}|{_D}[-./_]{_M}[-./_]{_Y}|{_M}[-./_]{_D}[-./_]{_Y})(?![0-9])"
)
# Maximum rank in zxcvbn's word lists, by word length: short words often occur by chance, and two
# words of five letters cover half of a key of sixteen.
_FREQUENT = {5: 400, 6: 2000}
_FREQUENT_LONGER = 10_000
# Words that are typical of VPN gateways but do not rank high enough in these lists.
_OWN_WORDS = frozenset(
    {
        "admin", "aliyun", "alibaba", "beijing", "branch", "changeme", "chengdu", "cisco", "cloud",
        "connect", "customer", "datacenter", "default", "firewall", "fortinet", "gateway",
        "guangzhou", "hangzhou", "headquarter", "huawei", "ipsec", "juniper", "network", "office",
        "presharedkey", "qingdao", "remote", "router", "secret", "server", "shanghai", "shenzhen",
        "singapore", "strongswan", "terraform", "tianjin", "tunnel", "welcome", "zhangjiakou",
    }
)  # fmt: skip

Span = tuple[int, int]


def judge_key(key: str, *, hints: Iterable[str] = ()) -> tuple[KeyClass, int]:
    """Return the class of a key, and how many bits an attacker must guess."""
    if key in PUBLISHED:
        return "published", 0
    rest = _without_hints(key, hints)
    key_class, bits = _judge(rest)
    is_derived = len(rest) < len(key) and bits < _DERIVED_BITS
    return "derived" if is_derived else key_class, bits


def _judge(key: str) -> tuple[KeyClass, int]:
    words, others = _spans_of_words(key), _spans_of_others(key)
    is_covered = 2 * len(_positions([*words, *others])) >= len(key)
    if len(key) >= _SHORT and not is_covered:
        return "random", _random_bits(key)
    is_of_words = len(_positions(words)) > len(_positions(others))
    return "dictionary" if is_of_words else "patterned", _guessed_bits(key)


def _without_hints(key: str, hints: Iterable[str]) -> str:
    """Remove from a key each part of at least six characters that occurs in a hint.

    A part in l33t is read as letters, and must then occur in one word of a hint. If a part was
    removed, years are removed as well.
    """
    lowered, (plain, folded) = key.translate(_AS_LOWER), _hint_texts(hints)
    spans = _common_spans(lowered, plain)
    for undone in _UNDONE:  # only for words: random ids would match by chance
        spans += _common_spans(lowered.translate(undone), folded)
    taken = _positions(spans)
    if not taken:
        return key
    return _YEAR.sub("", "".join(c for place, c in enumerate(key) if place not in taken))


def _hint_texts(hints: Iterable[str]) -> tuple[str, str]:
    """Return the hints in lower case, with and without separators; and the words in the hints."""
    lowered = "\n".join(hints).lower()
    joined = _SEPARATORS.sub("", lowered)
    words = [*_WHOLE_WORD.findall(lowered), *_WORD_LINE.findall(joined)]
    return f"{lowered}\n{joined}", "\n".join(words)


def _common_spans(text: str, known: str, size: int = _HINT) -> list[Span]:
    """Return the spans of at least ``size`` characters in a text that also occur in ``known``."""
    spans, start = [], 0
    while start + size <= len(text):
        end = start + size
        if text[start:end] not in known:
            start += 1
            continue
        while end < len(text) and text[start : end + 1] in known:
            end += 1
        spans.append((start, end))
        start = end
    return spans


def _spans_of_words(key: str) -> list[Span]:
    """Return the spans in which a key spells a common word, in letters or in l33t.

    Spans with fewer letters than other characters are left out.
    """
    lowered, words = key.translate(_AS_LOWER), _words()
    return [
        (start, start + len(word))
        for text in {lowered, *(lowered.translate(undone) for undone in _UNDONE)}
        for start in range(len(text) - _WORD + 1)
        for word in words.get(text[start : start + _WORD], ())
        if text.startswith(word, start) and _is_wordy(lowered[start : start + len(word)])
    ]


def _is_wordy(text: str) -> bool:
    return 2 * sum(map(str.isalpha, text)) >= len(text)


def _spans_of_others(key: str) -> list[Span]:
    """Find dates, repetitions, and keyboard or alphabet sequences; return their spans."""
    lowered = key.translate(_AS_LOWER)
    spans = _common_spans(lowered, _ALONG, _WORD)
    spans += [match.span() for match in _OF_ONE.finditer(lowered)]
    spans = [(i, j) for i, j in spans if j - i >= _DIGITS or not lowered[i:j].isdigit()]
    if not _HEXADECIMAL.issuperset(lowered):  # in hexadecimal, eight digits in a row are common
        spans += [match.span() for match in _DATE.finditer(key)]
    if any(key.startswith(key[period:]) for period in range(1, len(key) // 2 + 1)):
        spans.append((0, len(key)))
    return spans


def _positions(spans: Iterable[Span]) -> set[int]:
    return {place for start, end in spans for place in range(start, end)}


@cache
def _words() -> Mapping[str, tuple[str, ...]]:
    """Return the words that weaken a pre-shared key, by their first five characters."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  a megabyte of words

    frequent = {
        word
        for listed in FREQUENCY_LISTS.values()
        for rank, word in enumerate(listed[:_FREQUENT_LONGER])
        if len(word) >= _WORD and rank < _FREQUENT.get(len(word), _FREQUENT_LONGER)
    }
    words: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for word in filter(_is_wordy, frequent | _OWN_WORDS):
        words[word[:_WORD]] += (word,)
    return MappingProxyType(dict(words))


def _random_bits(key: str) -> int:
    """Return the entropy of a random key in bits, for the smallest alphabet that contains it."""
    seen = set(key)
    size = next((n for n, known in _ALPHABETS if seen <= known), _LARGEST_ALPHABET)
    if len(seen) < _SPARSE * len(key):
        size = min(size, len(seen))
    return min(MAX_BITS, round(len(key) * math.log2(size)))


def _guessed_bits(key: str) -> int:
    """Estimate with zxcvbn how many bits a key has; for a random key, this would be wrong."""
    if not key:
        return 0
    from zxcvbn import zxcvbn  # noqa: PLC0415  heavy, and not needed for most keys

    # The result contains the key: only the number leaves this line.
    return min(MAX_BITS, round(math.log2(zxcvbn(key[:_LOOKED_AT])["guesses"])))
