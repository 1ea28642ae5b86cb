"""Blocks of both ends: narrowed under IKEv2, exact under IKEv1."""

from __future__ import annotations

import pytest
from peer_builders import swanctl, tunnels

from vpnframe.peers.child_fields import child_verdicts
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections
from vpnframe.peers.tunnels import read_tunnels


def verdict(field, ours=None, **changes):
    """What is said of one side."""
    (row,) = read_tunnels(tunnels(ours or {}))
    (connection,) = swanctl_connections(parse_swanctl(swanctl(**changes)))
    return {one.field: one for one in child_verdicts(row, connection)}[field]


@pytest.mark.parametrize(
    ("theirs", "result", "error", "word"),
    [
        ("10.0.0.0/24", "match", "none", "same"),
        ("10.0.0.0/25, 10.0.0.128/25", "match", "none", "same"),
        ("10.0.0.0/25", "info", "none", "rest of the cloud's"),
        ("10.0.0.0/8", "info", "none", "would carry more"),
        ("0.0.0.0/0", "info", "none", "would carry more"),
        ("10.0.0.0/24[tcp/80]", "info", "none", "one protocol"),
        ("10.1.0.0/24", "mismatch", "TS_UNACCEPTABLE", "nothing in common"),
        ("2001:db8::/32", "mismatch", "TS_UNACCEPTABLE", "nothing in common"),
    ],
)
def test_ikev2_narrows(theirs, result, error, word):
    """To what both have; what is lost is said."""
    found = verdict("vpc_subnets", child={"remote_ts": theirs})
    assert (found.result, found.ike_error) == (result, error)
    assert word in found.reason


@pytest.mark.parametrize(
    ("ours", "theirs", "result"),
    [
        (["10.0.0.0/24"], "10.0.0.0/24", "match"),
        (["10.0.0.0/24"], "10.0.0.0/24, 10.1.0.0/24", "match"),
        (["10.0.0.0/24"], "10.0.0.0/25", "mismatch"),
        (["10.0.0.0/24"], "10.0.0.0/8", "mismatch"),
        (["10.0.0.0/24", "10.0.0.0/24"], "10.0.0.0/24", "match"),
        (["10.0.0.0/24", "10.1.0.0/24"], "10.0.0.0/24", "mismatch"),
        (["10.0.0.0/24", "10.1.0.0/24"], "10.1.0.0/24", "mismatch"),
        (["10.0.0.0/24", "10.1.0.0/24"], "10.0.0.0/24, 10.1.0.0/24", "mismatch"),
        (["10.0.0.0/24", "10.1.0.0/24"], "10.2.0.0/24", "mismatch"),
        (["10.0.0.0/24"], "10.0.0.0/24[tcp/80]", "mismatch"),
    ],
)
def test_ikev1_takes_one_block_as_it_is(ours, theirs, result):
    """Of theirs the first; of several of ours all but one carry nothing."""
    row = {"ike_version": 1, "vpc_subnets": ours}
    found = verdict("vpc_subnets", row, child={"remote_ts": theirs})
    assert found.result == result
    assert result == "match" or found.ike_error == "INVALID_ID_INFORMATION"


def test_ikev1_says_how_many_pairs_carry_nothing_at_least():
    """One pair lives, whatever the other end has; a pair that is the only one needs no word."""
    row = {"ike_version": 1, "vpc_subnets": [f"10.{n}.0.0/24" for n in range(5)]}
    found = verdict("selectors", row)
    assert (found.result, found.ike_error) == ("mismatch", "INVALID_ID_INFORMATION")
    assert "at least 4 of the cloud's 5" in found.reason
    with pytest.raises(KeyError):
        verdict("selectors", {"ike_version": 1})


@pytest.mark.parametrize(
    ("theirs", "result", "networks"),
    [
        ("10.0.0.0/24 (office)", "match", "10.0.0.0/24"),
        ("10.0.0.0/24 10.1.0.0/24", "match", "10.0.0.0/24"),
        ("10.0.0.0/255.255.255.0", "info", "10.0.0.0/32"),
        ("10.0.0.0/24;10.1.0.0/24", "match", "10.0.0.0/24"),
        ("10.9.0.0/0x18", "info", "0.0.0.0/0"),
    ],
)
def test_text_that_the_daemon_ignores_is_told_of(theirs, result, networks):
    """What it reads is compared."""
    found = verdict("vpc_subnets", child={"remote_ts": f'"{theirs}"'})
    assert (found.result, found.theirs) == (result, networks)
    assert "ignores what follows the block" in found.reason


@pytest.mark.parametrize(
    ("changes", "field", "theirs"),
    [
        ({"child": {"local_ts": "dynamic"}}, "onprem_subnets", "198.51.100.2/32"),
        ({"child": {"remote_ts": "dynamic"}}, "vpc_subnets", "203.0.113.1/32"),
        (
            {"child": {"local_ts": "dynamic"}, "connection": {"local_addrs": "%any"}},
            "onprem_subnets",
            None,
        ),
        (
            {"child": {"local_ts": "dynamic"}, "connection": {"vips": "::"}},
            "onprem_subnets",
            None,
        ),
    ],
)
def test_dynamic_is_the_ends_own_address(changes, field, theirs):
    """Where that is known; an assigned one is not."""
    found = verdict(field, **changes)
    assert found.theirs == theirs
    assert found.result == ("unverifiable" if theirs is None else "mismatch")


@pytest.mark.parametrize("ours", [None, [], ["nonsense"], ["10.0.0.0/24", "116.XX.XX.6"]])
def test_blocks_of_ours_that_are_not_known_are_not_judged(ours):
    """Masked ones among them, beside others that are known."""
    assert verdict("vpc_subnets", {"vpc_subnets": ours}).result == "unverifiable"


def test_many_blocks_are_counted():
    """The first few are shown."""
    blocks = [f"10.{n}.0.0/24" for n in range(0, 40, 2)]
    found = verdict("vpc_subnets", {"vpc_subnets": blocks}, child={"remote_ts": ",".join(blocks)})
    assert found.result == "match"
    assert found.ours.endswith("and 12 more")
