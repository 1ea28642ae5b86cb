"""Overlaps of a fleet as a table: exactly the pairs of plain loops, with the same meaning."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

import pandas as pd
import pytest
from fleet_helpers import few, found, inventory_with, site, subnets_of, vpcs_of
from hypothesis import given
from hypothesis import strategies as st
from overlap_oracle import CONNECTION, ROUTERS, grouped, oracle

from vpnframe import schema
from vpnframe.errors import AddressError, IncompleteWarning
from vpnframe.overlapping import OverlapSettings, overlaps
from vpnframe.overlapping.meaning import CASES

CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16", "10.1.2.0/24", "192.168.0.0/24"]
CIDRS += ["0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8:1::/48", "2001:db8::1/128"]
ADDRESSES = ["47.0.0.1", "198.51.100.1"]
BLOCK = [*CONNECTION, "side", "cidr"]
ENDS = [f"{half}_{name}" for half in ("left", "right") for name in BLOCK]
RESULT = [*ENDS, "relation", "scope", "scope_id", "kind", "severity"]

blocks = st.fixed_dictionaries(
    {
        "cidr": st.sampled_from(CIDRS),
        "origin": st.sampled_from(["selector", "policy", "destination", "bgp"]),
        "priority": st.sampled_from([None, None, 1, 2]),
    }
)


def rarely(value: object, *usual: object) -> st.SearchStrategy[object]:
    """One of the usual ones, and that value now and then."""
    return st.sampled_from([*usual] * 4 + [value])


sites = st.builds(
    lambda onprem, vpc, known: {"onprem": onprem, "vpc": vpc} | known,
    st.lists(blocks, max_size=3),
    st.lists(blocks, max_size=2),
    st.fixed_dictionaries(
        {
            "account_id": rarely(None, "1"),
            "region_id": rarely(None, "cn-beijing"),
            "vpn_gateway_id": st.sampled_from(["vpn-1", "vpn-1", "vpn-2", None]),
            "vpc_id": rarely(None, "vpc-1", "vpc-1", "vpc-2"),
            "transit_router_id": st.sampled_from(["tr-1", None, None]),
            "vpn_gateway_ip": rarely(None, *ADDRESSES),
            "peer_addresses": st.none() | st.lists(st.sampled_from(ADDRESSES), max_size=2),
            "routing_mode": st.sampled_from(["policy", None, None]),
            "has_ha_evidence": rarely(None, True, True, False),
            "tags": st.sampled_from([["team=a"], ["team=a", "team=b"], ["team=b", "x=1"], None]),
        }
    ),
)
fleets = st.lists(sites, min_size=1, max_size=6)
scopes = st.sampled_from(["routing_domain", None, "vpn_gateway_id", "vpc_id", "region_id"])


def table_of(made: list[dict[str, Any]]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The table of generated sites, and its rows."""
    rows = [row for i, one in enumerate(made) for row in site(f"vco-{i}", **one)]
    return subnets_of(rows), rows


TAGGED = {"tags": ["team=c"], "vpc": ["172.16.0.0/12"]}


held = st.lists(st.sampled_from([c for c in CIDRS if "/0" not in c]), min_size=1, max_size=2)
vpc_tables = st.lists(
    st.fixed_dictionaries(
        {
            "vpc_id": st.sampled_from(["vpc-1", "vpc-2", "vpc-3"]),
            "account_id": rarely(None, "1"),
            "region_id": rarely(None, "cn-beijing"),
            "cidrs": held.map(lambda cidrs: cidrs[:1]),
            "secondary_cidrs": st.just([]) | held.map(lambda cidrs: cidrs[:1]),
            "user_cidrs": st.just([]) | held.map(lambda cidrs: cidrs[:1]),
        }
    ),
    max_size=3,
).map(lambda vpcs: list({vpc["vpc_id"]: vpc for vpc in vpcs}.values()))


@given(fleets, scopes, st.sampled_from(["team", None]), vpc_tables)
def test_pairs_and_their_meaning_equal_plain_loops(made, scope, owner_tag, vpcs):
    """On any fleet and scope, VPCs read or not: the same pairs, of the same kind and severity."""
    table, rows = table_of([*made, TAGGED])
    inv = inventory_with(table, vpcs=vpcs_of(vpcs))
    settings = OverlapSettings(owner_tag=owner_tag)
    wanted = oracle(rows, scope, owner_tag=owner_tag, vpcs=vpcs)
    pairs = overlaps(inv, scope=scope, settings=settings, expand=True)
    assert sorted(map(str, found(pairs, *RESULT))) == sorted(map(str, wanted))
    groups = overlaps(inv, scope=scope, settings=settings)
    # Whose its first pair is, where several VPCs hold one block, is a matter of order alone.
    got = [(*row[3:5], *row[8:]) for row in found(groups, *RESULT, "n_pairs")]
    told = [(*row[3:5], *row[8:]) for row in grouped(wanted)]
    assert sorted(map(str, got)) == sorted(map(str, told))


