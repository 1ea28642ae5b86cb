"""The seeded fleet: deterministic, realistic in its mix, with everything planted."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_network

import pytest

from vpnframe.emulator import make_fleet
from vpnframe.emulator.fleet.places import list_regions

FLEET = make_fleet()
TUNNELS = [tunnel for connection in FLEET.connections for tunnel in connection.tunnels]

PLANTED = {
    *("own-sides-equal", "own-sides-onprem-inside-vpc", "own-sides-onprem-contains-vpc"),
    *("onprem-equal-on-one-gateway", "onprem-nested-on-one-gateway", "onprem-split-by-vpc-block"),
    *(
        "onprem-equals-rest-of-own-vpc",
        "onprem-inside-rest-of-own-vpc",
        "onprem-contains-other-vpc",
    ),
    *("onprem-equal-behind-gateways-of-one-vpc", "selector-pair", "duplicate-connection"),
    *("ha-pair", "ecmp-on-one-router", "mirrored-vpc-to-vpc", "peer-in-two-regions"),
    *("selector-cloud-services", "selector-documentation", "selector-public"),
    *("selector-redundant", "selector-repeated", "tunnel-index-missing", "tunnels-differ"),
    *("key-reused", "key-published", "key-derived-from-name", "key-dictionary", "key-short"),
    *("key-long-random", "ids-equal", "id-any", "all-defaults", "best-offered", "weak-des"),
    *("weak-3des", "weak-md5", "weak-dh-group1", "weak-dh-group24", "aggressive-ikev1"),
    *("aggressive-ikev2", "pfs-disabled", "lifetime-zero", "lifetime-order"),
    *("lifetime-rekey-storm", "gateway-locked", "sm-without-certificate", "bgp-own-asn"),
    *("routes-equal-on-one-gateway", "routes-active-and-standby", "routes-aggregate-and-branches"),
    *("policies-of-one-priority", "policies-ranked", "policies-split-by-source"),
    *("policy-into-own-vpc", "route-into-own-vpc", "routes-equal-behind-gateways-of-one-vpc"),
    *("migration-between-gateways", "mirrored-on-one-router"),
}


def share(number: int, total: int) -> float:
    return number / total


def test_same_seed_same_fleet() -> None:
    """The same arguments give the same fleet, keys included."""
    assert make_fleet(seed=3, accounts=2) == make_fleet(seed=3, accounts=2)


def test_other_seed_other_fleet() -> None:
    """Another seed gives other ids, keys and blocks."""
    ids = {connection.vpn_connection_id for connection in FLEET.connections}
    other = make_fleet(seed=8)
    assert ids.isdisjoint(connection.vpn_connection_id for connection in other.connections)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 50])
def test_small_fleets(n: int) -> None:
    """A fleet of any small size can be made, an empty one too."""
    fleet = make_fleet(connections=n, regions=3, accounts=2)
    assert len(fleet.connections) == n
    assert len(fleet.regions) == 3


@pytest.mark.parametrize(
    "wrong", [{"connections": -1}, {"accounts": 0}, {"regions": 0}, {"regions": 31}]
)
def test_wrong_numbers(wrong: dict[str, int]) -> None:
    """A number out of range is refused."""
    with pytest.raises(ValueError, match=r"must be|the fleet needs 0 or more connections"):
        make_fleet(**wrong)


@pytest.mark.parametrize("seed", range(20))
def test_largest_region_holds_a_fifth(seed: int) -> None:
    """Regions are uneven, but none holds over 60 of 300 connections."""
    sizes = Counter(c.region_id for c in make_fleet(seed=seed).connections)
    assert max(sizes.values()) <= 60
    assert min(sizes.values()) < 20


def test_everything_is_planted() -> None:
    """The default fleet holds every plant."""
    assert {plant.plant_id for plant in FLEET.planted} == PLANTED


def test_plants_name_connections_of_the_fleet() -> None:
    """Every plant stands on connections that exist, none of them used twice."""
    ids = {connection.vpn_connection_id for connection in FLEET.connections}
    planted = [i for plant in FLEET.planted for i in plant.vpn_connection_ids]
    assert set(planted) <= ids
    assert len(planted) == len(set(planted))


@pytest.mark.parametrize("seed", range(20))
def test_every_block_is_a_block(seed: int) -> None:
    """No block has host bits set or is written in another way than usual."""
    for connection in make_fleet(seed=seed).connections:
        for cidr in connection.vpc_subnets + connection.onprem_subnets:
            assert str(ip_network(cidr)) == cidr


def test_ids_and_addresses_are_unique() -> None:
    """No id and no gateway address stands for two things."""
    ids = [c.vpn_connection_id for c in FLEET.connections]
    ids += [tunnel.tunnel_id for tunnel in TUNNELS if tunnel.tunnel_id]
    ids += [g.vpn_gateway_id for g in FLEET.vpn_gateways]
    ids += [g.customer_gateway_id for g in FLEET.customer_gateways]
    ids += [g.internet_ip for g in FLEET.vpn_gateways]
    assert len(ids) == len(set(ids))


def test_keys_are_random_sixteens() -> None:
    """Nearly all keys have sixteen characters."""
    keys = [tunnel.psk for tunnel in TUNNELS if tunnel.psk]
    assert share(sum(len(key) == 16 for key in keys), len(keys)) > 0.97


def test_access_key_secret_has_thirty_characters() -> None:
    """Access keys have the form of real ones."""
    (account,) = FLEET.accounts
    assert account.access_key_id.startswith("LTAI5t")
    assert len(account.access_key_secret) == 30
    assert account.access_key_secret not in repr(account)


@pytest.mark.parametrize(
    ("wanted", "low", "high"),
    [
        (lambda t: t.proposal.ike_pfs in ("group1", "group2"), 0.65, 0.85),
        (lambda t: t.proposal.ike_auth.lower() in ("md5", "sha1"), 0.65, 0.85),
        (lambda t: t.proposal.ike_lifetime == 86400, 0.65, 0.85),
        (lambda t: t.proposal.ike_auth == "MD5", 0.01, 0.15),
        (lambda t: t.proposal.ike_enc == "sm4", 0.005, 0.2),
        (lambda t: t.bgp is not None, 0.03, 0.35),
    ],
)
def test_tunnel_mix(wanted: object, low: float, high: float) -> None:
    """Proposals are as old as those seen in public."""
    assert callable(wanted)
    assert low < share(sum(map(wanted, TUNNELS)), len(TUNNELS)) < high


@pytest.mark.parametrize(
    ("wanted", "low", "high"),
    [
        (lambda c: c.is_dual, 0.4, 0.7),
        (lambda c: c.attach_type == "CEN", 0.08, 0.35),
        (lambda c: c.attach_type == "NO_ASSOCIATED", 0.005, 0.1),
        (lambda c: c.vpc_subnets == c.onprem_subnets == ("0.0.0.0/0",), 0.15, 0.5),
        (lambda c: ("0.0.0.0/0" in c.vpc_subnets) != ("0.0.0.0/0" in c.onprem_subnets), 0.005, 0.1),
        (lambda c: len(c.onprem_subnets) > 1, 0.1, 0.4),
        (lambda c: any(":" in block for block in c.onprem_subnets), 0.005, 0.1),
        (lambda c: "192.168.1.0/24" in c.onprem_subnets, 0.01, 0.2),
        (lambda c: c.name is None, 0.01, 0.15),
        (lambda c: c.name is not None and not c.name.isascii(), 0.02, 0.25),
        (lambda c: c.health_check is not None, 0.05, 0.4),
        (lambda c: not c.tags, 0.2, 0.5),
    ],
)
def test_connection_mix(wanted: object, low: float, high: float) -> None:
    """Every kind of connection is there, in a share that a real fleet could have."""
    assert callable(wanted)
    n_wanted = sum(map(wanted, FLEET.connections))
    assert low < share(n_wanted, len(FLEET.connections)) < high


def test_tunnels_of_a_connection_differ() -> None:
    """A third and more of the dual-tunnel connections has two different proposals."""
    dual = [c.tunnels for c in FLEET.connections if c.is_dual]
    assert 0.3 < share(sum(a.proposal != b.proposal for a, b in dual), len(dual)) < 0.6


def test_gateways_share_a_vpc() -> None:
    """Some VPCs have several gateways, some gateways several connections."""
    assert max(Counter(g.vpc_id for g in FLEET.vpn_gateways).values()) > 1
    per_gateway = Counter(c.vpn_gateway_id for c in FLEET.connections if c.vpn_gateway_id)
    assert max(per_gateway.values()) > 4


def test_mirrored_pair_is_crossed() -> None:
    """The two ends of a VPC-to-VPC connection name each other, under one key."""
    by_id = {c.vpn_connection_id: c for c in FLEET.connections}
    plant = next(p for p in FLEET.planted if p.plant_id == "mirrored-vpc-to-vpc")
    left, right = (by_id[i] for i in plant.vpn_connection_ids)
    assert (left.vpc_subnets, left.onprem_subnets) == (right.onprem_subnets, right.vpc_subnets)
    for mine, theirs in zip(left.tunnels, right.tunnels, strict=True):
        assert (mine.cloud_ip, mine.customer_ip) == (theirs.customer_ip, theirs.cloud_ip)
        assert (mine.psk, mine.proposal) == (theirs.psk, theirs.proposal)


@pytest.mark.parametrize("seed", range(20))
def test_unassociated_connections_carry_disjoint_blocks(seed: int) -> None:
    """Outside every scope nothing overlaps, so that no reading of scopes changes the key."""
    for connection in make_fleet(seed=seed).connections:
        if connection.attach_type == "NO_ASSOCIATED":
            (vpc,), (onprem,) = connection.vpc_subnets, connection.onprem_subnets
            assert not ip_network(vpc).overlaps(ip_network(onprem))


def test_no_documentation_blocks_but_the_planted_one() -> None:
    """Public addresses and blocks are not those that texts use."""
    marks = ("192.0.2.", "198.51.100.", "203.0.113.")
    found = [c for c in FLEET.connections if any(b.startswith(marks) for b in c.onprem_subnets)]
    assert len(found) == 1
    assert not [t for t in TUNNELS if t.customer_ip.startswith(marks)]


def test_regions_have_endpoints_of_the_cloud() -> None:
    """Region ids are unique and their hosts are the cloud's."""
    regions = list_regions(30)
    assert len({region.region_id for region in regions}) == 30
    assert all(region.endpoint.endswith(".aliyuncs.com") for region in regions)
