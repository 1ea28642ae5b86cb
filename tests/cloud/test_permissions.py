"""The permissions a fetch needs: what the policy says, against what a crawl asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers import action_of, crawl
from typer.testing import CliRunner

from vpnframe.cli import app
from vpnframe.cloud.actions import ACTIONS
from vpnframe.cloud.messages import Request
from vpnframe.cloud.permissions import (
    naming_permission,
    needed,
    permission_of,
    policy,
    refused_sentence,
)
from vpnframe.emulator import make_fleet, make_state


def test_the_policy_lists_the_reads_alone() -> None:
    """As JSON to paste; a denial would bind everybody else who has the role."""
    (allow,) = json.loads(policy())["Statement"]
    assert allow["Effect"] == "Allow"
    assert all(name.startswith(("vpc:Describe", "vpc:Download")) for name in allow["Action"])
    assert allow["Action"] == [f"vpc:{name}" for name in needed()]


def documents(text: str) -> list[Any]:
    """JSON documents that follow each other."""
    found, at = [], 0
    while text[at:].strip():
        one, at = json.JSONDecoder().raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        found.append(one)
    return found


def test_doctor_prints_what_roles_need_too(tmp_path: Path) -> None:
    """The reads, whom each role trusts, and what the one who assumes them is allowed."""
    path = tmp_path / "accounts.toml"
    roles = ["acs:ram::1:role/audit", "acs:ram::2:role/audit"]
    path.write_text(
        "".join(f'[[account]]\nname = "{role}"\nrole_arn = "{role}"\n' for role in roles)
        + '[[account]]\nname = "own"\nprofile = "own"\n'
    )
    done = CliRunner().invoke(app, ["doctor", "--policy", "--accounts", str(path)])
    assert done.exit_code == 0
    reads, *trusts, assumes = documents(done.stdout)
    assert reads == json.loads(policy())
    assert len(trusts) == 2
    for trust in trusts:
        assert trust["Version"] == "1"
        (statement,) = trust["Statement"]
        assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
        assert list(statement["Principal"]) == ["RAM"]
    assert assumes["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}
    ]
    assert all(role in done.stderr for role in roles)
    assert "Deny" not in done.stdout


def test_doctor_prints_the_reads_alone_without_roles() -> None:
    """Only one document, so that it can be piped."""
    done = CliRunner().invoke(app, ["doctor", "--policy"])
    assert json.loads(done.stdout) == json.loads(policy())


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


def test_permissions_of_calls() -> None:
    """A call's name after its product; routes need permissions of their own."""
    assert permission_of("DescribeVpcs") == "vpc:DescribeVpcs"
    assert permission_of("AssumeRole") == "sts:AssumeRole"
    lists = {name for name, action in ACTIONS.items() if action.is_for_routes}
    assert {*needed()} - {*needed(routes=False)} == lists
    assert {"DescribeVpcs", "DescribeVpnPbrRouteEntries"} <= lists


def test_one_refusal_is_singular() -> None:
    """A policy that allows it."""
    said = refused_sentence([naming_permission("Forbidden.RAM: no right.", "DescribeVpcs")])
    policy = "`vpnframe doctor --policy` prints a policy that allows it"
    assert said == f"refused: vpc:DescribeVpcs; {policy}"
