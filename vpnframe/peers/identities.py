"""Parse IKE identities like strongSwan 5.9, and check whether one end accepts the other's.

References
----------
ipsec.conf(5) of strongSwan 5.9, "Identity parsing"; RFC 7296, section 3.5.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["any", "address", "fqdn", "email", "dn", "keyid"]

_ANY = frozenset({"", "%any", "%any6", "%any4", "0.0.0.0", "::", "*"})  # noqa: S104  no socket
_TYPES: dict[str, Kind] = {
    "asn1dn:": "dn",
    "keyid:": "keyid",
    **dict.fromkeys(("fqdn:", "dns:"), "fqdn"),
    **dict.fromkeys(("email:", "rfc822:", "userfqdn:"), "email"),
}
_MARKS: dict[str, Kind] = {"@#": "keyid", "@@": "email", "@": "fqdn"}


class Identity(NamedTuple):
    """An IKE identity: its type (such as FQDN or IP address) and its value."""

    kind: Kind  # ``any`` matches every identity
    value: str  # normalized text


@lru_cache(maxsize=4096)  # many tunnels have the same identities
def parse_identity(text: str) -> Identity:
    """Parse an IKE identity; as in strongSwan, its notation determines the identity's type."""
    text = text.strip()
    for prefix, kind in (_TYPES if "=" in text else _TYPES | _MARKS).items():
        if text.startswith(prefix):
            return _identity(kind, text.removeprefix(prefix))
    if "=" in text:
        return Identity("dn", text)
    if "@" in text:
        return _identity("email", text)
    if text in _ANY:
        return Identity("any", "")
    try:
        return Identity("address", str(ipaddress.ip_address(text)))
    except ValueError:
        return _identity("keyid" if ":" in text else "fqdn", text)


def accepts(expected: Identity, presented: Identity) -> bool | None:
    """Check whether a presented IKE identity matches the expected one; None if this is unknown."""
    if expected.kind == "any" or expected == presented:
        return True
    if presented.kind == "any" or expected.kind == presented.kind == "dn":
        return None
    is_wildcard = expected.kind in {"fqdn", "email"} and expected.value.startswith("*")
    is_inside = is_wildcard and presented.value.endswith(expected.value[1:])
    return is_inside and expected.kind == presented.kind


def _identity(kind: Kind, value: str) -> Identity:
    return Identity(kind, value if kind == "dn" else value.lower())
