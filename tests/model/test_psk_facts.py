"""Facts about a key, its fingerprint, and that nothing else of it gets out."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pickle
import random
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.errors import ResponseError, SettingsError
from vpnframe.model.psk import (
    FingerprintKey,
    best_facts,
    key_facts,
    new_fingerprint_key,
    own_fingerprint_key,
    read_fingerprint_key,
)
from vpnframe.model.records import KeyFacts

KEY = FingerprintKey(bytes(range(32)))
CANARY = "Sunshine#Dragon57"
keys = st.binary(min_size=32, max_size=200).map(FingerprintKey)
texts = st.text(min_size=1, max_size=40)


def hmac_sha256(secret: bytes, message: bytes) -> str:
    """RFC 2104, written out."""
    block = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + message).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()


def test_facts_of_a_key() -> None:
    """Length, class, bits, and the fingerprint with its key's id."""
    facts = key_facts(CANARY, fingerprint_key=KEY, hints=["sunshine"])
    assert (facts.length, facts.key_class) == (17, "derived")
    assert facts.bits is not None
    assert 0 < facts.bits < 64
    assert facts.fingerprint == hmac_sha256(KEY.secret, f"vpnframe/psk/v1|{CANARY}".encode())[:32]
    assert facts.fingerprint_key_id == hmac_sha256(KEY.secret, b"vpnframe/psk/key-id/v1")[:8]


@pytest.mark.parametrize("secret", [None, "", "  ", "****", "qhv3****", "abcdxxxx", {}, []])
def test_what_was_not_shown_has_no_facts(secret: object) -> None:
    """Masked and absent keys; none of it is made of the mask."""
    assert key_facts(secret, fingerprint_key=KEY) == KeyFacts()


def test_a_number_and_blanks_around_a_key_are_the_same_key() -> None:
    """JSON may write a key of digits as a number, and XML has blanks around it."""
    assert key_facts(20318814, fingerprint_key=KEY) == key_facts(" 20318814\n", fingerprint_key=KEY)


@pytest.mark.parametrize("secret", [{"a": CANARY}, [CANARY], True, 1.5])
def test_what_is_no_text_is_refused_without_being_shown(secret: object) -> None:
    """An object, a list, a truth value and a fraction."""
    with pytest.raises(ResponseError, match="neither a string nor a number") as caught:
        key_facts(secret, fingerprint_key=KEY)
    assert CANARY not in repr(caught.value)


@given(texts, texts, keys, keys)
def test_fingerprints_tell_keys_apart(
    left: str, right: str, one: FingerprintKey, other: FingerprintKey
) -> None:
    """Equal for equal keys under one fingerprint key, and for nothing else."""
    assert (one.fingerprint(left) == one.fingerprint(right)) == (left == right)
    is_same = hmac_sha256(one.secret, b"") == hmac_sha256(other.secret, b"")
    assert (one.fingerprint(left) == other.fingerprint(left)) == is_same
    assert (one.key_id == other.key_id) == is_same


def test_new_keys_are_random() -> None:
    """32 bytes, never the same."""
    made = {new_fingerprint_key().secret for _ in range(5)}
    assert len(made) == 5
    assert {len(secret) for secret in made} == {32}


def test_nothing_of_facts_is_shown() -> None:
    """Neither by repr nor by str; the fingerprint key does not show itself either."""
    facts = key_facts(CANARY, fingerprint_key=KEY)
    assert {repr(facts), str(facts), f"{[facts]}"} == {"KeyFacts(...)", "[KeyFacts(...)]"}
    assert facts.__rich_repr__() == []
    assert repr(KEY) == "FingerprintKey()"
    assert CANARY.encode() not in pickle.dumps(facts)


def everything_in(error: BaseException) -> str:
    """The traceback with what every frame holds, causes and contexts included."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    out = io.StringIO()
    seen = error
    while seen is not None:
        out.write(f"{seen!r} {seen.args!r} {vars(seen)!r}")
        seen = seen.__cause__ or seen.__context__  # type: ignore[assignment]
    return "".join(told.format()) + out.getvalue()


def fail(error: BaseException, key: str) -> None:
    """Raise with the key in a frame, in the error and in its cause."""
    kept = key
    raise error from ValueError(kept)


def planted(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let zxcvbn fail."""
    monkeypatch.setattr("zxcvbn.zxcvbn", lambda key, *_, **__: fail(error, key))


def ask() -> None:
    """Judge the canary, which no frame of this test holds."""
    key_facts(f"{CANARY}", fingerprint_key=KEY)


