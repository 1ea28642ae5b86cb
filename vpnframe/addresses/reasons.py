"""Explain why a text is not a CIDR block."""

from __future__ import annotations

import ipaddress


def explain(text: str) -> str:
    """Explain in a few words what is wrong with a text.

    Parameters
    ----------
    text : str
        A text that ``ipaddress.ip_network`` rejects.

    Returns
    -------
    str
        A few words.

    Examples
    --------
    >>> explain("10.0.0.0/33")
    'the prefix length must be 0 to 32'
    """
    if not text.strip():
        return "empty text"
    if any(comma in text for comma in ",、"):
        return "several blocks in one text: one is expected"
    if any(character.isspace() for character in text):
        return "a space in or around it"
    if not text.isascii():
        return "characters other than plain ASCII"
    try:
        return f"host bits set: did you mean {ipaddress.ip_network(text, strict=False)}?"
    except ValueError:
        return _explain_parts(*text.split("/"))


def _explain_parts(address: str, *prefixes: str) -> str:
    """Explain what is wrong with an address, or else with its prefix length."""
    if len(prefixes) > 1:
        return "more than one slash"
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return _explain_address(address)
    return f"the prefix length must be 0 to {32 if version == 4 else 128}"


def _explain_address(address: str) -> str:
    """Explain why a text is not an IP address."""
    octets = address.split(".")
    if ":" in address or not all(octet.isdigit() for octet in octets):
        return "not an IP address"
    if len(octets) != 4:
        return "an IPv4 address has four octets"
    if any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        return "an octet with a leading zero"
    return "an octet over 255"


__all__ = ["explain"]
