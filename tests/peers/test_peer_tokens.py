"""strongSwan's words for algorithms, and the proposals made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.model import terms
from vpnframe.peers import tokens
from vpnframe.peers.tokens import DEFAULT_PROPOSALS, is_aead, offers, parse_proposal

WORDS = sorted(tokens.ENCRYPTION | tokens.INTEGRITY | tokens.PRF | tokens.DH_GROUPS | tokens.ESN)
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=6).map("-".join)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("aes", "aes"), ("aes256", "aes256"), ("3des", "3des"), ("des", "des")],
)
def test_ciphers_are_the_words_of_the_tables(word, ours):
    """What the cloud offers has one word, whoever spells it."""
    assert tokens.ENCRYPTION[word] == terms.encryption(ours)


@pytest.mark.parametrize("word", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_hashes_are_the_words_of_the_tables(word):
    """The same for integrity and PRF."""
    assert tokens.INTEGRITY[word] == tokens.PRF[f"prf{word}"] == terms.integrity(word)


@pytest.mark.parametrize(
    "word", ["modp768", "modp1024", "modp1536", "modp2048", "modp2048s256", "ecp256", "curve25519"]
)
def test_groups_have_the_numbers_of_the_tables(word):
    """IANA's numbers, from two places."""
    assert tokens.DH_GROUPS[word] == terms.dh_group(word)


def test_gcm_with_a_whole_check_value_is_the_word_of_the_tables():
    """16 octets are what the bare name means."""
    found = {tokens.ENCRYPTION[word] for word in ("aes256gcm16", "aes256gcm128")}
    assert found == {terms.encryption("aes-256-gcm")}


def test_a_word_is_of_one_kind():
    """Otherwise a proposal would count it twice."""
    tables = (tokens.ENCRYPTION, tokens.INTEGRITY, tokens.PRF, tokens.DH_GROUPS, tokens.ESN)
    assert sum(map(len, tables)) == len(WORDS)


def test_several_of_a_kind_stand_in_order():
    """Under IKEv2 one proposal offers several of each kind."""
    found = parse_proposal("aes128-aes256-sha256-sha1-modp2048-ecp256", protocol="ike")
    assert found.encryption == ("aes-128-cbc", "aes-256-cbc")
    assert found.integrity == found.prf == ("hmac-sha256", "hmac-sha1")
    assert found.dh_groups == (14, 19)
    assert found.problem is None


def test_a_named_prf_takes_the_place_of_the_others():
    """Those of integrity are not added then."""
    found = parse_proposal("aes128-sha256-prfsha512-modp2048", protocol="ike")
    assert found.prf == ("hmac-sha512",)


def test_esp_has_no_prf_and_says_nothing_of_sequence_numbers():
    """What is meant for IKE is left out; without a word there are no extended numbers."""
    found = parse_proposal("aes128-sha1-prfsha1", protocol="esp")
    assert (found.prf, found.esn, found.dh_groups) == ((), (False,), ())
    assert parse_proposal("aes128-sha1-esn-noesn", protocol="esp").esn == (True, False)


@pytest.mark.parametrize(
    ("text", "protocol", "word"),
    [
        ("aes128-sha256", "ike", "Diffie-Hellman"),
        ("aes128-sha256-modpnone", "ike", "Diffie-Hellman"),
        ("aes128-modp2048", "ike", "pseudo-random"),
        ("aes128-prfsha1-modp2048", "ike", "integrity"),
        ("aes128gcm16-modp2048", "ike", "pseudo-random"),
        ("sha256-modp2048", "ike", "cipher"),
        ("aes128gcm16-aes128-sha256-modp2048", "ike", "mixes"),
        ("sha256", "esp", "cipher"),
        ("modp2048", "ah", "integrity"),
    ],
)
def test_what_a_daemon_refuses_is_named(text, protocol, word):
    """A proposal that lacks something, or mixes what cannot be mixed."""
    assert word in parse_proposal(text, protocol=protocol).problem


def test_an_unknown_word_is_kept_lower_cased_and_makes_all_else_doubtful():
    """It may stand for anything, so that no other value is ruled out."""
    found = parse_proposal("aes128-sha256-modp2048-KE1_mlkem768", protocol="ike")
    assert found.unknown == ("ke1_mlkem768",)
    assert offers(found, "dh_groups", 14) is True
    assert offers(found, "dh_groups", 2) is None


def test_esp_without_a_group_offers_none():
    """And nothing but none, unless a word is unknown."""
    plain, odd = (parse_proposal(t, protocol="esp") for t in ("aes128-sha1", "aes128-sha1-x"))
    assert [offers(plain, "dh_groups", group) for group in (0, 14)] == [True, False]
    assert [offers(odd, "dh_groups", group) for group in (0, 14)] == [None, None]


def test_a_default_is_certain_of_some_rules_out_some_and_leaves_the_rest():
    """Which plugins a daemon has is not in its file."""
    ike, esp = DEFAULT_PROPOSALS["ike"], DEFAULT_PROPOSALS["esp"]
    kinds = ("encryption", "aes-256-cbc"), ("encryption", "3des-cbc"), ("encryption", "des-cbc")
    assert [offers(ike, *one) for one in kinds] == [True, None, False]
    assert [offers(esp, *one) for one in kinds] == [True, False, False]
    assert offers(esp, "encryption", "aes-128-gcm") is None
    assert offers(ike, "integrity", "hmac-md5") is False


def test_the_word_default_is_one_in_any_case():
    """As charon reads it."""
    assert parse_proposal(" Default ", protocol="esp") == DEFAULT_PROPOSALS["esp"]


@given(TEXTS, st.sampled_from(["ike", "esp", "ah"]))
def test_any_text_is_read(text, protocol):
    """Every word lands in one place or is unknown; nothing is raised."""
    found = parse_proposal(text, protocol=protocol)
    words = [word.strip(" ") for word in text.split("-") if word.strip(" ")]
    odd = [word.lower() for word in words if word not in WORDS]
    if not found.is_default:
        assert [word for word in found.unknown if word not in tokens.ESN] == odd
        assert (
            all(is_aead(one) for one in found.encryption)
            or not is_aead(found.encryption[0])
            or found.problem
        )


def test_aead_ciphers_are_known_and_defaults_leave_groups_open():
    """GCM has integrity protection; a default group may be known, excluded or unknown."""
    assert [is_aead(word) for word in ("aes-256-gcm", "aes-256-cbc")] == [True, False]
    ike = DEFAULT_PROPOSALS["ike"]
    assert [offers(ike, "dh_groups", group) for group in (14, 2, 19)] == [True, False, None]


def test_a_proposal_of_each_protocol_is_completed():
    """IKE gets the PRF of its integrity; an AEAD cipher of ESP needs no group."""
    found = parse_proposal("aes256-sha256-modp2048-ecp256", protocol="ike")
    assert (found.encryption, found.prf) == (("aes-256-cbc",), ("hmac-sha256",))
    assert found.dh_groups == (14, 19)
    assert parse_proposal("aes128gcm16", protocol="esp").dh_groups == ()
    bare = parse_proposal("aes128-sha256", protocol="ike")
    assert bare.problem == "an IKE proposal without a Diffie-Hellman group"
