"""Translate the vendor's names of algorithms to standard names.

Sources: the vendor's reference of CreateVpnConnection for the values offered; IANA "Internet Key
Exchange Version 2 (IKEv2) Parameters" for the transform names and the group numbers. The name of
an unknown algorithm is kept in lower case, so that it stays visible and is never guessed.
"""

from __future__ import annotations

import re
from functools import lru_cache

ENCRYPTION = {
    "aes": "aes-128-cbc",
    **{f"aes{size}": f"aes-{size}-cbc" for size in (128, 192, 256)},
    **{f"aes{size}{m}": f"aes-{size}-{m}" for size in (128, 192, 256) for m in ("cbc", "gcm")},
    **dict.fromkeys(("des", "descbc"), "des-cbc"),
    **dict.fromkeys(("3des", "3descbc", "tripledes"), "3des-cbc"),
    **dict.fromkeys(("sm4", "sm4cbc"), "sm4-cbc"),
}
INTEGRITY = {
    "md5": "hmac-md5",
    **dict.fromkeys(("sha", "sha1"), "hmac-sha1"),
    **{f"{name}{n}": f"hmac-sha{n}" for name in ("sha", "sha2") for n in (256, 384, 512)},
    "sm3": "hmac-sm3",
}
# IKEv2 Transform Type 4: names that do not contain the group number.
DH_GROUPS = {
    "disabled": 0, "none": 0, "modp768": 1, "modp1024": 2, "modp1536": 5, "modp2048": 14,
    "modp3072": 15, "modp4096": 16, "modp6144": 17, "modp8192": 18, "modp2048s256": 24,
    "ecp256": 19, "ecp384": 20, "ecp521": 21, "curve25519": 31, "x25519": 31,
}  # fmt: skip
# Bandwidth of the two specifications of a tunnel on a transit router, in Mbit/s.
_BANDWIDTHS = {"standard": 1000, "large": 3000}
IKE_MODES = frozenset({"main", "aggressive"})
DEFAULT_ROUTES = frozenset({"0.0.0.0/0", "::/0"})
# The standard names; records keep any other name as the API sent it.
ENCRYPTION_WORDS = frozenset(ENCRYPTION.values())
INTEGRITY_WORDS = frozenset(INTEGRITY.values())


# A fleet uses few distinct tokens, each of them a hundred thousand times.
_known = lru_cache(maxsize=1024)


def _squeezed(token: str) -> str:
    """Return the token in lower case and without separators, which the API uses inconsistently."""
    return re.sub(r"[\s_\-/()]+", "", token.lower())


@_known
def encryption(token: str) -> str:
    """Return the standard name of a cipher, such as ``aes-256-cbc`` for ``aes256``."""
    return ENCRYPTION.get(_squeezed(token), token.strip().lower())


@_known
def integrity(token: str) -> str:
    """Return the standard name of an integrity algorithm, such as ``hmac-sha256``."""
    return INTEGRITY.get(_squeezed(token).removeprefix("hmac"), token.strip().lower())


@_known
def dh_group(token: str) -> int | None:
    """Return the IANA number of a Diffie-Hellman group; 0 if disabled, None if unknown."""
    squeezed = _squeezed(token)
    match = re.fullmatch(r"(?:group|dh|dhgroup)?([0-9]{1,3})", squeezed)
    return int(match[1]) if match else DH_GROUPS.get(squeezed)


@_known
def ike_version(token: str) -> int | None:
    """Return the version of IKE, 1 or 2; None if the token is neither."""
    match = re.fullmatch(r"(?:ike)?v?([12])", _squeezed(token))
    return int(match[1]) if match else None


def ike_mode(token: str) -> str:
    """Return the name of the IKEv1 phase 1 exchange in lower case: main or aggressive."""
    return token.strip().lower()


def bandwidth(token: str | int) -> int | None:
    """Parse a bandwidth such as ``2Gbps``, and return it in Mbit/s; None if it is unknown."""
    text = "".join(str(token).split()).lower()
    match = re.fullmatch(r"([0-9]{1,6})(?:([mg])(?:b|bps|bit|bit/s|bits/s)?)?", text, re.ASCII)
    if not match:
        return _BANDWIDTHS.get(text)
    return int(match[1]) * (1000 if match[2] == "g" else 1)


def asn(token: str | int) -> int | None:
    """Parse an autonomous system number, plain or dotted (RFC 5396); None if it is invalid."""
    text = str(token).strip()
    match = re.fullmatch(r"([0-9]{1,10})(?:\.([0-9]{1,5}))?", text, re.ASCII)
    if not match:
        return None
    high, low = int(match[1]), match[2]
    if low is None:
        return high if high < 2**32 else None
    return (high << 16) + int(low) if max(high, int(low)) < 2**16 else None
