"""Every kind of overlap by example, with and without routes, and the named non-faults."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from fleet_helpers import found, site, subnets_of

from vpnframe.overlapping import Domain, OverlapSettings, Topology, overlaps
from vpnframe.overlapping.meaning import CASES, KINDS, SEVERITIES

ROUTE = {"routing_mode": "route", "has_known_routes": True}
HA = {"has_ha_evidence": True}
OTHER_PEER = {"peer_addresses": ["198.51.100.2"]}
SECOND_GATEWAY = {"vpn_gateway_id": "vpn-2", "vpn_gateway_ip": "47.0.0.2"}
ON_ROUTER = {"vpn_gateway_id": None, "vpc_id": None, "transit_router_id": "tr-1"}


def to(*cidrs: str, **known: Any) -> list[dict[str, Any]]:
    """Destination routes."""
    return [{"cidr": cidr, "origin": "destination"} | known for cidr in cidrs]


def meant(*sites: Any, **options: Any) -> list[tuple[str, str]]:
    """Kind and severity of every pair."""
    return found(overlaps(subnets_of(*sites), expand=True, **options), "kind", "severity")


def reason(*sites: Any, **options: Any) -> str:
    """The reason of the only pair."""
    (text,) = overlaps(subnets_of(*sites), **options)["reason"]
    return str(text)


@pytest.mark.parametrize(
    ("onprem", "vpc", "severity"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", "high"),
        ("10.1.0.0/16", "10.0.0.0/8", "high"),
        ("10.0.0.0/8", "10.1.0.0/16", "low"),
        ("2001:db8::/48", "2001:db8::/32", "high"),
    ],
)
@pytest.mark.parametrize("known", [{}, {"routing_mode": None, **ON_ROUTER}])
def test_own_sides(onprem: str, vpc: str, severity: str, known: dict[str, Any]) -> None:
    """A site inside the VPC's own block is never reached; a hub that contains it may be meant."""
    assert meant(site("a", onprem=[onprem], vpc=[vpc], **known)) == [("own_sides", severity)]


def test_own_sides_by_route() -> None:
    """The prefix of a destination route counts as a selector does."""
    one = site("a", onprem=["0.0.0.0/0", *to("10.1.0.0/16")], vpc=["0.0.0.0/0"], **ROUTE)
    policy = site("b", vpc=[{"cidr": "10.1.2.0/24", "origin": "policy"}], onprem=to("10.1.2.0/24"))
    assert meant(one) == []
    assert meant(policy) == [("own_sides", "high")]


def test_own_sides_reason_says_what_happens() -> None:
    """With the two blocks."""
    text = reason(site("a", onprem=["10.1.0.0/16"], vpc=["10.0.0.0/8"]))
    assert text == (
        "The on-premises block 10.1.0.0/16 lies within 10.0.0.0/8, a block of the VPC: the VPC's "
        "own "
        "route wins, so the tunnel gets no traffic for these addresses (the VPC was not read, so "
        "its selector is used instead)."
    )


POLICIES = {"vpc": ["172.16.0.0/24"], "onprem": ["10.1.0.0/16"]}


@pytest.mark.parametrize("onprem", ["10.1.0.0/16", "10.1.2.0/24"])
@pytest.mark.parametrize("vpc", ["172.16.0.0/24", "172.16.0.0/12"])
def test_selector_pair_that_is_ambiguous(onprem: str, vpc: str) -> None:
    """Both sides overlap, equal or nested, and no priority tells which is looked at first."""
    other = site("b", onprem=[onprem], vpc=[vpc], **OTHER_PEER)
    assert meant(site("a", **POLICIES), other) == [("selector_pair", "high")]


def test_selector_pair_that_is_a_legal_split() -> None:
    """VPC blocks that have nothing in common part the traffic."""
    other = site("b", onprem=["10.1.0.0/16"], vpc=["172.16.1.0/24"], **OTHER_PEER)
    assert meant(site("a", **POLICIES), other) == [("selector_pair", "low")]
    assert "a legal split" in reason(site("a", **POLICIES), other)


@pytest.mark.parametrize(
    ("first", "second", "severity"),
    [(10, 20, "low"), (10, 10, "high"), (10, None, "high"), (None, None, "high")],
)
def test_selector_pair_with_priorities(
    first: int | None, second: int | None, severity: str
) -> None:
    """Two that are known and differ decide; of several rows the smallest counts."""

    def policy(priority: int | None) -> list[Any]:
        return [
            {"cidr": "10.1.0.0/16"},
            {"cidr": "10.1.0.0/16", "origin": "policy", "priority": priority},
            {"cidr": "10.1.0.0/16", "origin": "policy", "priority": 90 if priority else None},
        ]

    known = {"vpc": ["172.16.0.0/24"], "routing_mode": None}
    sites = (
        site("a", onprem=policy(first), **known),
        site("b", onprem=policy(second), **known, **OTHER_PEER),
    )
    assert meant(*sites) == [("selector_pair", severity)]


