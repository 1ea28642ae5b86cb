"""Tables that do not stand for what a function takes are refused; what stands for it is cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from audit_helpers import GOOD, NEXT, NOW, SM, inventory, pair
from held_tables import CALLS, Held, held_as, sorted_rows

import vpnframe as vf
from vpnframe.errors import SchemaError
from vpnframe.inventory import Inventory
from vpnframe.model import records
from vpnframe.schema.checked import checked_table

SETTINGS = vf.AuditSettings(now=NOW, with_key_facts=True)
PUBLISHED = {"psk_class": "published", "psk_bits": 10}
FLEET = inventory(
    *pair(vpn_connection_id="vco-9", ike_integrity="hmac-sha1"),
    GOOD,
    NEXT,
    keys=[{}, {}, {"psk_bits": 106}, PUBLISHED],
    vpcs=[],
)
HELD = Held(
    FLEET,
    vf.audit(FLEET, settings=SETTINGS),
    vf.strength(FLEET.tunnels, key_facts=FLEET.key_facts),
    (["10.0.0.1"], ["192.168.7.1"]),
)
# Of lists, columns and tables of blocks every row is asked for, and nothing is told by a key.
OF_ROWS = {
    *("address_usage", "clusters", "enclosing", "find_overlaps", "merge", "overlap_counts"),
    *("schema.cast", "Inventory.is_complete", "Inventory.__repr__", "Inventory.coverage_sentence"),
}


def weak(inv: Inventory) -> list[str]:
    """The connections whose key is found to be published."""
    findings = vf.audit(inv, settings=SETTINGS)
    return findings.loc[findings["rule_id"] == "vpn-psk-published", "vpn_connection_id"].tolist()


@pytest.mark.parametrize(
    "held",
    [
        lambda facts: facts.sort_values("psk_bits"),
        lambda facts: facts[facts["vpn_connection_id"] == "vco-2"],
        lambda facts: facts.iloc[1:],
        lambda facts: facts.set_axis([3, 3, 0, 0]),
    ],
)
def test_key_findings_stay_with_their_tunnels(held: Callable[[pd.DataFrame], Any]) -> None:
    """Sorted, filtered or joined key facts are of the same tunnels."""
    inv = replace(FLEET, key_facts=held(FLEET.key_facts))
    assert weak(inv) == weak(FLEET) == ["vco-2"]
    summary = vf.audit_summary(inv, settings=SETTINGS).set_index("rule_id")
    assert summary.loc["vpn-psk-published", "n_failed"] == 1


@pytest.mark.parametrize("dtype", ["int16", "int64", "float64", "object", "str"])
def test_groups_of_any_dtype_have_their_strength(dtype: str) -> None:
    """Beside a gateway of the SM suite, whose groups say nothing."""
    weak = {"ike_dh_group": 2, "ipsec_pfs_group": 2}
    sm = {**SM, "ike_dh_group": 2, "ipsec_pfs_group": 2, **NEXT}
    tunnels = inventory({**GOOD, **weak}, sm).tunnels
    tunnels = tunnels.astype(dict.fromkeys(weak, dtype))
    found = vf.strength(tunnels)
    assert found["confidentiality_bits"].fillna(-1).tolist() == [80, -1]
    assert found["forward_secrecy_bits"].fillna(-1).tolist() == [80, -1]
    counts = vf.stats.algorithms(tunnels).set_index("column").loc["ike_dh_group"]
    assert (counts["value"], counts["n_tunnels"]) == ("2", 2)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - OF_ROWS))
def test_doubled_rows_are_refused(name: str) -> None:
    """They would be counted twice: the key is named, and what to do."""
    doubled = held_as(HELD, lambda _, table: pd.concat([table, table.head(1)]))
    with pytest.raises(
        SchemaError, match=r"1 rows that repeat the key of another.*keep one of each"
    ):
        CALLS[name](doubled)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"schema.cast", "find_overlaps"}))
def test_a_missing_column_is_named(name: str) -> None:
    """Whatever is left of the table."""
    spoiled = held_as(HELD, lambda _, table: table[["tags"]] if "tags" in table else table[[]])
    with pytest.raises(
        SchemaError, match=r"no column '?\w+.*(is this a \w+ table|pass the table|it has)"
    ):
        CALLS[name](spoiled)


@pytest.mark.parametrize(
    ("column", "value", "remedy"),
    [
        ("severity", "HIGH", "severity holds 'HIGH' in row 0: write critical, high, medium, low"),
        ("severity", None, "severity is null in row 0: write critical, high, medium, low or info"),
        ("status", "Open", "status holds 'Open' in row 0: write open, waived or unknown"),
        ("status", None, "status is null in row 0"),
    ],
)
def test_findings_that_nobody_could_count_do_not_pass(
    column: str, value: str | None, remedy: str
) -> None:
    """A gate that passes because it does not know a word is none."""
    for ask in (vf.assert_no_findings, vf.plot.findings):
        with pytest.raises(SchemaError, match=remedy):
            ask(HELD.findings.assign(**{column: value}))


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("tunnels", "ike_dh_group", 14.5, "holds 14.5 in row 0: write a whole number"),
        (
            "tunnels",
            "ike_dh_group",
            70_000,
            "holds 70000 in row 0: write a whole .* to 32767",
        ),
        ("tunnels", "ike_dh_group", "modp", "holds 'modp' in row 0: write a whole number"),
        ("tunnels", "ike_version", True, "holds True in row 0: write a whole number"),
        ("tunnels", "account_id", 1e16, "digits may be lost: read the column as text"),
        ("tunnels", "dpd_enabled", "yes", "holds 'yes' in row 0: write True or False"),
        ("tunnels", "created_at", 5, "write a time in UTC as in 2026-01-31 12:00:00"),
        ("tunnels", "tags", 5, "holds 5 in row 0: write text"),
        ("tunnels", "auth_method", "PSK", "write psk, certificate or unknown"),
        ("subnets", "side", "left", "write vpc or onprem"),
        ("subnets", "origin", "static", "write selector, policy, destination or bgp"),
        ("gateways", "kind", "VPN", "write vpn or customer"),
        ("coverage", "status", "Complete", "write complete, partial, denied"),
        ("key_facts", "psk_class", "hunter2", "holds an invalid value.*write published"),
    ],
)
def test_a_value_that_cannot_be_is_named(table: str, column: str, value: Any, told: str) -> None:
    """Column, row and remedy; what might be a key is not shown."""
    spoiled = getattr(FLEET, table).astype({column: "object"})
    spoiled.loc[spoiled.index[0], column] = value
    with pytest.raises(SchemaError, match=f"{table}: the column {column} .*{told}") as caught:
        vf.audit(replace(FLEET, **{table: spoiled}), settings=SETTINGS)
    assert "hunter2" not in str(caught.value)


def test_needed_columns_alone_are_a_table() -> None:
    """They are cast, and their rows are numbered from 0."""
    held = pd.DataFrame({"account_id": [1, 2], "status": ["complete", "absent"]}, index=[5, 5])
    table = checked_table("coverage", held, needs=["status"])
    assert table["account_id"].tolist() == ["1", "2"]
    assert table.index.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("ask", "given", "told"),
    [
        (vf.audit, FLEET.tunnels, r"pass an Inventory, not DataFrame: use the result of vf\.fetch"),
        (vf.audit_summary, None, "pass an Inventory, not NoneType"),
        (vf.profile_matrix, FLEET.tunnels, "pass an Inventory"),
        (
            lambda it: vf.trace(it, source="10.0.0.1", destination="10.0.0.2"),
            FLEET.routes,
            "pass an Inventory",
        ),
        (lambda it: vf.write_inventory(it, "nowhere"), FLEET.tunnels, "pass an Inventory"),
        (vf.strength, FLEET, "pass the table tunnels, not Inventory: use inv.tunnels"),
        (vf.stats.summary, FLEET, "use inv.tunnels"),
        (vf.stats.address_space, FLEET, "use inv.subnets"),
        (vf.plot.algorithms, FLEET, "use inv.tunnels"),
        (vf.plot.address_map, FLEET, "use inv.subnets"),
        (vf.connection_strength, FLEET, "pass the table strength, not Inventory"),
        (
            vf.find_overlaps,
            FLEET,
            "is an Inventory: give one of its tables, such as inv.subnets",
        ),
        (vf.overlaps, ["10.0.0.0/8"], "pass the table subnets or an Inventory, not list"),
        (vf.assert_no_findings, [], "pass the table findings or an Inventory, not list"),
        (lambda it: vf.compare_peer(it, peer=it), FLEET, "use inv.tunnels"),
        (lambda it: vf.schema.validate("tunnels", it), FLEET, "Inventory is not a DataFrame"),
        (lambda it: vf.schema.cast("tunnels", it), FLEET, "Inventory is not a DataFrame"),
    ],
)
def test_a_table_for_an_inventory_and_the_reverse_are_told_apart(
    ask: Callable[[Any], Any], given: Any, told: str
) -> None:
    """The message says what is taken, and where it is."""
    with pytest.raises(SchemaError, match=told):
        ask(given)


@pytest.mark.parametrize(
    "blocks",
    [
        np.array([["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8", "10.1.0.0/16"]]),
        pd.DataFrame([["10.0.0.0/8", "10.1.0.0/16"]], columns=["cidr", "cidr"]),
    ],
)
def test_blocks_in_two_columns_are_refused(blocks: Any) -> None:
    """They were taken for blocks that are missing, which overlap nothing."""
    with pytest.raises(SchemaError, match=r"has 2 dimensions: give one column|several columns"):
        vf.find_overlaps(blocks)


def test_an_array_among_blocks_is_no_missing_block() -> None:
    """It is named as what it is."""
    with pytest.raises(vf.AddressError, match=r"10\.0\.0\.0/8.* at position 0 is not a CIDR block"):
        vf.find_overlaps([np.array(["10.0.0.0/8"]), "10.0.0.0/8"])


def test_the_tunnels_of_a_finding_come_in_their_own_order() -> None:
    """Whatever the order of the rows, and whoever's file they came from."""
    turned = replace(FLEET, tunnels=FLEET.tunnels.iloc[::-1])
    ids = vf.audit(turned, settings=SETTINGS)["tunnel_ids"].tolist()
    assert "tun-1,tun-2" in ids
    assert ids == HELD.findings["tunnel_ids"].tolist()