def random_site(random: Random) -> dict[str, Any]:
    """A site as the strategy makes them, of a crowded fleet."""
    pick = random.choice
    block_lists = {
        side: [
            {
                "cidr": pick(CIDRS),
                "origin": pick(["selector", "selector", "policy", "destination", "bgp"]),
                "priority": pick([None, None, 1, 2]),
            }
            for _ in range(random.randint(0, 2))
        ]
        for side in ("onprem", "vpc")
    }
    gateway = pick(["vpn-1", "vpn-1", "vpn-2", "vpn-9", None])
    return block_lists | {
        "vpn_gateway_id": gateway,
        "vpc_id": pick(["vpc-1", "vpc-1", "vpc-2", None]),
        "transit_router_id": pick(["tr-1", None]) if gateway is None else None,
        "vpn_gateway_ip": pick([*ADDRESSES, None]),
        "peer_addresses": random.sample(ADDRESSES, random.randint(0, 2)),
        "routing_mode": pick(["policy", None]),
        "has_ha_evidence": pick([True, False, None]),
        "tags": pick([["team=a"], ["team=b"], None]),
    }


def test_every_kind_occurs_in_crowded_fleets_and_is_what_plain_loops_say():
    """Twelve fleets of 25 sites; no kind but natted is left out."""
    seen = set()
    for seed in range(12):
        random = Random(seed)
        table, rows = table_of([random_site(random) for _ in range(25)])
        for scope in ("routing_domain", None):
            settings = OverlapSettings(owner_tag="team")
            answer = overlaps(table, scope=scope, settings=settings, expand=True)
            wanted = oracle(rows, scope, owner_tag="team")
            assert sorted(map(str, found(answer, *RESULT))) == sorted(map(str, wanted))
            seen |= set(found(answer, "kind", "severity"))
    wanted = {(case.kind, case.severity) for case in CASES.values()}
    wanted -= {("natted", "info"), ("user_cidr", "info")}
    assert seen == wanted


