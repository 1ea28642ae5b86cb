"""strongSwan's keywords for algorithms, and the proposals made of them.

References
----------
strongSwan, "IKEv2 Cipher Suites" and "IKEv1 Cipher Suites"; swanctl.conf(5) and ipsec.conf(5) of
strongSwan 5.9. Group numbers: IANA, "Internet Key Exchange Version 2 (IKEv2) Parameters",
Transform Type 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from vpnframe.peers.model import PeerProposal, Protocol

_SIZES = (128, 192, 256)
# Octets or bits of the ICV; the bare name means 16 octets, and exists only for AES.
_CHECK_SIZES = {"8": "-8", "64": "-8", "12": "-12", "96": "-12", "16": "", "128": ""}


def _sized_ciphers() -> Iterator[tuple[str, str]]:
    for cipher, size in product(("aes", "camellia"), _SIZES):
        yield f"{cipher}{size}", f"{cipher}-{size}-cbc"
        yield f"{cipher}{size}ctr", f"{cipher}-{size}-ctr"
        if cipher == "aes":
            yield f"aes{size}ccm", f"aes-{size}-ccm"
            yield f"aes{size}gcm", f"aes-{size}-gcm"
        for octets, suffix in _CHECK_SIZES.items():
            yield f"{cipher}{size}ccm{octets}", f"{cipher}-{size}-ccm{suffix}"
            if cipher == "aes":
                yield f"{cipher}{size}gcm{octets}", f"{cipher}-{size}-gcm{suffix}"
    for size in _SIZES:
        yield f"aes{size}gmac", f"aes-{size}-gmac"
        for cipher in ("blowfish", "serpent", "twofish"):
            yield f"{cipher}{size}", f"{cipher}-{size}-cbc"
    for cipher in ("aes", "camellia", "blowfish", "serpent", "twofish"):
        yield cipher, f"{cipher}-128-cbc"


ENCRYPTION = dict(_sized_ciphers()) | {
    "null": "null",
    "des": "des-cbc",
    "3des": "3des-cbc",
    "cast128": "cast-128-cbc",
    "chacha20poly1305": "chacha20-poly1305",
    # With an additional key length, as old versions sent it: other vendors reject it.
    "chacha20poly1305compat": "chacha20-poly1305-256",
}
INTEGRITY = {
    "md5": "hmac-md5",
    "md5_128": "hmac-md5-128",
    "sha": "hmac-sha1",
    "sha1": "hmac-sha1",
    "sha1_160": "hmac-sha1-160",
    "sha256": "hmac-sha256",
    "sha2_256": "hmac-sha256",
    "sha256_96": "hmac-sha256-96",
    "sha2_256_96": "hmac-sha256-96",
    "sha384": "hmac-sha384",
    "sha2_384": "hmac-sha384",
    "sha512": "hmac-sha512",
    "sha2_512": "hmac-sha512",
    "aesxcbc": "aes-xcbc",
    "aescmac": "aes-cmac",
    "camelliaxcbc": "camellia-xcbc",
}
PRF = {
    "prfmd5": "hmac-md5",
    "prfsha1": "hmac-sha1",
    "prfsha256": "hmac-sha256",
    "prfsha384": "hmac-sha384",
    "prfsha512": "hmac-sha512",
    "prfaesxcbc": "aes-xcbc",
    "prfaescmac": "aes-cmac",
    "prfcamelliaxcbc": "camellia-xcbc",
}
DH_GROUPS = {
    "none": 0,
    "modpnone": 0,
    "modpnull": 1024,
    "modp768": 1,
    "modp1024": 2,
    "modp1536": 5,
    "modp2048": 14,
    "modp3072": 15,
    "modp4096": 16,
    "modp6144": 17,
    "modp8192": 18,
    "ecp256": 19,
    "ecp384": 20,
    "ecp521": 21,
    "modp1024s160": 22,
    "modp2048s224": 23,
    "modp2048s256": 24,
    "ecp192": 25,
    "ecp224": 26,
    "ecp224bp": 27,
    "ecp256bp": 28,
    "ecp384bp": 29,
    "ecp512bp": 30,
    "curve25519": 31,
    "x25519": 31,
    "curve448": 32,
    "x448": 32,
}
ESN = {"esn": True, "noesn": False}
# Words that only some versions know: additional key exchanges, and post-quantum ones.
_SOME_VERSIONS = re.compile(
    r"ke[1-7]_\w+|(mlkem|kyber|frodo|bike|hqc|sntrup|classicmceliece|ntru|newhope|saber)[a-z0-9]*"
)
_AEAD_MARKS = ("-gcm", "-ccm", "-gmac", "chacha20-poly1305")
# Without a PRF word, the integrity algorithm's PRF is used: the same word without its length.
# The words sha256_96 and sha2_256_96 have no PRF.
_NO_PRF = frozenset({"hmac-sha256-96"})

_SHA2 = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_AES = tuple(f"aes-{size}-cbc" for size in _SIZES)
# The defaults of every build since 5.4, whatever its plugins.
_DEFAULTS: dict[Protocol, PeerProposal] = {
    "ike": PeerProposal(
        "default",
        "ike",
        encryption=_AES,
        integrity=(*_SHA2, "hmac-sha1"),
        prf=(*_SHA2, "hmac-sha1"),
        dh_groups=(14, 15, 16, 17, 18),
        is_default=True,
    ),
    "esp": PeerProposal(
        "default",
        "esp",
        encryption=_AES,
        integrity=(*_SHA2, "hmac-sha1", "aes-xcbc"),
        esn=(False,),
        is_default=True,
    ),
    "ah": PeerProposal(
        "default",
        "ah",
        integrity=(*_SHA2, "hmac-sha1", "aes-xcbc"),
        esn=(False,),
        is_default=True,
    ),
}
# Never among the IKE defaults of any build, as too weak or of questionable origin.
_NEVER_DEFAULT = frozenset({"des-cbc", "null", "hmac-md5", 1, 2, 5, 22, 23, 24, 25, 26, 27})


def is_aead(word: str) -> bool:
    """Check whether a cipher is AEAD, that is, includes integrity protection.

    Examples
    --------
    >>> is_aead("aes-256-gcm"), is_aead("aes-256-cbc")
    (True, False)
    """
    return any(mark in word for mark in _AEAD_MARKS)


def default_proposal(protocol: Protocol) -> PeerProposal:
    """Return strongSwan's default proposal for a protocol."""
    return _DEFAULTS[protocol]


