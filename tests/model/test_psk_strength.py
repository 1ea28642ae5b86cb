"""What kind of key it is, and what it is worth."""

from __future__ import annotations

import math
import random
import string
import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn import zxcvbn

from vpnframe.model.psk_strength import PUBLISHED, judge_key

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALPHABETS = {
    DIGITS: 10, DIGITS + "abcdef": 16, DIGITS + "ABCDEF": 16, LOWER: 26, UPPER: 26,
    UPPER + "234567": 32, LOWER + "234567": 32, string.punctuation: 32, LOWER + DIGITS: 36,
    UPPER + DIGITS: 36, LOWER + UPPER: 52, LOWER + UPPER + DIGITS: 62,
    LOWER + UPPER + DIGITS + "+/=": 64, LOWER + UPPER + DIGITS + "-_=": 64,
    "".join(map(chr, range(33, 127))): 94,
}  # fmt: skip
HINTS = [
    "vco-bp1x7k2m9q4r8t6w3z5y0", "to-Shanghai_Office", "cgw-uf6bw9k3c8d5h2j7m4n1p",
    "47.92.118.205", "vpn.acme-logistics.example.com", "team=network", "bj-hq",
]  # fmt: skip
REST = "kX8vQ2mZ7bT4nR9cLw3yHs6d"  # random, 24 characters


def some_key(chance: random.Random, alphabet: str) -> str:
    """A random key of 16 to 100 characters."""
    return "".join(chance.choices(alphabet, k=chance.randint(16, 100)))


@pytest.mark.parametrize("seed", range(10))
def test_random_keys_are_random(seed: int) -> None:
    """A thousand keys of 16 or more characters from every alphabet, beside hints."""
    chance = random.Random(seed)
    keys = [some_key(chance, chance.choice(list(ALPHABETS))) for _ in range(1000)]
    assert {judge_key(key, hints=HINTS)[0] for key in keys} == {"random"}


@given(st.integers(), st.sampled_from(list(ALPHABETS)))
def test_a_random_key_is_random(seed: int, alphabet: str) -> None:
    """Whatever its length and alphabet; and it is worth no more than it was drawn from."""
    key = some_key(random.Random(seed), alphabet)
    key_class, bits = judge_key(key)
    most = len(key) * math.log2(ALPHABETS[alphabet])
    assert key_class == "random"
    assert 0.75 * min(most, 256) <= bits <= min(round(most), 256)


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_the_alphabet_is_the_smallest_that_holds_the_key(alphabet: str) -> None:
    """A key in which every character stands once, or twice where that would be short."""
    chance, n = random.Random(1), 1 if len(alphabet) > 16 else 2
    key = "".join("".join(chance.sample(alphabet, len(alphabet))) for _ in range(n))[:37]
    expected = len(key) * math.log2(ALPHABETS[alphabet])
    assert judge_key(key) == ("random", min(256, round(expected)))


def test_the_cloud_s_own_keys_have_83_to_95_bits() -> None:
    """Sixteen characters, from one case and digits or from both cases and digits."""
    assert judge_key("k8vq2mz7bt4nr9cx") == ("random", 83)
    assert judge_key("kX8vQ2mZ7bT4nR9c") == ("random", 95)


def test_a_key_outside_ascii_is_no_error() -> None:
    """Its alphabet counts as all of the printable characters."""
    assert judge_key("密钥" + REST)[0] == "random"
    assert judge_key("İ" * 20)[0] == "patterned"


def test_one_symbol_makes_the_alphabet_the_largest() -> None:
    """Thirty-five characters of which one is no letter and no digit."""
    assert judge_key(REST + "#uJ5pFgEaD!") == ("random", round(35 * math.log2(94)))


def test_a_long_key_has_256_bits_at_most() -> None:
    """No cipher has more."""
    assert judge_key(REST * 2 + REST[::-1]) == ("random", 256)


def test_few_different_characters_count_for_less() -> None:
    """Forty characters of seven kinds: as from an alphabet of seven."""
    key = "".join(random.Random(5).choices("aQ7-x.2", k=40))
    assert judge_key(key) == ("random", round(40 * math.log2(7)))


def test_published_keys_are_worth_nothing() -> None:
    """Each of the list, as it stands there; hints do not make it something else."""
    assert len(PUBLISHED) == 21
    assert {judge_key(key, hints=["tf-testvpn1"]) for key in PUBLISHED} == {("published", 0)}
    assert judge_key("PSK") != ("published", 0)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("Sunshine#Dragon57", "dictionary"),
        ("Sunsh1ne#Drag0n57", "dictionary"),
        ("P@55w0rd-P@55w0rd!", "dictionary"),
        ("firewa11-gateway", "dictionary"),
        ("Power-House-57", "dictionary"),
        ("123456-kQ7xv", "patterned"),
        ("777777-kQxvZ", "patterned"),
        ("qwertyuiop[]asdf", "patterned"),
        ("1qaz2wsx3edc4rfv", "patterned"),
        ("poiuytrewq98765", "patterned"),
        ("abcdefghijklmnop", "patterned"),
        ("aaaaaaaaaaaaaaaaaaaa", "patterned"),
        ("xK9#xK9#xK9#xK9#", "patterned"),
        ("20240131-kQ7xv", "patterned"),
        ("1999.12.31+kQ7xv", "patterned"),
        ("31/12/1999+kQ7xv", "patterned"),
        ("vQ311299kQ120687", "patterned"),
    ],
)
def test_made_up_keys_are_found_out(key: str, expected: str) -> None:
    """Words with l33t undone, runs along the keyboard either way, dates and repetitions."""
    assert judge_key(key) == (expected, round(math.log2(zxcvbn(key)["guesses"])))


