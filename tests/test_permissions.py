"""The permissions a fetch needs: what the policy says."""

from __future__ import annotations

import json

from vpnframe.permissions import needed, policy


def test_the_policy_lists_the_reads_and_denies_every_change() -> None:
    """As JSON to paste."""
    allow, deny = json.loads(policy())["Statement"]
    assert (allow["Effect"], deny["Effect"]) == ("Allow", "Deny")
    assert all(name.startswith(("vpc:Describe", "vpc:Download")) for name in allow["Action"])
    assert allow["Action"] == [f"vpc:{name}" for name in needed()]
    assert deny["Action"] == ["vpc:Create*", "vpc:Modify*", "vpc:Delete*"]
