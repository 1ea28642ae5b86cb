"""What strongSwan's daemon says of its configuration, in the words of our structs.

Its names of algorithms are written down here once more, from IANA's registry, so that our own
tables cannot vouch for themselves.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vpnframe.peers.model import PeerChild, PeerConnection, PeerProposal
from vpnframe.peers.selectors import Selector

_GROUPS = {
    "KE_NONE": 0,
    "MODP_768": 1,
    "MODP_1024": 2,
    "MODP_1536": 5,
    "MODP_2048": 14,
    "MODP_3072": 15,
    "MODP_4096": 16,
    "MODP_6144": 17,
    "MODP_8192": 18,
    "ECP_256": 19,
    "ECP_384": 20,
    "ECP_521": 21,
    "MODP_1024_160": 22,
    "MODP_2048_224": 23,
    "MODP_2048_256": 24,
    "ECP_192": 25,
    "ECP_224": 26,
    "ECP_224_BP": 27,
    "ECP_256_BP": 28,
    "ECP_384_BP": 29,
    "ECP_512_BP": 30,
    "CURVE_25519": 31,
    "CURVE_448": 32,
    "MODP_NULL": 1024,
}
_INTEGRITY = {
    "HMAC_MD5_96": "hmac-md5",
    "HMAC_MD5_128": "hmac-md5-128",
    "HMAC_SHA1_96": "hmac-sha1",
    "HMAC_SHA1_160": "hmac-sha1-160",
    "HMAC_SHA2_256_128": "hmac-sha256",
    "HMAC_SHA2_256_96": "hmac-sha256-96",
    "HMAC_SHA2_384_192": "hmac-sha384",
    "HMAC_SHA2_512_256": "hmac-sha512",
    "AES_XCBC_96": "aes-xcbc",
    "AES_CMAC_96": "aes-cmac",
    "CAMELLIA_XCBC_96": "camellia-xcbc",
}
_PRF = {
    "PRF_HMAC_MD5": "hmac-md5",
    "PRF_HMAC_SHA1": "hmac-sha1",
    "PRF_HMAC_SHA2_256": "hmac-sha256",
    "PRF_HMAC_SHA2_384": "hmac-sha384",
    "PRF_HMAC_SHA2_512": "hmac-sha512",
    "PRF_AES128_XCBC": "aes-xcbc",
    "PRF_AES128_CMAC": "aes-cmac",
    "PRF_CAMELLIA128_XCBC": "camellia-xcbc",
}
_CIPHERS = {
    "NULL": "null",
    "DES_CBC": "des-cbc",
    "3DES_CBC": "3des-cbc",
    "CAST_CBC_128": "cast-128-cbc",
    "CHACHA20_POLY1305": "chacha20-poly1305",
    "CHACHA20_POLY1305_256": "chacha20-poly1305-256",
}
_CHECKED = {"8": "-8", "12": "-12", "16": ""}


def kind_and_word(name: str) -> tuple[str, str | int | bool]:
    """The kind of a transform, and our word for it."""
    for kind, words in (("dh_groups", _GROUPS), ("integrity", _INTEGRITY), ("prf", _PRF)):
        if name in words:
            return kind, words[name]
    if name in {"EXT_SEQ", "NO_EXT_SEQ"}:
        return "esn", name == "EXT_SEQ"
    if name in _CIPHERS:
        return "encryption", _CIPHERS[name]
    checked = re.fullmatch(r"(AES|CAMELLIA)_(GCM|CCM)_(8|12|16)_(\d+)", name)
    if checked:
        cipher, mode, octets, size = checked.groups()
        return "encryption", f"{cipher}-{size}-{mode}{_CHECKED[octets]}".lower()
    gmac = re.fullmatch(r"NULL_AES_GMAC_(\d+)", name)
    if gmac:
        return "encryption", f"aes-{gmac[1]}-gmac"
    plain = re.fullmatch(r"(AES|CAMELLIA|BLOWFISH|SERPENT|TWOFISH)_(CBC|CTR)_(\d+)", name)
    assert plain, f"the daemon names a transform {name}"
    cipher, mode, size = plain.groups()
    return "encryption", f"{cipher}-{size}-{mode}".lower()


def proposals_told(text: str) -> list[dict[str, list[Any]]]:
    """Proposals as the daemon prints them: its transforms by kind."""
    found = []
    for one in text.split(", "):
        kinds: dict[str, list[Any]] = {}
        for name in one.partition(":")[2].split("/"):
            kind, word = kind_and_word(name)
            kinds.setdefault(kind, []).append(word)
        found.append(kinds)
    return found


def proposal_read(proposal: PeerProposal) -> dict[str, list[Any]]:
    """A proposal of ours in the same form."""
    kinds = ("encryption", "integrity", "prf", "dh_groups", "esn")
    return {kind: list(getattr(proposal, kind)) for kind in kinds if getattr(proposal, kind)}


@dataclass
class Told:
    """A connection as the daemon logs it: settings, ends and children."""

    settings: dict[str, str] = field(default_factory=dict)
    ends: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    children: dict[str, dict[str, str]] = field(default_factory=dict)
    is_loaded: bool = False


def connections_told(log: list[str]) -> dict[str, Told]:
    """Read the daemon's log of ``load-conn`` requests."""
    found: dict[str, Told] = {}
    told, place = Told(), dict[str, str]()
    for line in log:
        name = re.fullmatch(r" *(?:conn|child) (.*):", line)
        if name and line.lstrip().startswith("conn "):
            told = found[name[1]] = Told()
            place = told.settings
        elif name:
            place = told.children.setdefault(name[1], {})
        elif line.strip() in {"local:", "remote:"}:
            place = {}
            told.ends.setdefault(line.strip()[:-1], []).append(place)
        elif re.match(r"added vici connection|(updated|replaced) vici", line):
            told.is_loaded = True
        elif " = " in line:
            key, _, value = line.strip().partition(" = ")
            # A child's settings are indented by one more than those of its connection.
            where = told.settings if re.match(r" {2}\S", line) else place
            where[key] = value
    return found