@pytest.mark.parametrize("kind", [ValueError, KeyError, RecursionError, MemoryError])
def test_a_failure_does_not_carry_the_key(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in its text, its causes, nor the frames that crash reporters collect."""
    planted(kind(CANARY), monkeypatch)
    with pytest.raises(ResponseError, match=kind.__name__) as caught:
        ask()
    assert caught.value.__context__ is None
    assert CANARY not in everything_in(caught.value)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_does_not_carry_the_key(
    kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on as what it is."""
    planted(kind(CANARY), monkeypatch)
    with pytest.raises(kind) as caught:
        ask()
    assert CANARY not in everything_in(caught.value)


def test_the_check_sees_a_key_that_is_carried() -> None:
    """A positive control: frame, error and cause."""
    with pytest.raises(ValueError, match="no") as caught:
        fail(ValueError("no"), CANARY)
    assert everything_in(caught.value).count(CANARY) > 2


def test_the_first_that_was_shown_counts() -> None:
    """Facts of a mask are none, and no facts at all are something else."""
    shown, other = KeyFacts(length=3), KeyFacts(length=4)
    assert best_facts(shown, other) == shown
    assert best_facts(KeyFacts(), None, other) == other
    assert best_facts(None, KeyFacts()) == KeyFacts()
    assert best_facts(None, None) is None


RANDOM = hashlib.sha256(b"a key file of a test").digest()


def key_file(folder: Path, body: bytes, mode: int = 0o600) -> Path:
    """A file with a mode."""
    path = folder / "psk.key"
    path.write_bytes(body)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "body",
    [RANDOM, RANDOM + b"\n" * 33, random.Random(1).randbytes(4096)],
    ids=["short", "with line ends", "long"],
)
def test_every_byte_of_a_key_file_counts(tmp_path: Path, body: bytes) -> None:
    """Line ends among them."""
    assert read_fingerprint_key(key_file(tmp_path, body)) == FingerprintKey(body)
    assert read_fingerprint_key(str(key_file(tmp_path, body, 0o400))) == FingerprintKey(body)


@pytest.mark.parametrize(
    "body",
    [
        RANDOM.hex().encode(),
        base64.b64encode(RANDOM) + b"\n",
        bytes(range(32)),
        RANDOM.hex()[:32].encode(),
    ],
)
def test_a_key_file_may_be_text(tmp_path: Path, body: bytes) -> None:
    """As openssl rand writes it."""
    assert read_fingerprint_key(key_file(tmp_path, body)).secret == body


@pytest.mark.parametrize(
    "body",
    [bytes(32), bytes(4096), b"\n" * 33, b"\xff" * 64, b"password" * 4, b"ab" * 16, b"0101" * 20,
     b"a" * 31 + b"\n", b"change me\n" * 10],
)  # fmt: skip
def test_a_key_file_that_is_not_random_is_refused(tmp_path: Path, body: bytes) -> None:
    """Zeros, one character, a word again and again: whoever guesses it can try keys."""
    with pytest.raises(
        SettingsError, match=r"is not random, because its bytes repeat: create it with head"
    ):
        read_fingerprint_key(key_file(tmp_path, body))


@pytest.mark.parametrize("size", [0, 31, 4097])
def test_a_key_file_has_a_size(tmp_path: Path, size: int) -> None:
    """32 bytes at least, and no whole disk image."""
    with pytest.raises(
        SettingsError, match="must have 32 to 4096 bytes: create it with head -c 32"
    ):
        read_fingerprint_key(key_file(tmp_path, CANARY.encode().ljust(size, b"x")[:size]))


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_key_file_is_its_owner_s_alone(tmp_path: Path, mode: int) -> None:
    """Whatever others may do with it."""
    path = key_file(tmp_path, CANARY.encode() * 2, mode)
    with pytest.raises(SettingsError, match="chmod 600") as caught:
        read_fingerprint_key(path)
    assert CANARY not in everything_in(caught.value)


def test_a_key_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A folder, and nothing."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="cannot be read") as caught:
            read_fingerprint_key(path)
        assert str(path) in str(caught.value)


def test_a_key_file_is_read_where_facts_are_wanted(tmp_path: Path) -> None:
    """Without a path there is none; a path and no facts contradict each other."""
    assert own_fingerprint_key(None, is_wanted=True) is None
    with pytest.raises(SettingsError, match="key facts are off: turn them on"):
        own_fingerprint_key(tmp_path / "psk.key", is_wanted=False)
