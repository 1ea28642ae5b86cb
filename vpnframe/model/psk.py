"""Derive facts from a pre-shared key, such as its length and fingerprint; no key is stored."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vpnframe.errors import ResponseError, SettingsError
from vpnframe.model.files import open_regular
from vpnframe.model.masked import key_state
from vpnframe.model.psk_strength import judge_key
from vpnframe.model.records import KeyFacts

_LABEL = b"vpnframe/psk/v1|"
_ID_LABEL = b"vpnframe/psk/key-id/v1"
_MIN_BYTES = 32
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FingerprintKey:
    """The HMAC key for fingerprints; a guessed pre-shared key can be tested only with this key."""

    secret: bytes = field(repr=False)  # 32 or more random bytes; not shown

    @property
    def key_id(self) -> str:
        """Eight hex digits that identify the HMAC key; other keys give other fingerprints."""
        return hmac.new(self.secret, _ID_LABEL, hashlib.sha256).hexdigest()[:8]

    def fingerprint(self, text: str) -> str:
        """Return the fingerprint of a pre-shared key: 32 hex digits, equal for equal keys."""
        made = hmac.new(self.secret, _LABEL + text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return made.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class KeyJudge:
    """The data for judging pre-shared keys: fingerprint key, hint words, earlier results."""

    fingerprint_key: FingerprintKey  # of the fetch
    # By gateway id or connection id: words from which the keys in rows with this id may be derived
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    # Known facts by fingerprint, so that a key is not judged again
    known: Mapping[str, KeyFacts] = field(default_factory=dict)
    # Whether the API responses come from files, in which a key may be redacted
    is_saved: bool = False

    def words_of(self, *ids: str | None) -> list[str]:
        """Return the given ids, without None, and the hint words for the keys of these ids."""
        named = [i for i in ids if i is not None]
        return [*named, *(word for i in named for word in self.words.get(i, ()))]


def new_fingerprint_key() -> FingerprintKey:
    """Create a random key for the fingerprints of one fetch."""
    return FingerprintKey(secrets.token_bytes(_MIN_BYTES))


def read_fingerprint_key(path: str | Path) -> FingerprintKey:
    """Read the user's fingerprint key, which makes fingerprints comparable across snapshots."""
    try:
        with open_regular(path) as file:
            mode, key = os.fstat(file.fileno()).st_mode, FingerprintKey(file.read(_MAX_BYTES + 1))
    except OSError as error:
        raise SettingsError(f"the key file {path} cannot be read: {error.strerror}") from None
    if os.name == "posix" and mode & 0o077:
        raise SettingsError(f"other users can read the key file {path}: run chmod 600 {path}")
    remedy = f"create it with head -c 32 /dev/urandom > {path}"
    if not _MIN_BYTES <= len(key.secret) <= _MAX_BYTES:
        size = f"{_MIN_BYTES} to {_MAX_BYTES} bytes"
        raise SettingsError(f"the key file {path} must have {size}: {remedy}")
    # Random bytes do not compress. Whoever guesses this key can search for weak pre-shared keys.
    if len(zlib.compress(key.secret, 9)) < _MIN_BYTES:
        problem = "is not random, because its bytes repeat"
        raise SettingsError(f"the key file {path} {problem}: {remedy}")
    return key


def own_fingerprint_key(path: str | Path | None, *, is_wanted: bool) -> FingerprintKey | None:
    """Return the user's key, or None if ``path`` is None.

    Raise SettingsError if there is a path, but facts about keys are not wanted.
    """
    if path is not None and not is_wanted:
        raise SettingsError(
            f"{path} is for fingerprints, but key facts are off: turn them on, or omit the file"
        )
    return None if path is None else read_fingerprint_key(path)


def key_facts(
    secret: object,
    *,
    fingerprint_key: FingerprintKey,
    hints: Iterable[str] = (),
    known: Mapping[str, KeyFacts] | None = None,
) -> KeyFacts:
    """Return facts about a pre-shared key; the facts, unlike the key, may be stored."""
    if key_state(secret) != "present":
        return KeyFacts()
    if not isinstance(secret, str | int) or isinstance(secret, bool):
        del secret  # a traceback must not show it
        raise ResponseError("a pre-shared key is neither a string nor a number")
    try:
        return _facts(str(secret).strip(), hints, fingerprint_key, known or {})
    except BaseException as error:  # noqa: BLE001  an interrupt's frames contain the key, too
        failed = type(error)
    # Raise a new error without the frames, arguments and context of the one that failed.
    del secret
    if issubclass(failed, Exception):
        raise ResponseError(f"a pre-shared key cannot be judged: {failed.__name__}")
    raise failed


def _facts(
    key: str,
    hints: Iterable[str],
    fingerprint_key: FingerprintKey,
    known: Mapping[str, KeyFacts],
) -> KeyFacts:
    fingerprint = fingerprint_key.fingerprint(key)
    if fingerprint in known:
        return known[fingerprint]
    key_class, bits = judge_key(key, hints=hints)
    return KeyFacts(
        length=len(key),
        key_class=key_class,
        bits=bits,
        fingerprint=fingerprint,
        fingerprint_key_id=fingerprint_key.key_id,
    )


def best_facts(*facts: KeyFacts | None) -> KeyFacts | None:
    """Return the first facts with a known length, or else the first that are not None."""
    made = [one for one in facts if one is not None]
    return next((one for one in made if one.length is not None), made[0] if made else None)
