"""The permissions a fetch needs: what the policy says, against what a crawl asks."""

from __future__ import annotations

import json

from helpers import action_of, crawl

from vpnframe.cloud.messages import Request
from vpnframe.emulator import make_fleet, make_state
from vpnframe.permissions import needed, policy


def test_the_policy_lists_the_reads_and_denies_every_change() -> None:
    """As JSON to paste."""
    allow, deny = json.loads(policy())["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert all(name.startswith(("vpc:Describe", "vpc:Download")) for name in allow["Action"])
    assert allow["Action"] == [f"vpc:{name}" for name in needed()]
    assert deny["Action"] == ["vpc:Create*", "vpc:Modify*", "vpc:Delete*"]


def test_a_crawl_asks_for_what_the_policy_allows_and_for_all_of_it() -> None:
    """Two calls need no permission."""
    asked = set()

    def keep(request: Request) -> None:
        asked.add(action_of(request))

    crawl(make_state(make_fleet(), quotas=False), fault=keep)
    assert asked - {"GetCallerIdentity", "DescribeRegions"} == set(needed())
