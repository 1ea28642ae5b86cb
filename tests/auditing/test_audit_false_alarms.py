"""What looks like a fault and is none, by name; and what comes nearest to each and is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from audit_helpers import (
    BY_ID,
    FIRST,
    GOOD,
    NEXT,
    SECOND,
    block,
    fleet_of,
    inventory,
    not_passed,
    pair,
    results_of,
    verdicts_of,
)

from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.inventory import Inventory

OTHER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
AWAY = {"onprem_subnets": ["10.9.0.0/24"]}
SAME_KEY = [{"psk_fingerprint": "same"}] * 4
OVERLAPS = [rule_id for rule_id in BY_ID if rule_id.startswith("vpn-overlap-")]
HERE, THERE = "47.1.2.3", "47.8.8.8"
MIRROR = {
    "vpn_gateway_id": "vpn-2",
    "vpc_id": "vpc-2",
    "vpn_gateway_ip": THERE,
    "customer_gateway_ip": HERE,
    "customer_gateway_id": "cgw-2",
    "vpc_subnets": ["192.168.7.0/24"],
    "onprem_subnets": ["10.0.0.0/16"],
}


def overlap_faults(inv: Inventory) -> list[str]:
    """The rules on overlaps that fail."""
    fleet = fleet_of(inv)
    return [rule_id for rule_id in OVERLAPS if (BY_ID[rule_id].judge(fleet).result == 1).any()]


def severities(rule_id: str, inv: Inventory) -> set[str]:
    """How bad what fails is."""
    verdicts = verdicts_of(rule_id, inv)
    assert verdicts.severity is not None
    return {SEVERITIES[code] for code in verdicts.severity[verdicts.result == 1]}


def with_evidence(*tunnels: Mapping[str, Any]) -> Inventory:
    """A fleet whose connections speak of failover."""
    rows = [{**GOOD, **one} for one in tunnels]
    subnets = [
        block(row, side, cidr, has_ha_evidence=True)
        for row in rows
        for side in ("vpc", "onprem")
        for cidr in row[f"{side}_subnets"]
    ]
    return inventory(*tunnels, subnets=subnets)


def test_the_two_tunnels_of_a_connection() -> None:
    """They carry the same blocks, and that is their purpose."""
    assert overlap_faults(inventory(*pair())) == []


def test_everything_against_anything() -> None:
    """A default route overlaps nothing."""
    everything = {"vpc_subnets": ["0.0.0.0/0"], "onprem_subnets": ["0.0.0.0/0"]}
    route_based = OTHER | everything | NEXT | {"routing_mode": "route"}
    assert overlap_faults(inventory({}, route_based)) == []
    assert "vpn-selector-wide" not in not_passed(inventory(everything | {"routing_mode": "route"}))


def test_bgp_links_on_different_gateways() -> None:
    """A /30 has to be unique on its gateway alone."""
    bgp = {
        "bgp_enabled": True,
        "bgp_status": "success",
        "bgp_auth_state": "present",
        "customer_gateway_asn": 65001,
        "bgp_tunnel_cidr": "169.254.10.0/30",
    }
    apart = NEXT | OTHER | AWAY | bgp | {"vpn_gateway_id": "vpn-2"}
    assert set(results_of("vpn-bgp-parameters", inventory(bgp, apart))) == {"pass"}
    together = apart | {"vpn_gateway_id": "vpn-1"}
    assert set(results_of("vpn-bgp-parameters", inventory(bgp, together))) == {"fail"}


def test_bgp_links_that_bgp_itself_announces() -> None:
    """The tunnels' own prefixes in 169.254 are no reserved blocks; as a selector they are."""
    links = [block(GOOD, "onprem", "169.254.10.0/30", origin=origin) for origin in ("bgp",)]
    assert results_of("vpn-selector-reserved", inventory({}, subnets=links)) == ["pass"]
    written = [block(GOOD, "onprem", "169.254.10.0/30")]
    assert results_of("vpn-selector-reserved", inventory({}, subnets=written)) == ["fail"]


@pytest.mark.parametrize("by", ["address", "identity"])
def test_mirrored_connections_share_a_key(by: str) -> None:
    """The two ends of a VPC-to-VPC connection must hold one key, and carry crossed blocks."""
    ours = {"customer_gateway_ip": THERE, "vpn_gateway_ip": HERE}
    theirs = NEXT | MIRROR
    if by == "identity":
        # Behind other addresses, they know each other by name.
        ours |= {"vpn_gateway_ike_id": "a.example", "customer_gateway_ike_id": "b.example"}
        theirs |= {
            "vpn_gateway_ip": "10.1.1.1",
            "vpn_gateway_ike_id": "b.example",
            "customer_gateway_ike_id": "a.example",
        }
    inv = inventory(ours, theirs, keys=SAME_KEY[:2])
    assert set(results_of("vpn-psk-reused", inv)) == {"pass"}
    if by == "address":
        assert overlap_faults(inv) == []


