"""IKE identities: parse them, and check whether one end accepts the other's.

References
----------
ipsec.conf(5) of strongSwan 5.9, "Identity parsing"; RFC 7296, section 3.5.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["any", "address", "fqdn", "email", "dn", "keyid"]

_ANY = frozenset({"", "%any", "%any6", "%any4", "0.0.0.0", "::", "*"})  # noqa: S104  no socket
_PREFIXES: dict[str, Kind] = {
    "fqdn": "fqdn",
    "dns": "fqdn",
    "email": "email",
    "rfc822": "email",
    "userfqdn": "email",
    "keyid": "keyid",
    "asn1dn": "dn",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """An IKE identity."""

    kind: Kind  # ``any`` matches all
    value: str  # normalized

    def __str__(self) -> str:
        return self.value or "%any"


@lru_cache(maxsize=4096)  # a fleet repeats the same identities
def parse_identity(text: str) -> Identity:
    """Parse an identity.

    Examples
    --------
    >>> parse_identity("192.0.2.1").kind, parse_identity("@hq.example"), parse_identity("%any").kind
    ('address', Identity(kind='fqdn', value='hq.example'), 'any')
    """
    text = text.strip()
    prefix, colon, rest = text.partition(":")
    if colon and prefix in _PREFIXES:
        return _identity(_PREFIXES[prefix], rest)
    if "=" in text:
        return _identity("dn", text)
    if text.startswith("@#"):
        return _identity("keyid", text[2:])
    if text.startswith("@@"):
        return _identity("email", text[2:])
    if text.startswith("@"):
        return _identity("fqdn", text[1:])
    if "@" in text:
        return _identity("email", text)
    if text in _ANY:
        return Identity("any", "")
    try:
        return Identity("address", str(ipaddress.ip_address(text)))
    except ValueError:
        return _identity("keyid" if ":" in text else "fqdn", text)


def accepts(expected: Identity, presented: Identity) -> bool | None:
    """Check whether an end that expects one identity accepts another; None if undecidable.

    Examples
    --------
    >>> accepts(parse_identity("*.example"), parse_identity("hq.example"))
    True
    >>> accepts(parse_identity("192.0.2.1"), parse_identity("192.0.2.2"))
    False
    """
    if expected.kind == "any" or expected == presented:
        return True
    if presented.kind == "any" or expected.kind == presented.kind == "dn":
        return None
    if expected.kind != presented.kind:
        return False
    is_wildcard = expected.kind in {"fqdn", "email"} and expected.value.startswith("*")
    return is_wildcard and presented.value.endswith(expected.value[1:])


def _identity(kind: Kind, value: str) -> Identity:
    return Identity(kind, value if kind == "dn" else value.lower())
