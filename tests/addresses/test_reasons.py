"""Why a text is not a CIDR block."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from text_helpers import any_texts

from vpnframe.addresses.cidr import explain


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("172.17.0.0/12", "host bits set: did you mean 172.16.0.0/12?"),
        ("2001:db8::1/64", "host bits set: did you mean 2001:db8::/64?"),
        ("10.0.0.0/33", "the prefix length must be 0 to 32"),
        ("2001:db8::/129", "the prefix length must be 0 to 128"),
        ("300.1.1.1/8", "an octet over 255"),
        ("010.0.0.0/8", "an octet with a leading zero"),
        ("10.0.0/8", "an IPv4 address has four octets"),
        ("10.0.0.0/8/8", "it has more than one slash"),
        ("10.0.0.0/8 ", "it contains a space"),
        ("10.0.0.0/8,10.0.0.0/8", "it lists several blocks where one is expected"),
        ("\uff11\uff10.0.0.0/8", "it contains characters other than ASCII"),
        ("office", "not an IP address"),
    ],
)
def test_a_reason_names_the_problem(text, reason):
    """What is wrong with a text, in a few words."""
    assert explain(text) == reason


@given(any_texts)
def test_every_refused_text_has_a_reason(text):
    """Whatever ip_network refuses is explained, and nothing crashes."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        assert explain(text)