def test_a_third_that_holds_the_key_of_a_mirrored_pair() -> None:
    """Then it is reused, at all three."""
    ours = {"customer_gateway_ip": THERE, "vpn_gateway_ip": HERE}
    third = {"vpn_connection_id": "vco-3", **OTHER, **AWAY}
    inv = inventory(ours, NEXT | MIRROR, third, keys=SAME_KEY[:3])
    assert results_of("vpn-psk-reused", inv) == ["fail"] * 3
    assert severities("vpn-psk-reused", inv) == {"high"}


def test_a_migration_from_one_gateway_to_another() -> None:
    """The same peer behind two gateways of one VPC."""
    assert overlap_faults(inventory({}, NEXT | {"vpn_gateway_id": "vpn-2"})) == []


def test_one_customer_gateway_in_two_regions() -> None:
    """One device is a gateway of its own in each region: one address, one key."""
    abroad = {
        "region_id": "cn-hangzhou",
        "customer_gateway_id": "cgw-9",
        "vpn_gateway_id": "vpn-9",
        "vpc_id": "vpc-9",
    }
    inv = inventory({}, NEXT | abroad, keys=SAME_KEY[:2])
    assert set(results_of("vpn-psk-reused", inv)) == {"pass"}
    assert overlap_faults(inv) == []


def test_identical_selectors_by_design() -> None:
    """One connection per tunnel of another cloud: equal blocks, other addresses, failover."""
    assert overlap_faults(with_evidence({}, NEXT | OTHER)) == []
    assert overlap_faults(inventory({}, NEXT | OTHER)) == ["vpn-overlap-selector-pair"]


def test_an_aggregate_and_its_branches() -> None:
    """By destination the longest prefix wins: low, for somebody to know."""
    spoke = {"routing_mode": "mixed", "vpc_subnets": ["0.0.0.0/0"]}
    aggregate = spoke | {"onprem_subnets": ["192.168.0.0/16"]}
    branch = NEXT | OTHER | spoke | {"onprem_subnets": ["192.168.7.0/24"]}
    inv = inventory(aggregate, branch)
    assert overlap_faults(inv) == ["vpn-overlap-onprem"]
    assert severities("vpn-overlap-onprem", inv) == {"low"}


def test_one_peer_over_several_ikev1_connections() -> None:
    """The usual way to carry several blocks, with equal IKE settings and one key."""
    first = {"ike_version": 1}
    inv = inventory(first, NEXT | AWAY | first, keys=SAME_KEY[:2])
    assert set(results_of("vpn-ike-shared-peer-mismatch", inv)) == {"pass"}
    assert set(results_of("vpn-psk-reused", inv)) == {"pass"}
    other = inventory(first, NEXT | AWAY | first | {"ike_dh_group": 2}, keys=SAME_KEY[:2])
    assert set(results_of("vpn-ike-shared-peer-mismatch", other)) == {"fail"}


def test_two_addresses_of_one_gateway() -> None:
    """Tunnels to one device from two addresses have an IKE SA each, and may differ."""
    tunnels = (FIRST, SECOND | {"vpn_gateway_ip": "47.1.2.4", "ike_integrity": "hmac-sha512"})
    assert set(results_of("vpn-ike-shared-peer-mismatch", inventory(*tunnels))) == {"pass"}


def test_a_key_inside_one_connection_or_site() -> None:
    """Two customer gateways of one connection, or of one site's two ways: low."""
    tunnels = (FIRST, SECOND | OTHER)
    assert severities("vpn-psk-reused", inventory(*tunnels, keys=SAME_KEY[:2])) == {"low"}
    site = inventory({}, NEXT | OTHER, keys=SAME_KEY[:2])
    assert severities("vpn-psk-reused", site) == {"low"}
    elsewhere = inventory({}, NEXT | OTHER | AWAY, keys=SAME_KEY[:2])
    assert severities("vpn-psk-reused", elsewhere) == {"high"}


def test_the_clouds_own_random_keys_are_no_finding() -> None:
    """Sixteen random characters have 83 to 95 bits."""
    for bits, found in ((83, set()), (95, set()), (79, {"medium"}), (63, {"high"})):
        inv = inventory({}, keys=[{"psk_bits": bits}])
        assert severities("vpn-psk-weak", inv) == found