def test_blocks_without_a_group_are_sorted_numbered_and_counted_as_all_others() -> None:
    """By address where they stay apart, as they first appear, and each address once."""
    blocks = ["10.9.0.0/24", "2001:db8::/32", "10.0.0.0/24", "10.5.0.0/24", "10.9.0.0/24"]
    groups = [None, None, None, "b", None]
    merged = vf.merge(blocks, groups=groups)
    assert merged["group"].isna().tolist() == [False, True, True, True, True]
    assert merged["cidr"].tolist() == [
        *("10.5.0.0/24", "10.0.0.0/24", "10.9.0.0/24", "10.9.0.0/24", "2001:db8::/32")
    ]
    assert vf.clusters(blocks, groups=groups)["cluster"].tolist() == [0, 4, 1, 2, 3]
    usage = vf.address_usage(blocks[:1] * 3, groups=[None] * 3).iloc[0]
    assert usage[["n_blocks", "n_addresses", "n_shared"]].tolist() == [3, 256, 0]


def test_groups_of_numbers_are_named_alike_in_every_dtype() -> None:
    """A column with a null is of floats."""
    for groups in ([4, 6], [4.0, 6.0], np.array([4, 6], "int16")):
        assert vf.merge(["10.0.0.0/8", "::/8"], groups=groups)["group"].tolist() == ["4", "6"]


def test_a_written_table_has_the_columns_of_its_schema(tmp_path: Any) -> None:
    """Those of one's own are left out, and the caller's table is as it was."""
    tunnels = FLEET.tunnels.assign(mine=1).set_index("vpn_connection_id")
    vf.write_inventory(replace(FLEET, tunnels=tunnels), tmp_path, now=NOW)
    read = vf.read_inventory(tmp_path).tunnels
    pd.testing.assert_frame_equal(sorted_rows(read), sorted_rows(FLEET.tunnels))
    assert list(tunnels.columns)[-1] == "mine"


def test_the_closed_lists_are_those_of_the_records() -> None:
    """A word that is new there is known here."""
    words = {
        (name, column.name): column.words
        for name, table in vf.schema.TABLES.items()
        for column in table.columns
    }
    assert words["coverage", "status"] == get_args(records.CoverageStatus)
    assert words["key_facts", "psk_class"] == get_args(records.KeyClass)
    assert words["key_facts", "psk_state"] == get_args(records.KeyState)
    assert words["tunnels", "perspective"] == get_args(records.Perspective)
    assert words["routes", "route_type"] == get_args(records.RouteType)