def test_selector_pair_names_gateway_and_priorities() -> None:
    """The facts that decided."""

    def policy(name: str, priority: int) -> Any:
        route = {"cidr": "10.1.0.0/16", "origin": "policy", "priority": priority}
        return site(name, onprem=[route], vpc=["172.16.0.0/24"], peer_addresses=[name])

    assert reason(policy("a", 10), policy("b", 20)) == (
        "Both connections use policies of vpn-1, with the priorities 10 and 20: the policy with "
        "the smaller number is matched first."
    )
    assert "and the same priority, 10:" in reason(policy("a", 10), policy("b", 10))


def test_selector_pair_with_a_vpc_side_that_is_everything() -> None:
    """A default route there alone, or in a policy, overlaps whatever the other has."""
    known = {"onprem": ["10.1.0.0/16"], **OTHER_PEER}
    hub = site("b", vpc=["0.0.0.0/0"], **known)
    other = "172.31.0.0/16"
    policy = site("b", vpc=[{"cidr": "0.0.0.0/0", "origin": "policy"}, other], **known)
    selector = site("b", vpc=["0.0.0.0/0", other], **known)
    first = site("a", **POLICIES)
    assert meant(first, hub) == meant(first, policy) == [("selector_pair", "high")]
    assert meant(first, selector) == [("selector_pair", "low")]


def test_duplicate() -> None:
    """The same blocks, peer and gateway: every pair of the two is a leftover's."""
    blocks = {"onprem": ["10.1.0.0/16", "10.1.2.0/24"], "vpc": ["172.16.0.0/24"]}
    assert set(meant(site("a", **blocks), site("b", **blocks))) == {("duplicate", "medium")}
    assert "from vpn-1 to 198.51.100.1 " in "".join(
        overlaps(subnets_of(site("a", **blocks), site("b", **blocks)))["reason"]
    )


def test_duplicate_by_routes() -> None:
    """Equal destination routes behind default selectors; one block more and it is none."""
    blocks = {"onprem": ["0.0.0.0/0", *to("10.1.0.0/16")], "vpc": ["0.0.0.0/0"], **ROUTE}
    more = blocks | {"onprem": [*blocks["onprem"], *to("10.9.0.0/16")]}
    assert meant(site("a", **blocks), site("b", **blocks)) == [("duplicate", "medium")]
    assert meant(site("a", **blocks), site("b", **more)) == [("onprem", "high")]


def test_duplicate_wants_known_peers() -> None:
    """Nobody knows that two unknown peers are one."""
    blocks = POLICIES | {"peer_addresses": []}
    assert meant(site("a", **blocks), site("b", **blocks)) == [("selector_pair", "high")]


@pytest.mark.parametrize("known", [HA, {}])
def test_ecmp(known: dict[str, Any]) -> None:
    """Attachments of one transit router share the packets, with evidence or without."""
    known = {"onprem": ["10.1.0.0/16"], **ON_ROUTER, **known}
    assert meant(site("a", **known), site("b", **known, **OTHER_PEER)) == [("ecmp", "info")]
    text = reason(site("a", **known), site("b", **known))
    assert "tr-1" in text
    assert "return by the other connection" in text


def test_nested_blocks_on_one_transit_router_are_no_ecmp() -> None:
    """The longest prefix wins there."""
    sites = (
        site("a", onprem=["10.1.0.0/16"], **ON_ROUTER),
        site("b", onprem=["10.0.0.0/8"], **ON_ROUTER, **OTHER_PEER),
    )
    assert meant(*sites) == [("route_domain", "low")]


def test_ha_pair_on_one_gateway() -> None:
    """Equal blocks, two peers, evidence on both; without it, a fault."""
    first = site("a", **POLICIES, **HA)
    assert meant(first, site("b", **POLICIES, **HA, **OTHER_PEER)) == [("ha_pair", "info")]
    assert meant(first, site("b", **POLICIES, **OTHER_PEER)) == [("selector_pair", "high")]
    unknown = POLICIES | HA | {"peer_addresses": None}
    assert meant(first, site("b", **unknown)) == [("selector_pair", "high")]


def test_ha_pair_by_weights() -> None:
    """Destination routes with weights 100 and 0, which is what makes the evidence."""

    def one(name: str, weight: int) -> Any:
        routes = to("10.1.0.0/16", weight=weight)
        return site(
            name, onprem=["0.0.0.0/0", *routes], vpc=["0.0.0.0/0"], **ROUTE, **HA,
            peer_addresses=[name],
        )  # fmt: skip

    assert meant(one("a", 100), one("b", 0)) == [("ha_pair", "info")]


