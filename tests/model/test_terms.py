"""Vendor words to standard words."""

from __future__ import annotations

import pytest

from vpnframe.model import terms

ENCRYPTION = [
    ("aes", "aes-128-cbc"),
    ("aes192", "aes-192-cbc"),
    ("aes256", "aes-256-cbc"),
    ("des", "des-cbc"),
    ("3des", "3des-cbc"),
    ("sm4", "sm4-cbc"),
    ("AES-128", "aes-128-cbc"),
    (" AES 256 ", "aes-256-cbc"),
    ("aes-256-cbc", "aes-256-cbc"),
    ("aes-256-gcm", "aes-256-gcm"),
]
INTEGRITY = [
    ("md5", "hmac-md5"),
    ("MD5", "hmac-md5"),
    ("sha1", "hmac-sha1"),
    ("hmac-sha256", "hmac-sha256"),
    ("SHA-1", "hmac-sha1"),
    ("sha256", "hmac-sha256"),
    ("sha384", "hmac-sha384"),
    ("sha512", "hmac-sha512"),
    ("sm3", "hmac-sm3"),
    ("HMAC_SHA2_256", "hmac-sha256"),
]
GROUPS = [
    ("disabled", 0),
    ("group1", 1),
    ("group2", 2),
    ("group5", 5),
    ("group14", 14),
    ("group24", 24),
    ("Group 2", 2),
    ("DH-Group14", 14),
    ("14", 14),
    ("modp1024", 2),
    ("MODP-2048", 14),
    ("none", 0),
]


@pytest.mark.parametrize(("token", "word"), ENCRYPTION)
def test_encryption_words(token: str, word: str) -> None:
    """Vendor and hand-written spellings give one standard word."""
    assert terms.encryption(token) == word
    assert word in terms.ENCRYPTION_WORDS


@pytest.mark.parametrize(("token", "word"), INTEGRITY)
def test_integrity_words(token: str, word: str) -> None:
    """Vendor and hand-written spellings give one standard word."""
    assert terms.integrity(token) == word
    assert word in terms.INTEGRITY_WORDS


@pytest.mark.parametrize(("token", "number"), GROUPS)
def test_dh_groups(token: str, number: int) -> None:
    """A group is its IANA number."""
    assert terms.dh_group(token) == number


@pytest.mark.parametrize("token", ["kyber768", "group", "group-x", "", "group1024", "²"])
def test_unknown_dh_group_is_none(token: str) -> None:
    """No number is guessed."""
    assert terms.dh_group(token) is None


@pytest.mark.parametrize("token", ["Twofish", " TwoFish "])
def test_unknown_algorithm_stays_as_it_came(token: str) -> None:
    """Stripped and lower-cased, and among the standard words of neither kind."""
    assert terms.encryption(token) == terms.integrity(token) == "twofish"
    assert "twofish" not in terms.ENCRYPTION_WORDS | terms.INTEGRITY_WORDS


def test_words_of_one_kind_are_unknown_to_the_other() -> None:
    """An integrity algorithm in an encryption field is no known encryption."""
    assert not terms.ENCRYPTION_WORDS & terms.INTEGRITY_WORDS
    assert terms.encryption("sha256") not in terms.ENCRYPTION_WORDS


@pytest.mark.parametrize(
    ("token", "version"),
    [("ikev1", 1), ("IKEv2", 2), ("IKE v1", 1), ("2", 2), ("v2", 2), ("ikev3", None), ("", None)],
)
def test_ike_versions(token: str, version: int | None) -> None:
    """Only 1 and 2 exist."""
    assert terms.ike_version(token) == version


@pytest.mark.parametrize(
    ("token", "number"),
    [
        (45104, 45104),
        (" 65530 ", 65530),
        ("4294967295", 4294967295),
        ("4294967296", None),
        ("123.456", 8061384),
        ("1.10", 65546),
        ("65535.65535", 4294967295),
        ("65536.1", None),
        ("1.65536", None),
        ("-1", None),
        ("AS65530", None),
        ("", None),
    ],
)
def test_autonomous_system_numbers(token: str | int, number: int | None) -> None:
    """Plain and dotted form, 32 bits in all and 16 on each side of the dot."""
    assert terms.asn(token) == number


@pytest.mark.parametrize(
    ("token", "mbps"),
    [("5", 5), ("200m", 200), ("1G", 1000), ("LARGE", 3000), ("wide", None), (5, 5)],
)
def test_bandwidths(token: str | int, mbps: int | None) -> None:
    """Numbers with and without a unit, and the two specifications of a transit router."""
    assert terms.bandwidth(token) == mbps


def test_ike_modes() -> None:
    """In lower case."""
    assert (terms.ike_mode("Main"), terms.ike_mode("aggressive")) == ("main", "aggressive")