def networks_told(text: str) -> set[Any]:
    """Selectors as the daemon prints them, without their ports, by as few blocks as possible."""
    found: list[Any] = []
    for one in text.split():
        block = one.partition("[")[0]
        if ".." in block:
            first, last = (ipaddress.ip_address(end) for end in block.split(".."))
            # A range from its end to its beginning holds nothing.
            found += ipaddress.summarize_address_range(first, last) if first <= last else ()
        elif block != "dynamic":
            whole = ipaddress.ip_interface(block)
            # 0.0.0.1-0.0.0.0 is printed as 0.0.0.1/31, though it holds nothing, too.
            found += [whole.network] if whole.ip == whole.network.network_address else ()
    return _set_of(found, is_dynamic="dynamic" in text)


def networks_read(selectors: Sequence[Selector]) -> set[Any]:
    """Selectors of ours in the same form."""
    found = [network for one in selectors for network in one.networks or ()]
    return _set_of(found, is_dynamic=any(one.is_dynamic for one in selectors))


def _set_of(found: list[Any], *, is_dynamic: bool) -> set[Any]:
    """Blocks inside others are left out: the daemon leaves them out where it lists."""
    sets = [[one for one in found if one.version == version] for version in (4, 6)]
    collapsed = [one for part in sets for one in ipaddress.collapse_addresses(part)]
    return {*collapsed, *(["dynamic"] if is_dynamic else [])}


def lifetimes_of(one: PeerChild | PeerConnection) -> tuple[int | None, int | None]:
    """Both seconds of a lifetime."""
    return one.lifetime.rekey_s, one.lifetime.hard_s


def tree_told(text: str) -> dict[str, Any]:
    """What ``swanctl --pretty`` prints of events, as nested dictionaries and lists."""
    root: dict[str, Any] = {}
    stack: list[Any] = [root]
    for line in map(str.strip, text.splitlines()):
        if line.endswith(" {"):
            # Events bear one name: what they hold is put together.
            stack.append(stack[-1].setdefault(line[:-2], {}))
        elif line.endswith(" = ["):
            stack.append(stack[-1].setdefault(line[:-4], []))
        elif line in {"}", "]"}:
            stack.pop()
        elif isinstance(stack[-1], list):
            stack[-1].append(line)
        elif " = " in line:
            key, _, value = line.partition(" = ")
            stack[-1][key] = value
    return root
