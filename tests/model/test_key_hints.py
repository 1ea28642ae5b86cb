"""What the list says of the keys of a connection, packed until its download is read."""

from __future__ import annotations

from typing import Any

import pytest

from vpnframe.model.key_hints import connection_words, gateway_words, judge_of, pack_known
from vpnframe.model.psk import FingerprintKey
from vpnframe.model.records import Gateway, KeyFacts, Statement, TunnelStatement

KEY = FingerprintKey(bytes(32))
SHOWN = KeyFacts(
    length=9, key_class="random", bits=40, fingerprint="ab" * 16, fingerprint_key_id="0" * 8
)
OTHER = KeyFacts(
    length=8, key_class="published", bits=0, fingerprint="cd" * 16, fingerprint_key_id="0" * 8
)
GATEWAYS = {"vpn-1": ("hub", "47.1.1.1"), "cgw-1": ("office",), "cgw-2": ("branch", "a=b")}


def row(*facts: KeyFacts | None, **fields: Any) -> Statement:
    """A list row with tunnels of such keys."""
    tunnels = tuple(TunnelStatement(key_facts=one) for one in facts)
    return Statement(witness="describe", vpn_connection_id="vco-1", tunnels=tunnels, **fields)


def test_words_of_gateways() -> None:
    """Name, both addresses and tags, none of them empty."""
    full = Gateway(
        gateway_id="vpn-1", kind="vpn", name="hub", ip_address="47.1.1.1",
        second_ip_address="47.1.1.2", tags=("a=b", "c=d"),
    )  # fmt: skip
    bare = Gateway(gateway_id="cgw-1", kind="customer")
    assert gateway_words([full, bare]) == {
        "vpn-1": ("hub", "47.1.1.1", "47.1.1.2", "a=b", "c=d"),
        "cgw-1": (),
    }


def test_words_of_a_connection() -> None:
    """Its name, the ids it names, its tags, and what is known of its gateways, each once."""
    statement = row(
        name="to-office", vpn_gateway_id="vpn-1", customer_gateway_id="cgw-1",
        transit_router_id="tr-1", tags=("team=net",),
    )  # fmt: skip
    tunnels = tuple(TunnelStatement(customer_gateway_id=i) for i in ("cgw-1", "cgw-2", None))
    full = Statement(
        **{f: getattr(statement, f) for f in statement.__struct_fields__ if f != "tunnels"},
        tunnels=tunnels,
    )
    assert connection_words(full, GATEWAYS) == (
        *("to-office", "vpn-1", "cgw-1", "tr-1", "cgw-2", "team=net"),
        *("hub", "47.1.1.1", "office", "branch", "a=b"),
    )
    assert connection_words(None, GATEWAYS) == ()


@pytest.mark.parametrize(
    ("facts", "has_words", "n_known"),
    [
        ((SHOWN,), False, 1),
        ((SHOWN, OTHER), False, 2),
        ((SHOWN, KeyFacts()), True, 1),
        ((SHOWN, None), True, 1),
        ((KeyFacts(),), True, 0),
        ((), True, 0),
    ],
)
def test_words_are_kept_where_a_key_was_not_shown(
    facts: tuple[KeyFacts | None, ...], has_words: bool, n_known: int
) -> None:
    """Its download may show it; the others are known by their fingerprints."""
    judge = judge_of(pack_known(row(*facts, name="to-office"), {}), connection_id="vco-1", key=KEY)
    assert judge.words == {"vco-1": ("to-office",) if has_words else ()}
    shown = [one for one in facts if one in (SHOWN, OTHER)]
    assert judge.known == {one.fingerprint: one for one in shown if one}
    assert len(judge.known) == n_known
    assert judge.fingerprint_key is KEY