@pytest.mark.parametrize(
    "key",
    [
        "Dragon" + REST[:8],  # six of fourteen
        "20240131" + REST[:10],
        "qwertyu" + REST[:9],
        "12345-kQ7xvZ",  # five digits come by chance
        "77777-kQxvZm",
        "kQ20240131720vXzm9",  # digits that stand in a longer number
        "vQ9913311kQ9912451z",  # no month, no day
        "98127364598120",  # no run of six
        "20240131deadc0fe",  # hexadecimal
    ],
)
def test_what_covers_less_than_half_may_be_chance(key: str) -> None:
    """And what only looks like a date is none."""
    assert judge_key(key)[0] == "random"


@pytest.mark.parametrize("key", ["kX8vQ2mZ7bT", "x", "9", "密", "98127364", "Sunshine", "ab" * 5])
def test_a_short_key_is_never_random(key: str) -> None:
    """Under twelve characters it is worth what zxcvbn says."""
    key_class, bits = judge_key(key)
    assert key_class == ("dictionary" if key == "Sunshine" else "patterned")
    assert bits == round(math.log2(zxcvbn(key)["guesses"]))
    assert judge_key("kX8vQ2mZ7bT4") == ("random", 71)


def test_of_a_long_made_up_key_the_beginning_is_looked_at() -> None:
    """Where zxcvbn would refuse, and take long."""
    key = "Sunshine-Dragon-" * 6 + "xK9#"
    assert judge_key(key) == ("dictionary", round(math.log2(zxcvbn(key[:32])["guesses"])))


@pytest.mark.parametrize(
    ("key", "left"),
    [
        ("Shanghai-Office!2019", "-!"),
        ("sh4ngh41-0ff1ce", "-"),
        ("SHANGHAI1998", ""),
        ("bp1x7k2m9q4r8t6w3z5y0", ""),
        ("47921_18205", "47921_18205"),  # no six of the address stand together
        ("47.92.118.205", ""),
        ("4792118205abc", "abc"),
        ("acme-logistics#2024", "#"),
        ("AcmeLogistics7", "7"),
        ("team=network", ""),
        ("kQ7xoffice2019vZ", "kQ7xvZ"),
    ],
)
def test_what_a_hint_leaves_is_what_it_is_worth(key: str, left: str) -> None:
    """Names, ids, addresses and tags, in any case, without separators, l33t undone; and years."""
    bits = round(math.log2(zxcvbn(left)["guesses"])) if left else 0
    expected = ("derived", bits) if left != key else judge_key(key)
    assert judge_key(key, hints=HINTS) == expected


def test_a_hint_before_a_strong_rest_does_not_matter() -> None:
    """What is left is judged as if it were the key."""
    assert judge_key(f"shanghai-{REST}", hints=HINTS) == judge_key(f"-{REST}")
    assert judge_key(f"{REST[:9]}office{REST[9:]}", hints=HINTS) == judge_key(REST)


def test_a_rest_of_64_bits_is_no_derived_key() -> None:
    """Under 64 it is."""
    assert judge_key("office" + REST[:12], hints=HINTS) == ("random", 71)
    assert judge_key("office" + REST[:11], hints=HINTS)[0] == "derived"
    assert judge_key("office" + REST[:10], hints=HINTS)[0] == "derived"


@pytest.mark.parametrize("hints", [[], ["offic", "cisco"], ["team=vpn", "1999"]])
def test_five_characters_in_common_are_chance(hints: Sequence[str]) -> None:
    """And a year alone is none."""
    assert judge_key("kQ7xoffice1999vZ", hints=hints) == judge_key("kQ7xoffice1999vZ")


@given(st.text(min_size=1, max_size=100), st.lists(st.text(max_size=30), max_size=5))
def test_any_text_is_judged(key: str, hints: list[str]) -> None:
    """Also outside ASCII, in which a character may have no lower case, or two."""
    key_class, bits = judge_key(key, hints=hints)
    assert key_class in {"published", "derived", "dictionary", "patterned", "random"}
    assert 0 <= bits <= 256
    assert len(key) >= 12 or key_class != "random"


@given(st.text(string.printable.strip(), min_size=1, max_size=40))
def test_a_hint_never_makes_a_key_stronger(key: str) -> None:
    """The key's own text as a hint leaves nothing of it."""
    hinted = judge_key(key, hints=[key])
    assert hinted == (judge_key(key) if len(key) < 6 or key in PUBLISHED else ("derived", 0))


def test_importing_it_loads_no_words() -> None:
    """They come with the first key."""
    code = (
        "import sys, vpnframe.model.psk as psk; print('zxcvbn' in sys.modules);"
        "psk.key_facts('x', fingerprint_key=psk.new_fingerprint_key());"
        "print('zxcvbn' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