def test_ha_pair_on_two_gateways_of_a_vpc() -> None:
    """Equal blocks, evidence on both; the peer may be the same or another."""
    first = site("a", **POLICIES, **HA)
    second = site("b", **POLICIES, **HA, **SECOND_GATEWAY, **OTHER_PEER)
    assert meant(first, second) == [("ha_pair", "info")]
    assert "from vpn-1 and from vpn-2" in reason(first, second)


def test_ha_pair_wants_equal_blocks() -> None:
    """A nested block is another site."""
    first = site("a", onprem=to("10.1.0.0/16"), routing_mode=None, **HA)
    second = site("b", onprem=to("10.1.2.0/24"), routing_mode=None, **HA, **OTHER_PEER)
    assert meant(first, second) == [("onprem", "low")]


def test_onprem_equal_by_route() -> None:
    """Two sites claim the same block on one gateway: only one gets the packets."""
    known = {"onprem": ["0.0.0.0/0", *to("10.1.0.0/16")], "vpc": ["0.0.0.0/0"], **ROUTE}
    assert meant(site("a", **known), site("b", **known, **OTHER_PEER)) == [("onprem", "high")]


@pytest.mark.parametrize(
    ("mode", "owners", "severity"),
    [
        (None, (None, None), "low"),
        ("policy", (None, None), "medium"),
        (None, ("a", "a"), "low"),
        (None, ("a", "b"), "medium"),
        (None, ("a", None), "low"),
        ("policy", ("a", "a"), "low"),
        ("policy", ("a", "b"), "medium"),
    ],
)
def test_onprem_nested(
    mode: str | None, owners: tuple[str | None, str | None], severity: str
) -> None:
    """Low by route or of one owner, medium for two owners, or where a policy comes first."""
    tags = [[f"team={owner}"] if owner else ["x=1"] for owner in owners]
    sites = (
        site("a", onprem=to("10.0.0.0/8"), routing_mode=mode, tags=tags[0]),
        site("b", onprem=to("10.1.0.0/16"), routing_mode=None, tags=tags[1], **OTHER_PEER),
        site("c", vpc=["172.16.0.0/24"], tags=["team=c"]),
    )
    assert meant(*sites, settings=OverlapSettings(owner_tag="team")) == [("onprem", severity)]


def test_route_domain() -> None:
    """Different gateways of one domain: equal blocks have nothing that decides, nested ones do."""
    first = site("a", **POLICIES)
    for cidr, severity in (("10.1.0.0/16", "high"), ("10.1.2.0/24", "low")):
        second = site("b", onprem=[cidr], **SECOND_GATEWAY, **OTHER_PEER)
        assert meant(first, second) == [("route_domain", severity)]
        assert "in the routing domain vpc-1" in reason(first, second)


def test_route_domain_between_gateway_and_router() -> None:
    """Joined by a row that names both."""
    joint = site("c", vpc=["172.16.0.0/24"], transit_router_id="tr-1")
    second = site("b", onprem=["10.1.0.0/16"], **ON_ROUTER, **OTHER_PEER)
    assert meant(site("a", **POLICIES), second) == []
    assert meant(site("a", **POLICIES), second, joint) == [("route_domain", "high")]


@pytest.mark.parametrize(
    ("onprem", "severity"),
    [("172.16.0.0/24", "high"), ("172.16.0.0/28", "high"), ("172.16.0.0/12", "low")],
)
def test_other_vpc(onprem: str, severity: str) -> None:
    """A site inside a VPC's block of the domain loses to the VPC's own route."""
    joined = OverlapSettings(topology=Topology((Domain("core", ("vpc-1", "vpc-9")),)))
    other = site("b", onprem=[onprem], **FAR, **OTHER_PEER)
    assert meant(site("a", **POLICIES), other, settings=joined) == [("other_vpc", severity)]
    assert meant(other, site("z", **POLICIES), settings=joined) == [("other_vpc", severity)]


def test_another_connection_of_the_same_vpc_tells_of_the_own_vpc() -> None:
    """Whichever selector names it: it is one VPC, and its route wins for all."""
    other = site("b", onprem=["172.16.0.0/24"], **SECOND_GATEWAY, **OTHER_PEER)
    assert meant(site("a", **POLICIES), other) == [("own_sides", "high")]


FAR = {"vpn_gateway_id": "vpn-9", "vpc_id": "vpc-9", "vpn_gateway_ip": "47.0.0.9"}


def test_mirrored() -> None:
    """Each one's gateway is the other's peer: two ends of one VPC-to-VPC connection."""
    here = site("a", onprem=["172.31.0.0/16"], vpc=["172.16.0.0/24"], peer_addresses=["47.0.0.9"])
    there = site(
        "b", onprem=["172.16.0.0/24"], vpc=["172.31.0.0/16"], peer_addresses=["47.0.0.1"], **FAR
    )
    assert meant(here, there) == []
    assert meant(here, there, scope=None) == [("mirrored", "info")] * 2
    one_way = site("b", onprem=["172.16.0.0/24"], vpc=["172.31.0.0/16"], **FAR)
    assert meant(here, one_way, scope=None) == [("unrelated", "info")] * 2