@few
@given(fleets, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(made, random):
    """Shuffled rows give the same table."""
    table, _ = table_of(made)
    order = list(range(len(table)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(overlaps(table.take(order)), overlaps(table))


@few
@given(fleets)
def test_every_result_is_what_its_schema_says(made):
    """Also when there is nothing; each pair has a reason that is one sentence, facts filled in."""
    table, _ = table_of(made)
    for rows in (table, table.head(0)):
        answer = overlaps(rows)
        schema.validate("overlaps", answer)
        assert answer["reason"].str.fullmatch(r"[^{}?]+\.").all()


def test_a_block_of_several_origins_is_one_block():
    """In whatever spelling and index: one pair."""
    origins = [{"cidr": "10.0.0.0/8", "origin": o} for o in ("selector", "policy", "bgp")]
    other = {"cidr": "10.0.0.0/255.0.0.0"}
    table = subnets_of(site("vco-a", onprem=[*origins, other], vpc=["10.1.0.0/16"]))
    answer = overlaps(table.set_axis([0] * len(table)))
    assert found(answer, "left_cidr", "relation", "right_cidr") == [
        ("10.0.0.0/8", "contains", "10.1.0.0/16")
    ]


def test_two_sides_of_a_connection_are_compared_whatever_the_scope():
    """Without a router it has no domain, and the scope stays null."""
    nothing = dict.fromkeys(ROUTERS)
    table = subnets_of(site("vco-a", onprem=["10.0.0.0/8"], vpc=["10.0.0.0/8"], **nothing))
    for scope in ("routing_domain", "vpc_id"):
        assert found(overlaps(table, scope=scope), "kind", "scope_id") == [("own_sides", None)]


def test_one_routing_domain_can_be_looked_at():
    """Whatever the scope, pairs of other domains are left out."""
    far = {"vpn_gateway_id": "vpn-2", "vpc_id": "vpc-2"}
    sites = [site(name, onprem=["10.0.0.0/8"]) for name in "ab"]
    sites += [site(name, onprem=["10.0.0.0/8"], **far) for name in "cd"]
    for scope in ("routing_domain", None):
        answer = overlaps(subnets_of(*sites), scope=scope, settings=OverlapSettings(only="vpn-2"))
        assert found(answer, "left_vpn_connection_id", "right_vpn_connection_id") == [("c", "d")]


def test_vpc_blocks_are_never_paired():
    """Many connections into one VPC do not run into the cap."""
    sites = [site(f"vco-{i}", vpc=["10.0.0.0/8"]) for i in range(2_000)]
    assert overlaps(subnets_of(*sites), expand=True, max_pairs=0).empty


def test_the_cap_counts_before_it_makes():
    """As many pairs as allowed are made, one more is an error that says how many there are."""
    table = subnets_of(*(site(f"vco-{i}", onprem=["10.0.0.0/8"]) for i in range(4)))
    assert len(overlaps(table, expand=True, max_pairs=6)) == 6
    with pytest.raises(ValueError, match="6 overlapping pairs, over the limit of 5"):
        overlaps(table, expand=True, max_pairs=5)
    assert found(overlaps(table, max_pairs=5), "n_pairs", "n_connections") == [(6, 4)]


def test_a_wrong_scope_is_named():
    """With the columns that there are."""
    with pytest.raises(ValueError, match=r"no column 'gateway' to use as scope.*vpn_gateway_id"):
        overlaps(subnets_of(), scope="gateway")


def test_missing_columns_are_named():
    """A table of another kind is refused by what it lacks."""
    with pytest.raises(ValueError, match="no column side, cidr: pass the table subnets"):
        overlaps(subnets_of().drop(columns=["side", "cidr"]))


def test_the_columns_that_tell_blocks_apart_suffice():
    """What is not known makes nothing a pair, and nothing an error."""
    table = subnets_of(*(site(f"vco-{i}", onprem=["10.0.0.0/8"]) for i in range(2)))
    bare = table[[*CONNECTION, *ROUTERS, "side", "cidr"]]
    assert found(overlaps(bare), "kind", "severity") == [("onprem", "high")]


def test_bad_text_is_refused_by_its_row():
    """Null is what tables hold for it."""
    table = subnets_of(site("vco-a", onprem=["10.0.0.0/8", "10.0.0.0/33"]))
    with pytest.raises(AddressError, match=r"'10.0.0.0/33' at position 1"):
        overlaps(table)


def test_categories_and_plain_objects_do_as_well():
    """Columns of other dtypes give the same result."""
    table = subnets_of(
        site("vco-a", onprem=["10.0.0.0/8"], vpc=["10.0.0.0/8"]),
        site("vco-b", onprem=["10.0.0.0/16"]),
    )
    texts = [*CONNECTION, *ROUTERS, "cidr", "vpn_gateway_ip"]
    wanted = overlaps(table)
    assert len(wanted) == 3
    pd.testing.assert_frame_equal(overlaps(table.astype(dict.fromkeys(texts, "category"))), wanted)
    pd.testing.assert_frame_equal(overlaps(table.astype(object)), wanted)


@pytest.mark.parametrize(
    ("known", "n"),
    [
        ({"routing_mode": "route"}, 1),
        ({"routing_mode": "route", "has_known_routes": False}, 1),
        ({"routing_mode": "route", "has_known_routes": True}, 0),
        ({"routing_mode": "mixed"}, 1),
        ({"routing_mode": "mixed", "has_known_routes": True}, 0),
        ({"routing_mode": "policy"}, 0),
    ],
)
def test_connections_that_are_not_judged_are_counted(known, n):
    """The warning points at the caller; what is known is compared all the same."""
    table = subnets_of(
        site("vco-a", onprem=["0.0.0.0/0"], vpc=["10.0.0.0/8"], **known),
        site("vco-b", onprem=["10.0.0.0/8"]),
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(overlaps(table)) == 1
    assert [str(w.message).split(":")[0] for w in said] == ["1 of 2 connections is not judged"] * n
    assert all(w.filename == __file__ and w.category is IncompleteWarning for w in said)


def test_a_default_route_on_the_vpc_side_alone_is_judged():
    """Hub and spoke: the on-premises selectors say what is behind it."""
    hub = site("a", onprem=["10.0.0.0/8"], vpc=["0.0.0.0/0"], routing_mode="mixed")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert overlaps(subnets_of(hub)).empty
    assert said == []


def test_blocks_that_are_none_are_counted():
    """A null block is left out, and that is said."""
    table = subnets_of(site("vco-a", onprem=[{"cidr": None, "cidr_raw": "10.0.0.0/33"}]))
    with pytest.warns(IncompleteWarning, match="1 block is not a CIDR block and is left out"):
        overlaps(table)
