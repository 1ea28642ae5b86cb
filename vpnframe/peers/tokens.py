"""Parse strongSwan's proposals, such as ``aes256-sha256-modp2048``: a keyword for each algorithm.

References
----------
strongSwan, "IKEv2 Cipher Suites" and "IKEv1 Cipher Suites"; swanctl.conf(5) and ipsec.conf(5) of
strongSwan 5.9. RFC 7296, section 3.3.3: which transforms a proposal must have. Group numbers:
IANA, "Internet Key Exchange Version 2 (IKEv2) Parameters", Transform Type 4.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import Any

from vpnframe.peers.model import PeerProposal, Protocol

_SIZES = (128, 192, 256)
_BLOCK_CIPHERS = ("aes", "camellia", "blowfish", "serpent", "twofish")
# Keyword's ICV size (octets or bits): our suffix. Only AES allows no size; it means 16 octets.
_CHECK_SIZES = {"": "", "8": "-8", "64": "-8", "12": "-12", "96": "-12", "16": "", "128": ""}
_CHECKED = (("aes", "gcm"), ("aes", "ccm"), ("camellia", "ccm"))
ENCRYPTION = {
    **{f"{name}{size}": f"{name}-{size}-cbc" for name in _BLOCK_CIPHERS for size in _SIZES},
    **{name: f"{name}-128-cbc" for name in _BLOCK_CIPHERS},
    **{f"{name}{size}ctr": f"{name}-{size}-ctr" for name in _BLOCK_CIPHERS[:2] for size in _SIZES},
    **{
        f"{name}{size}{mode}{octets}": f"{name}-{size}-{mode}{suffix}"
        for (name, mode), size, (octets, suffix) in product(_CHECKED, _SIZES, _CHECK_SIZES.items())
        if octets or name == "aes"
    },
    **{f"aes{size}gmac": f"aes-{size}-gmac" for size in _SIZES},
    "null": "null",
    "des": "des-cbc",
    "3des": "3des-cbc",
    "cast128": "cast-128-cbc",
    "chacha20poly1305": "chacha20-poly1305",
    # Old versions sent this cipher with a key length: other vendors reject it.
    "chacha20poly1305compat": "chacha20-poly1305-256",
}
INTEGRITY = {
    **{f"{name}{size}": f"hmac-sha{size}" for name in ("sha", "sha2_") for size in (256, 384, 512)},
    "md5": "hmac-md5", "md5_128": "hmac-md5-128",
    "sha": "hmac-sha1", "sha1": "hmac-sha1", "sha1_160": "hmac-sha1-160",
    "sha256_96": "hmac-sha256-96", "sha2_256_96": "hmac-sha256-96",
    "aesxcbc": "aes-xcbc", "aescmac": "aes-cmac", "camelliaxcbc": "camellia-xcbc",
}  # fmt: skip
_WITH_PRF = ("md5", "sha1", "sha256", "sha384", "sha512", "aesxcbc", "aescmac", "camelliaxcbc")
PRF = {f"prf{word}": INTEGRITY[word] for word in _WITH_PRF}
_GROUPS_FROM_14 = (
    "modp2048 modp3072 modp4096 modp6144 modp8192 ecp256 ecp384 ecp521 modp1024s160 modp2048s224 "
    "modp2048s256 ecp192 ecp224 ecp224bp ecp256bp ecp384bp ecp512bp curve25519 curve448"
)
DH_GROUPS = {
    **{word: number for number, word in enumerate(_GROUPS_FROM_14.split(), 14)},
    "none": 0, "modpnone": 0, "modp768": 1, "modp1024": 2, "modp1536": 5,
    "x25519": 31, "x448": 32, "modpnull": 1024,
}  # fmt: skip
ESN = {"esn": True, "noesn": False}
# Words that only some versions know, for additional and for post-quantum key exchanges.
_SOME_VERSIONS = re.compile(
    r"ke[1-7]_\w+|(mlkem|kyber|frodo|bike|hqc|sntrup|classicmceliece|ntru|newhope|saber)[a-z0-9]*"
)
_AEAD_MARKS = ("-gcm", "-ccm", "-gmac", "chacha20-poly1305")
# A proposal without a PRF word uses the PRF of its integrity algorithm: the same name without the
# length. The words sha256_96 and sha2_256_96 have no PRF.
_PRF_OF = {"hmac-md5-128": "hmac-md5", "hmac-sha1-160": "hmac-sha1", "hmac-sha256-96": None}
_TABLES: dict[str, dict[str, Any]] = {
    "encryption": ENCRYPTION,
    "integrity": INTEGRITY,
    "prf": PRF,
    "dh_groups": DH_GROUPS,
    "esn": ESN,
}

_HASHES = ("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha1")
_AES = tuple(f"aes-{size}-cbc" for size in _SIZES)
_DEFAULT_IKE = PeerProposal(
    "default", "ike", _AES, _HASHES, _HASHES, dh_groups=(14, 15, 16, 17, 18), is_default=True
)
_DEFAULT_ESP = PeerProposal(
    "default", "esp", _AES, (*_HASHES, "aes-xcbc"), esn=(False,), is_default=True
)
# What every build since strongSwan 5.4 offers by default, with any set of plugins.
DEFAULT_PROPOSALS: dict[Protocol, PeerProposal] = {
    "ike": _DEFAULT_IKE,
    "esp": _DEFAULT_ESP,
    "ah": replace(_DEFAULT_ESP, protocol="ah", encryption=()),
}
# No build offers these for IKE by default, because they are weak or of questionable origin.
_NEVER_DEFAULT = frozenset({"des-cbc", "null", "hmac-md5", 1, 2, 5, 22, 23, 24, 25, 26, 27})


def is_aead(word: str) -> bool:
    """Check whether a cipher is AEAD, that is, also protects integrity."""
    return any(mark in word for mark in _AEAD_MARKS)


def parse_proposal(text: str, *, protocol: Protocol) -> PeerProposal:
    """Parse a proposal like strongSwan: add implied algorithms, and remove those without effect."""
    if text.strip(" ").lower() == "default":
        return DEFAULT_PROPOSALS[protocol]
    words = [word for word in (part.strip(" ") for part in text.split("-")) if word]
    # strongSwan loads an IKE proposal that has ESN words; how other vendors treat it is unknown.
    tables = [table for kind, table in _TABLES.items() if protocol != "ike" or kind != "esn"]
    unknown = [word for word in words if not any(word in table for table in tables)]
    transforms: dict[str, Any] = {
        kind: tuple(table[word] for word in words if word in table)
        for kind, table in _TABLES.items()
    }
    lowered = tuple(word.lower() for word in unknown)
    found = PeerProposal("-".join(words), protocol, unknown=lowered, **transforms)
    if protocol == "ike":
        prf = found.prf or tuple(filter(None, (_PRF_OF.get(one, one) for one in found.integrity)))
        found = replace(found, prf=prf, dh_groups=tuple(filter(None, found.dh_groups)))
    else:
        found = replace(found, prf=(), esn=found.esn or (False,))
    newer = [word for word in unknown if _SOME_VERSIONS.fullmatch(word)]
    if any(word not in newer and word not in ESN for word in unknown):
        problem: str | None = "a keyword that strongSwan does not know"
    else:
        # A word that only some versions know may be the missing transform.
        problem = None if newer else _problem(found)
    found = replace(found, problem=problem)
    if protocol == "ah":
        return replace(found, encryption=())
    has_aead = bool(found.encryption) and all(map(is_aead, found.encryption))
    return replace(found, integrity=()) if has_aead else found


def offers(proposal: PeerProposal, kind: str, value: object) -> bool | None:
    """Check whether a proposal offers ``value`` in the field ``kind``; None if not known."""
    if value in getattr(proposal, kind):
        return True
    if kind == "dh_groups" and proposal.protocol != "ike" and not proposal.dh_groups:
        # A proposal without a group offers only 0 (none), unless an unknown word is a group.
        return None if proposal.unknown else value == 0
    if not proposal.is_default:
        return None if proposal.unknown else False
    if proposal.protocol == "ike":
        return False if value in _NEVER_DEFAULT else None
    # By default, newer versions also offer AES-GCM.
    return None if kind == "encryption" and is_aead(str(value)) else False


def _problem(one: PeerProposal) -> str | None:
    """Return why strongSwan rejects a proposal; None if it accepts the proposal."""
    is_ike, is_ah = one.protocol == "ike", one.protocol == "ah"
    n_aead = sum(map(is_aead, one.encryption))
    lacks = f"an {one.protocol.upper()} proposal without"
    has_integrity = one.integrity or n_aead
    mixes = 0 < n_aead < len(one.encryption)
    problems = (
        (is_ah and not has_integrity, f"{lacks} an integrity algorithm"),
        (is_ike and not one.prf, f"{lacks} a pseudo-random function"),
        (is_ike and not one.dh_groups, f"{lacks} a Diffie-Hellman group"),
        (not is_ah and not one.encryption, f"{lacks} a cipher"),
        (not is_ah and mixes, "a proposal that mixes AEAD ciphers with others"),
        (is_ike and not has_integrity, f"{lacks} an integrity algorithm"),
    )
    return next((problem for is_so, problem in problems if is_so), None)
