"""IKE identities: what a text stands for, and who takes whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.peers.identities import accepts, parse_identity


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("192.0.2.1", "address", "192.0.2.1"),
        ("2001:DB8::0:1", "address", "2001:db8::1"),
        ("hq.Example", "fqdn", "hq.example"),
        ("@hq.example", "fqdn", "hq.example"),
        ("@192.0.2.1", "fqdn", "192.0.2.1"),
        ("ops@hq.example", "email", "ops@hq.example"),
        ("@@ops@hq.example", "email", "ops@hq.example"),
        ("@#0a0B", "keyid", "0a0b"),
        ("C=CH, O=x", "dn", "C=CH, O=x"),
        ("fqdn:hq", "fqdn", "hq"),
        ("keyid:x", "keyid", "x"),
        ("not:an:address", "keyid", "not:an:address"),
        ("%any", "any", ""),
        ("", "any", ""),
        ("*", "any", ""),
    ],
)
def test_the_kind_is_that_of_the_manual(text, kind, value):
    """ipsec.conf(5), identity parsing."""
    found = parse_identity(text)
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize(
    ("expected", "presented", "answer"),
    [
        ("%any", "hq", True),
        ("hq", "HQ", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("hq", "@hq", True),
        ("192.0.2.1", "@192.0.2.1", False),
        ("*.example", "hq.example", True),
        ("*.example", "hq.example.net", False),
        ("*@hq.example", "ops@hq.example", True),
        ("hq", "%any", None),
        ("C=CH, O=x", "O=x, C=CH", None),
        ("C=CH", "hq", False),
    ],
)
def test_who_takes_whom(expected, presented, answer):
    """Wildcards stand in what is expected; names of certificates are not compared as text."""
    assert accepts(parse_identity(expected), parse_identity(presented)) is answer


@given(st.text())
def test_every_text_is_an_identity_and_takes_itself(text):
    """Whatever stands in a file."""
    found = parse_identity(text)
    assert accepts(found, found) is True
