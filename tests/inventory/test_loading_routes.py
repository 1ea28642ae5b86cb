"""Saved route answers: which connections have all their routes known, and what is said of it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from vpnframe.errors import IncompleteWarning
from vpnframe.inventory import Inventory
from vpnframe.inventory.loading import load
from vpnframe.overlapping import overlaps
from vpnframe.tracing.trace import trace

Answer = dict[str, Any]
SITE = "172.16.5.9"
LISTS = {"custom": "DescribeVpnRouteEntries", "bgp": "DescribeVpnRouteEntries",
         "policy": "DescribeVpnPbrRouteEntries"}  # fmt: skip


def connection(number: int, gateway: str | None = "vpn-1", **more: Any) -> Answer:
    """A route-based connection."""
    return {
        "VpnConnectionId": f"vco-{number}", "VpnGatewayId": gateway, "CustomerGatewayId": "cgw-1",
        "LocalSubnet": "0.0.0.0/0", "RemoteSubnet": "0.0.0.0/0",
        "Status": "ipsec_sa_established", "InternetIp": "203.0.113.1",
        "IkeConfig": {"IkeVersion": "ikev2"}, "IpsecConfig": {"IpsecLifetime": 3600}, **more,
    }  # fmt: skip


def gateway(name: str = "vpn-1", **more: Any) -> Answer:
    return {"VpnGatewayId": name, "VpcId": "vpc-1", **more}


def page(outer: str, inner: str, rows: list[Answer], total: int | None) -> Answer:
    return {"RequestId": "r", "TotalCount": total, outer: {inner: rows}}


def to(block: str, into: int = 1, kind: str = "Custom", on: str = "vpn-1", **more: Any) -> Answer:
    """A route by destination, or one that was learned."""
    return {"VpnInstanceId": on, "RouteDest": block, "NextHop": f"vco-{into}", "Weight": 100,
            "State": "published", "RouteEntryType": kind, **more}  # fmt: skip


def routes(*rows: Answer, total: int | None = None) -> Answer:
    total = len(rows) if total is None else total
    return page("VpnRouteEntries", "VpnRouteEntry", [*rows], total)


def policies(*rows: Answer, total: int | None = None) -> Answer:
    total = len(rows) if total is None else total
    named = [{"RouteSource": "10.0.0.0/16", "Priority": 10, **row} for row in rows]
    return page("VpnPbrRouteEntries", "VpnPbrRouteEntry", named, total)


def on_router(*rows: Answer) -> Answer:
    return page("VcoRouteEntries", "VcoRouteEntry", [*rows], len(rows)) | {
        "VcoRouteEntries": [*rows]
    }


VPCS = page("Vpcs", "Vpc", [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}], 1)


def loaded(
    folder: Path, connections: list[Answer], gateways: list[Answer], **answers: Answer
) -> Inventory:
    """An inventory of saved answers; of routes by the names of their files."""
    lists = {
        "connections": page("VpnConnections", "VpnConnection", connections, len(connections)),
        "gateways": page("VpnGateways", "VpnGateway", gateways, len(gateways)),
        "vpcs": VPCS,
    }
    for name, answer in (lists | answers).items():
        path = folder / "cn-hangzhou" / f"{name.replace('__', '-')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(answer))
        path.chmod(0o600)
    return load(folder, key_facts=False)


def known(inventory: Inventory) -> dict[str, bool | None]:
    """Of each connection, whether its routes are known."""
    rows = inventory.subnets.drop_duplicates("vpn_connection_id")
    flags = [
        None if flag is None else bool(flag)
        for flag in rows["has_known_routes"]
        .astype(object)
        .where(rows["has_known_routes"].notna(), None)
    ]
    return dict(zip(rows["vpn_connection_id"], flags, strict=True))


def said(inventory: Inventory) -> str:
    """Everything that trace and overlaps say of what they do not know, and the reason."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = trace(inventory, source="10.0.1.2", destination=SITE)
        overlaps(inventory)
    assert all(issubclass(one.category, IncompleteWarning) for one in caught)
    return "; ".join([*found["reason"], *(str(one.message) for one in caught)])