def test_unrelated() -> None:
    """Compared because that was asked for; nothing known joins the two."""
    sites = (site("a", **POLICIES), site("b", onprem=["10.1.0.0/16"], **FAR))
    nowhere = dict.fromkeys(["vpn_gateway_id", "vpc_id"])
    assert meant(*sites) == []
    assert meant(*sites, scope=None) == meant(*sites, scope="region_id") == [("unrelated", "info")]
    assert reason(*sites, scope=None) == (
        "No known connection joins the routing domains vpc-1 and vpc-9, so the blocks do not "
        "collide."
    )
    lost = [site(name, **POLICIES | nowhere) for name in "ab"]
    assert meant(*lost, scope=None) == [("unrelated", "info")]
    assert meant(*lost) == []


# What audit calls no fault, by its name there.


def test_no_fault__the_two_tunnels_of_a_connection() -> None:
    """Their blocks stand on the connection, once, and are never compared with each other."""
    peers = ["198.51.100.1", "198.51.100.2"]
    one = site("a", onprem=["10.0.0.0/8", "10.1.0.0/16"], peer_addresses=peers, **HA)
    assert meant(one) == []


def test_no_fault__default_routes_against_anything() -> None:
    """0.0.0.0/0 and ::/0 say nothing."""
    default = site("a", onprem=["0.0.0.0/0", "::/0"], vpc=["0.0.0.0/0"], **ROUTE)
    other = site("b", onprem=["10.0.0.0/8", "2001:db8::/32"], vpc=["172.16.0.0/24"])
    assert meant(default, other, scope=None) == []


def test_no_fault__bgp_tunnel_links() -> None:
    """Equal /30s in 169.254/16 on different gateways are no blocks of a side."""
    sites = (site("a", **POLICIES), site("b", **POLICIES | FAR))
    table = subnets_of(*sites).assign(bgp_tunnel_cidr="169.254.10.0/30")
    assert overlaps(table).empty


def test_no_fault__a_migration_from_one_gateway_to_another() -> None:
    """Two gateways in one VPC with one peer, whatever blocks have moved so far."""
    both = {"peer_addresses": ["198.51.100.1", "198.51.100.2"]}
    for cidr in ("10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/8"):
        new = site("b", onprem=[cidr], **SECOND_GATEWAY, **both)
        assert meant(site("a", **POLICIES), new) == [("ha_pair", "info")]
        assert "a move from one gateway to the other" in reason(site("a", **POLICIES), new)


def test_no_fault__one_customer_gateway_in_two_regions() -> None:
    """The same peer and blocks in two regions share no routing domain."""
    there = POLICIES | FAR | {"region_id": "cn-beijing"}
    assert meant(site("a", **POLICIES), site("b", **there)) == []
    assert set(meant(site("a", **POLICIES), site("b", **there), scope=None)) == {
        ("unrelated", "info")
    }


def test_no_fault__identical_selectors_by_design() -> None:
    """One connection for each tunnel of an AWS gateway: two peers, a health check on both."""
    sites = (site("a", **POLICIES, **HA), site("b", **POLICIES, **HA, **OTHER_PEER))
    assert meant(*sites) == [("ha_pair", "info")]


def test_no_fault__an_aggregate_and_its_branches() -> None:
    """The longest prefix wins: worth a look, no more."""
    known = {"vpc": ["0.0.0.0/0"], **ROUTE}
    sites = [site("hub", onprem=to("10.0.0.0/8"), **known)]
    sites += [
        site(f"b{n}", onprem=to(f"10.{n}.0.0/16"), peer_addresses=[f"198.51.100.{n}"], **known)
        for n in (2, 3)
    ]
    assert meant(*sites) == [("onprem", "low")] * 2


def test_the_words_are_those_of_the_table() -> None:
    """Every case has a known kind and severity, and every kind a case."""
    assert {case.kind for case in CASES.values()} == set(KINDS)
    assert {case.severity for case in CASES.values()} == set(SEVERITIES)
    assert list(KINDS) == sorted(KINDS)


def test_severity_is_an_enumeration_in_the_table() -> None:
    """In its order, also where a severity does not occur."""
    answer = overlaps(subnets_of(site("a", **POLICIES)))
    assert isinstance(answer["kind"].dtype, pd.CategoricalDtype)
    assert answer["severity"].cat.ordered
    assert answer["severity"].cat.categories.tolist() == [
        "info",
        "low",
        "medium",
        "high",
        "critical",
    ]
