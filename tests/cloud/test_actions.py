"""The calls as data."""

from __future__ import annotations

import pytest

from vpnframe.cloud.actions import ACTION_BY_KEY, ACTIONS, PAGE_SIZE

LIMITS = {
    "DescribeCustomerGateways": 600,
    "DescribeVcoRouteEntries": 600,
    "DescribeVpcs": 600,
    "DescribeVpnPbrRouteEntries": 600,
    "DescribeVpnRouteEntries": 600,
    "DescribeRegions": 600,
    "DescribeVpnAttachments": 600,
    "DescribeVpnConnections": 600,
    "DescribeVpnGateways": 600,
    "DownloadVpnConnectionConfig": 30,
    "GetCallerIdentity": 600,
}


def test_published_quotas() -> None:
    """Calls per minute, region and account."""
    assert {name: action.limit.count for name, action in ACTIONS.items()} == LIMITS
    assert {action.limit.per_s for action in ACTIONS.values()} == {60.0}


def test_versions() -> None:
    """Sts has a version of its own."""
    others = {a.version for name, a in ACTIONS.items() if name != "GetCallerIdentity"}
    assert ACTIONS["GetCallerIdentity"].version == "2015-04-01"
    assert others == {"2016-04-28"}


def test_pages_are_as_large_as_the_cloud_allows() -> None:
    """Fifty rows a page, of every list but the regions."""
    assert PAGE_SIZE == 50
    assert {name for name, action in ACTIONS.items() if action.is_paged} == {
        "DescribeCustomerGateways",
        "DescribeVcoRouteEntries",
        "DescribeVpcs",
        "DescribeVpnPbrRouteEntries",
        "DescribeVpnRouteEntries",
        "DescribeVpnAttachments",
        "DescribeVpnConnections",
        "DescribeVpnGateways",
    }


@pytest.mark.parametrize("name", sorted(name for name, a in ACTIONS.items() if a.list_path))
def test_every_list_names_its_rows(name: str) -> None:
    """A list has two names, an id field, and is known by its outer name."""
    action = ACTIONS[name]
    assert len(action.list_path) == 2
    assert action.id_fields
    assert ACTION_BY_KEY[action.list_path[0]] == name