NOT_READ = ("not read", "not known", "not judged", "not all routes")


@pytest.mark.parametrize(
    "rows",
    [
        {"d": routes(to("172.16.0.0/16"), to("172.16.5.0/24", 2, "BGP")), "p": policies()},
        {"d": routes(to("172.16.0.0/16")), "p": policies()},
        {"d": routes(), "p": policies(to("172.16.0.0/16"))},
        {"d": routes(to("172.16.0.0/16")), "b": routes(), "p": policies()},
        {"d": routes(to("172.16.0.0/16")), "b": routes(to("172.16.5.0/24", 2, "BGP")),
         "p": policies(to("172.16.0.0/12", 2))},
    ],
)  # fmt: skip
def test_loaded_route_answers_count_as_read(tmp_path, rows):
    """One file of both types or two; a list without routes too. Nothing else is said."""
    inventory = loaded(tmp_path, [connection(1), connection(2)], [gateway()], **rows)
    assert known(inventory) == {"vco-1": True, "vco-2": True}
    words = said(inventory)
    assert not [word for word in NOT_READ if word in words], words


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, None),
        ({"d": routes(to("172.16.0.0/16"))}, False),
        ({"p": policies(to("172.16.0.0/16"))}, False),
        ({"b": routes(to("172.16.0.0/16", 1, "BGP")), "p": policies()}, False),
        ({"d": routes(to("172.16.0.0/16"), total=2), "p": policies()}, False),
        ({"d": routes(to("172.16.0.0/16")), "p": policies(total=3)}, False),
        ({"d": routes(to("172.16.0.0/16")) | {"TotalCount": None}, "p": policies()}, False),
        ({"d": routes() | {"TotalCount": None}, "p": policies()}, None),
    ],
)
def test_a_list_that_is_missing_or_cut_off_is_said(tmp_path, rows, expected):
    """By destination, by policy, or a page of a longer one: nothing else could tell."""
    inventory = loaded(tmp_path, [connection(1)], [gateway()], **rows)
    assert known(inventory) == {"vco-1": expected}
    assert [word for word in NOT_READ if word in said(inventory)]


ON = {"EnableBgp": True}
BGP = {"VpnBgpConfig": {"LocalAsn": 65001, "PeerAsn": 65002, "Status": "success",
                        "TunnelCidr": "169.254.1.0/30"}, "EnableTunnelsBgp": True}  # fmt: skip


@pytest.mark.parametrize(
    ("of_gateway", "of_connection", "bgp", "expected"),
    [
        ({}, {}, {}, True),
        ({"EnableBgp": False}, {}, {}, True),
        (ON, {}, {}, False),
        (ON, BGP, {}, False),
        ({}, BGP, {}, False),
        (ON, {"EnableTunnelsBgp": False}, {}, True),
        (ON, BGP, {"b": routes()}, True),
        (ON, BGP, {"b": routes(to("172.16.0.0/16", 1, "BGP"))}, True),
        (ON, BGP, {"b": routes(to("172.16.0.0/16", 1, "BGP"), total=9)}, False),
    ],
)
def test_the_bgp_list_is_needed_where_bgp_is_on(tmp_path, of_gateway, of_connection, bgp, expected):
    """At a connection, or at its gateway where the connection does not say."""
    inventory = loaded(
        tmp_path,
        [connection(1, **of_connection)],
        [gateway(**of_gateway)],
        d=routes(to("172.16.9.0/24")),
        p=policies(),
        **bgp,
    )
    assert known(inventory) == {"vco-1": expected}


def test_pages_are_counted_together(tmp_path):
    """Up to the number that each of them names."""
    some = [to(f"172.16.{n}.0/24") for n in range(5)]
    parts = {"d1": routes(*some[:3], total=5), "d2": routes(*some[3:], total=5), "p": policies()}
    assert known(loaded(tmp_path, [connection(1)], [gateway()], **parts)) == {"vco-1": True}