def test_a_guessable_key_in_aggressive_mode_is_critical() -> None:
    """Under IKEv1 alone: the mode means nothing under IKEv2."""
    for version, severity in ((1, "critical"), (2, "high")):
        changes = {"ike_version": version, "ike_mode": "aggressive"}
        inv = inventory(changes, keys=[{"psk_bits": 63}])
        assert severities("vpn-psk-weak", inv) == {severity}


def test_no_standby_on_a_transit_router() -> None:
    """Both tunnels are active there: one that is down is simply down."""
    router = {"attach_type": "CEN", "vpn_gateway_id": None, "transit_router_id": "tr-1"}
    down = SECOND | router | {"tunnel_status": "ike_sa_not_established"}
    inv = inventory(FIRST | router, down)
    assert results_of("vpn-standby-down", inv) == []
    assert results_of("vpn-not-established", inv) == ["pass", "fail"]


def test_a_standby_behind_a_dead_active_is_no_second_finding() -> None:
    """All tunnels down is one fault, of the connection."""
    dead = {"tunnel_status": "ike_sa_not_established"}
    inv = inventory(FIRST | dead, SECOND | dead)
    assert results_of("vpn-standby-down", inv) == ["pass"]
    assert results_of("vpn-not-established", inv) == ["fail", "fail"]


def test_the_key_of_two_tunnels_stands_at_the_customer_gateway() -> None:
    """A list row shows none at the tunnel then."""
    bgp = {"bgp_enabled": True, "bgp_status": "success", "bgp_auth_state": "absent"}
    for state, result in (("present", "pass"), ("absent", "fail")):
        customer = {"kind": "customer", "bgp_auth_state": state}
        inv = inventory(*pair(**bgp), gateways=[{}, customer])
        assert set(results_of("vpn-bgp-no-auth", inv)) == {result}


RESERVED = [
    ("100.64.0.0/10", "vpc", "critical"),
    ("100.100.100.200/32", "onprem", "critical"),
    ("64.0.0.0/2", "onprem", "critical"),
    ("100.65.0.0/16", "onprem", "high"),
    ("100.65.0.0/16", "vpc", None),
    ("127.0.0.0/8", "vpc", "high"),
    ("169.254.1.0/24", "onprem", "high"),
    ("169.254.169.254/32", "onprem", "medium"),
    ("224.0.0.0/3", "onprem", "high"),
    ("240.0.0.0/8", "onprem", "high"),
    ("0.0.0.0/0", "onprem", None),
    ("172.16.0.0/12", "onprem", None),
    ("fe80::/64", "onprem", "high"),
    ("fd00::/64", "onprem", None),
]


@pytest.mark.parametrize(("cidr", "side", "severity"), RESERVED)
def test_reserved_blocks(cidr: str, side: str, severity: str | None) -> None:
    """How bad each is, and on which side."""
    inv = inventory({}, subnets=[block(GOOD, side, cidr)])
    assert severities("vpn-selector-reserved", inv) == ({severity} if severity else set())


WIDE = [
    (["10.0.0.0/8"], True),
    (["10.0.0.0/9"], False),
    (["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/16"], True),
    (["10.0.0.0/9", "10.128.0.0/9", "172.16.0.0/12", "192.168.0.0/17"], False),
    (["fd00::/8"], True),
    (["fd00::/48"], False),
]


@pytest.mark.parametrize(("cidrs", "is_wide"), WIDE)
def test_wide_blocks(cidrs: list[str], is_wide: bool) -> None:
    """An eighth of a family, or all private space however it is cut."""
    inv = inventory({}, subnets=[block(GOOD, "onprem", cidr) for cidr in cidrs])
    assert ("fail" in results_of("vpn-selector-wide", inv)) == is_wide


REDUNDANT = [
    (["10.1.0.0/16", "10.1.3.0/24"], True),
    (["10.2.0.0/16", "10.3.0.0/16"], True),
    (["10.1.0.0/16", "10.2.0.0/16"], False),
    (["10.1.0.0/16", "10.1.0.0/16"], True),
    (["10.1.0.0/16", "fd00::/48"], False),
]


@pytest.mark.parametrize(("cidrs", "is_redundant"), REDUNDANT)
def test_redundant_blocks(cidrs: list[str], is_redundant: bool) -> None:
    """Inside another, two that merge, or written twice; neighbours that do not merge are fine."""
    found = results_of("vpn-selector-redundant", inventory({"onprem_subnets": cidrs}))
    assert found == ["fail" if is_redundant else "pass"]
