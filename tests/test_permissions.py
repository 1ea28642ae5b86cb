"""The permissions a fetch needs: what the policy says, against what a crawl asks."""

from __future__ import annotations

import json

from helpers import action_of, crawl

from vpnframe.cloud.messages import Request
from vpnframe.emulator import make_fleet, make_state
from vpnframe.permissions import naming_permission, needed, policy, refused_sentence


def test_the_policy_lists_the_reads_and_denies_every_change() -> None:
    """As JSON to paste."""
    allow, deny = json.loads(policy())["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert all(name.startswith(("vpc:Describe", "vpc:Download")) for name in allow["Action"])
    assert allow["Action"] == [f"vpc:{name}" for name in needed()]
    assert deny["Action"] == ["vpc:Create*", "vpc:Modify*", "vpc:Delete*"]


def test_what_refusals_name_is_said_once_each() -> None:
    """In order; a message that names nothing adds nothing."""
    actions = ("DescribeVpcs", "DescribeRegions", "DescribeVpcs")
    messages = [naming_permission("Forbidden: no.", action) for action in actions]
    said = refused_sentence([*messages, "HTTP 502"])
    assert said is not None
    assert said.startswith("refused: vpc:DescribeRegions, vpc:DescribeVpcs; `vpnframe doctor")
    assert refused_sentence(["HTTP 502"]) is None


def test_a_crawl_asks_for_what_the_policy_allows_and_for_all_of_it() -> None:
    """Two calls need no permission."""
    asked = set()

    def keep(request: Request) -> None:
        asked.add(action_of(request))

    crawl(make_state(make_fleet(), quotas=False), fault=keep)
    assert asked - {"GetCallerIdentity", "DescribeRegions"} == set(needed())