TWO = [connection(1), connection(2, "vpn-2")], [gateway(), gateway("vpn-2")]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"a": policies(), "b": policies()}, (True, True)),
        ({"a": policies()}, (False, False)),
        ({"pbr__vpn__1": policies()}, (True, False)),
        ({"pbr__vpn__2__x": policies()}, (False, True)),
        ({"pbr__vpn__1": policies(), "pbr__vpn__1__again": policies()}, (True, False)),
        ({"a": policies(to("172.16.0.0/16", 2, on="vpn-2"))}, (False, True)),
        ({"a": policies(to("172.16.0.0/16", 2, on="vpn-2")), "b": policies()}, (True, True)),
    ],
)
def test_of_several_gateways_an_empty_list_is_whose_its_name_says(tmp_path, answers, expected):
    """It names no gateway itself; else there must be one for every gateway of the region."""
    lists = {"d": routes(to("172.16.0.0/16"), to("172.16.0.0/16", 2, on="vpn-2"))}
    split = {"d1": routes(to("172.16.0.0/16")), "d2": routes(to("172.16.0.0/16", 2, on="vpn-2"))}
    for n, given in enumerate((lists, split)):
        folder = tmp_path / str(n)
        folder.mkdir()
        found = known(loaded(folder, *TWO, **given, **answers))
        assert tuple(found.values()) == expected


def test_an_empty_list_counts_in_its_own_region_alone(tmp_path):
    """Answers of another region are of another region's gateways."""
    elsewhere = tmp_path / "cn-shanghai" / "p.json"
    elsewhere.parent.mkdir()
    elsewhere.write_text(json.dumps(policies()))
    inventory = loaded(tmp_path, [connection(1)], [gateway()], d=routes(to("172.16.0.0/16")))
    assert known(inventory) == {"vco-1": False}


def attached(number: int, **more: Any) -> Answer:
    return connection(number, None, AttachType="CEN", TransitRouterId="tr-1", **more)


@pytest.mark.parametrize(
    ("of_connection", "answers", "expected"),
    [
        ({}, {"r": on_router(to("172.16.0.0/16", on=""))}, True),
        ({}, {"r": on_router()}, True),
        ({}, {"r__vco__1": on_router()}, True),
        ({}, {"p": policies()}, None),
        (BGP, {"r": on_router(to("172.16.0.0/16", on=""))}, False),
        (BGP, {"r": on_router(to("172.16.0.0/16", on="")), "b": on_router()}, True),
    ],
)
def test_a_connection_on_a_transit_router_has_its_own_lists(
    tmp_path, of_connection, answers, expected
):
    """By destination, and by BGP where that is on."""
    inventory = loaded(tmp_path, [attached(1, **of_connection)], [], **answers)
    assert known(inventory) == {"vco-1": expected}


def test_a_route_that_names_no_gateway_is_of_that_of_its_connection(tmp_path):
    """As trace takes it; and a row that says nothing is of its list."""
    bare = {"RouteDest": "172.16.0.0/16", "NextHop": "vco-1", "State": "published"}
    lists = {
        "d": routes(bare, bare | {"RouteDest": "172.18.0.0/16", "NextHop": ""}),
        "p": policies(),
    }
    assert known(loaded(tmp_path, [connection(1)], [gateway()], **lists)) == {"vco-1": True}


def test_what_hangs_on_nothing_or_is_not_listed(tmp_path):
    """The first has no routes; of the other nobody knows where to look."""
    alone = connection(2, None, AttachType="NO_ASSOCIATED")
    lists = {"d": routes(to("172.16.0.0/16")), "p": policies()}
    download = {"VpnConnectionConfig": {"LocalSubnet": "172.16.0.0/16", "IkeConfig": {"Psk": "x"}}}
    inventory = loaded(tmp_path, [connection(1), alone], [gateway()], **lists, vco__3=download)
    assert known(inventory) == {"vco-1": True, "vco-2": True, "vco-3": None}


def test_a_route_answer_that_cannot_be_read_counts_for_nothing(tmp_path):
    """And a row that cannot be read is missed in its list."""
    row = to("172.16.0.0/16")
    broken = {"d": routes(row, {"VpnInstanceId": "vpn-1"}), "p": policies()}
    assert known(loaded(tmp_path, [connection(1)], [gateway()], **broken)) == {"vco-1": False}