def parse_proposal(text: str, *, protocol: Protocol) -> PeerProposal:
    """Parse one proposal, completed as the daemon does it.

    References
    ----------
    RFC 7296, section 3.3.3: which transforms a proposal must have.

    Examples
    --------
    >>> found = parse_proposal("aes256-sha256-modp2048-ecp256", protocol="ike")
    >>> found.encryption, found.prf, found.dh_groups
    (('aes-256-cbc',), ('hmac-sha256',), (14, 19))
    >>> parse_proposal("aes128gcm16", protocol="esp").dh_groups
    ()
    >>> parse_proposal("aes128-sha256", protocol="ike").problem
    'an IKE proposal without a Diffie-Hellman group'
    """
    if text.strip(" ").lower() == "default":
        return default_proposal(protocol)
    words = [word for word in (part.strip(" ") for part in text.split("-")) if word]
    unknown = tuple(word for word in words if not _is_known(word, protocol))
    newer = [word for word in unknown if _SOME_VERSIONS.fullmatch(word)]
    ciphers = tuple(ENCRYPTION[word] for word in words if word in ENCRYPTION)
    integrity = tuple(INTEGRITY[word] for word in words if word in INTEGRITY)
    esn = tuple(ESN[word] for word in words if word in ESN)
    prf = tuple(PRF[word] for word in words if word in PRF)
    groups = tuple(DH_GROUPS[word] for word in words if word in DH_GROUPS)
    if protocol == "ike":
        prf = prf or _prf_of(integrity)
        groups = tuple(group for group in groups if group)
    if any(word not in newer and word not in ESN for word in unknown):
        problem: str | None = "a word that strongSwan does not know"
    else:
        # A newer word may be the missing transform.
        problem = None if newer else _problem(ciphers, integrity, prf, groups, protocol)
    if ciphers and all(map(is_aead, ciphers)) and protocol != "ah":
        integrity = ()
    return PeerProposal(
        text="-".join(words),
        protocol=protocol,
        encryption=ciphers if protocol != "ah" else (),
        integrity=integrity,
        prf=prf if protocol == "ike" else (),
        dh_groups=groups,
        esn=esn if protocol == "ike" else esn or (False,),
        unknown=tuple(word.lower() for word in unknown),
        problem=problem,
    )


def offers(proposal: PeerProposal, kind: str, value: object) -> bool | None:
    """Check whether a proposal offers a value; None if unknown.

    Examples
    --------
    >>> [offers(default_proposal("ike"), "dh_groups", group) for group in (14, 2, 19)]
    [True, False, None]
    """
    if value in getattr(proposal, kind):
        return True
    if kind == "dh_groups" and proposal.protocol != "ike" and not proposal.dh_groups:
        # Without a group there is none, but an unknown word may be one.
        return None if proposal.unknown else value == 0
    if not proposal.is_default:
        return None if proposal.unknown else False
    if proposal.protocol == "ike":
        return False if value in _NEVER_DEFAULT else None
    # Newer versions also offer AES-GCM.
    return None if kind == "encryption" and is_aead(str(value)) else False


def _prf_of(integrity: tuple[str, ...]) -> tuple[str, ...]:
    bare = {"hmac-md5-128": "hmac-md5", "hmac-sha1-160": "hmac-sha1"}
    return tuple(bare.get(word, word) for word in integrity if word not in _NO_PRF)


def _is_known(word: str, protocol: Protocol) -> bool:
    # An IKE proposal with ESN words is loaded; how other vendors treat it is unknown.
    known = (ENCRYPTION, INTEGRITY, PRF, DH_GROUPS) + (() if protocol == "ike" else (ESN,))
    return any(word in table for table in known)


def _problem(
    ciphers: tuple[str, ...],
    integrity: tuple[str, ...],
    prf: tuple[str, ...],
    groups: tuple[int, ...],
    protocol: Protocol,
) -> str | None:
    """Return why strongSwan rejects a proposal, in the order of its checks; None if valid."""
    n_aead = sum(map(is_aead, ciphers))
    if protocol == "ah":
        return None if integrity or n_aead else "an AH proposal without an integrity algorithm"
    if protocol == "ike" and not prf:
        return "an IKE proposal without a pseudo-random function"
    if protocol == "ike" and not groups:
        return "an IKE proposal without a Diffie-Hellman group"
    if not ciphers:
        return f"an {protocol.upper()} proposal without a cipher"
    if 0 < n_aead < len(ciphers):
        return "a proposal that mixes AEAD ciphers with others"
    if protocol == "ike" and not n_aead and not integrity:
        return "an IKE proposal without an integrity algorithm"
    return None
