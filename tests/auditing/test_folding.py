"""One cause is one finding: what is folded, what is of the fleet, and what comes back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from audit_helpers import NEXT, NOW, block, connections_of, inventory, pair
from rule_fleets import BGP, DOWN, LOOSE

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.review import Review, examine
from vpnframe.auditing.settings import AuditSettings

AT = AuditSettings(now=NOW)
OTHER = {"customer_gateway_ip": "91.9.9.9", "customer_gateway_id": "cgw-2"}
RANK = ["info", "low", "medium", "high", "critical"]
DEFAULTS = {
    "ike_encryption": "aes-128-cbc", "ipsec_encryption": "aes-128-cbc",
    "ike_integrity": "hmac-md5", "ipsec_integrity": "hmac-md5", "ike_dh_group": 2,
    "ipsec_pfs_group": 2, "ike_lifetime_s": 86400, "ipsec_lifetime_s": 86400,
}  # fmt: skip


def review(*tunnels: dict[str, Any], **options: Any) -> Review:
    """A small fleet reviewed."""
    waivers = options.pop("waivers", ())
    return examine(inventory(*tunnels, **options), waivers=waivers, settings=AT)


def sites(n: int, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    """So many connections to peers and blocks of their own; the first ones are changed."""
    rows = [
        {
            "vpn_connection_id": f"vco-{i}",
            "customer_gateway_ip": f"91.1.1.{i}",
            "customer_gateway_id": f"cgw-{i}",
            "onprem_subnets": [f"10.9.{i}.0/24"],
        }
        for i in range(n)
    ]
    return [row | (changes[i] if i < len(changes) else {}) for i, row in enumerate(rows)]


def causes(found: pd.DataFrame) -> dict[str, Any]:
    """The root cause of each open finding on a connection, by rule."""
    rows = found[((found["status"] == "open") & found["vpn_connection_id"].notna()).to_numpy()]
    causes = rows["root_cause"].astype(object).where(rows["root_cause"].notna(), None)
    return dict(zip(rows["rule_id"].astype("str"), causes, strict=True))


def waiver(**changes: Any) -> vf.Waiver:
    """A waiver of the first connection's defaults."""
    fields = {
        "rule": "vpn-all-defaults", "connection": "vco-1", "reason": "agreed", "owner": "net",
        "approver": "sec", "ticket": "N-1", "created": date(2026, 2, 1),
        "until": date(2026, 4, 1), **changes,
    }  # fmt: skip
    return vf.Waiver(**fields)


def test_an_outage_is_one_finding() -> None:
    """A connection that is down: not established, BGP, health check and routes follow from it."""
    changes = BGP | DOWN | {"bgp_status": "idle", "health_check_status": "failed"}
    row = block(
        connections_of([inventory(changes).tunnels.iloc[0].to_dict()])[0], "vpc", "10.0.0.0/16"
    )
    assert row["side"] == "vpc"
    found = causes(review(changes).findings)
    assert found["vpn-no-live-path"] is None
    for rule in ("vpn-not-established", "vpn-bgp-down", "vpn-health-check-failing"):
        assert found[rule] == "vpn-no-live-path", rule


def test_a_prefix_with_a_second_live_path_is_no_outage() -> None:
    """The tunnel that is down is a finding of its own, of medium severity."""
    found = review(DOWN, NEXT | OTHER).findings
    rows = found[(found["vpn_connection_id"] == "vco-1").to_numpy()].set_index("rule_id")
    assert "vpn-no-live-path" not in rows.index
    assert rows.loc["vpn-not-established", "severity"] == "medium"
    assert pd.isna(rows.loc["vpn-not-established", "root_cause"])


@pytest.mark.parametrize(
    ("second", "is_cut_off"),
    [
        (NEXT | OTHER, False),
        (NEXT | OTHER | DOWN, True),
        (NEXT | OTHER | {"onprem_subnets": ["192.168.8.0/24"]}, True),
        (NEXT | OTHER | {"vpc_subnets": ["10.1.0.0/16"]}, True),
        (NEXT | OTHER | {"vpc_id": "vpc-2", "vpn_gateway_id": "vpn-2"}, True),
    ],
    ids=["equal", "down", "another block", "another source", "another vpc"],
)
def test_what_counts_as_another_path(second: dict[str, Any], is_cut_off: bool) -> None:
    """The same prefix from the same blocks, in the same routing domain, and up."""
    found = review(DOWN, second).findings
    rows = found[(found["vpn_connection_id"] == "vco-1").to_numpy()]
    assert ("vpn-no-live-path" in set(rows["rule_id"])) == is_cut_off


def test_a_standby_that_is_down_is_no_outage() -> None:
    """Its prefixes pass over the active tunnel."""
    first, second = pair()
    found = causes(review(first, second | DOWN).findings)
    assert found["vpn-standby-down"] is None
    assert not {"vpn-no-live-path", "vpn-not-established"} & set(found)


def test_an_orphan_is_not_also_down() -> None:
    """It is attached to nothing: that is the finding."""
    found = causes(review(LOOSE | DOWN).findings)
    assert "vpn-orphan" in found
    assert not {"vpn-no-live-path", "vpn-not-established"} & set(found)


def test_what_most_of_a_fleet_has_is_one_finding() -> None:
    """With its share; the connections' own name their rule as cause, and are in no headline."""
    weak = {"ike_encryption": "3des-cbc"}
    found = review(*sites(7, weak, weak, weak, weak))
    rows = found.findings[(found.findings["rule_id"] == "vpn-ike-3des").to_numpy()]
    assert rows["evidence"].tolist()[0] == "fails on 4 of 7 connections"
    assert rows["vpn_connection_id"].isna().tolist() == [True, False, False, False, False]
    assert rows["root_cause"].astype("str").tolist()[1:] == ["vpn-ike-3des"] * 4
    assert pd.isna(rows["root_cause"].iloc[0])
    mediums = found.connections["n_medium"]
    assert mediums.iloc[:4].tolist() == [mediums.iloc[4]] * 4


@pytest.mark.parametrize(("n", "n_weak"), [(8, 4), (4, 4), (2, 2)])
def test_half_of_a_fleet_or_a_small_one_is_no_pattern(n: int, n_weak: int) -> None:
    """Half is not more than half; of under five connections every one is told."""
    weak = {"ike_encryption": "3des-cbc"}
    found = review(*sites(n, *[weak] * n_weak)).findings
    rows = found[(found["rule_id"] == "vpn-ike-3des").to_numpy()]
    assert rows["vpn_connection_id"].notna().all()
    assert rows["root_cause"].isna().all()


def test_what_is_worse_than_the_pattern_stays() -> None:
    """Four doubts and two sure failures of one rule: the failures are counted one by one."""
    rows = [
        row | {"ike_version": 1, "onprem_subnets": [f"10.{i}.0.0/24", f"10.{i}.9.0/24"]}
        for i, row in enumerate(sites(6))
    ]
    rows[0] |= DOWN
    rows[1] |= DOWN
    found = review(*rows).findings
    rows_of = found[(found["rule_id"] == "vpn-selector-ikev1-multi").to_numpy()]
    counted = rows_of[rows_of["root_cause"].isna().to_numpy()]
    assert counted["severity"].astype("str").tolist() == ["high", "high", "info"]
    assert counted["vpn_connection_id"].isna().tolist() == [False, False, True]


def test_a_waived_cause_hides_nothing() -> None:
    """What followed from it is counted again."""
    with_cause = causes(review(DEFAULTS).findings)
    assert with_cause["vpn-ike-md5"] == "vpn-all-defaults"
    waived = causes(review(DEFAULTS, waivers=[waiver()]).findings)
    assert waived["vpn-ike-md5"] is None


def test_every_folded_finding_has_a_cause_that_is_open_and_no_milder() -> None:
    """On the same connection, or of the fleet."""
    rows = sites(6, DEFAULTS, DEFAULTS, DEFAULTS, DEFAULTS | DOWN, BGP | DOWN, DOWN)
    found = review(*rows).findings
    schema.validate("findings", found)
    open_rows = found[(found["status"] == "open").to_numpy()].to_dict("records")
    folded = [row for row in open_rows if isinstance(row["root_cause"], str)]
    assert folded
    for row in folded:
        roots = [
            one for one in open_rows
            if (one["rule_id"] == row["root_cause"] and one is not row
            and one["vpn_connection_id"] in (row["vpn_connection_id"], None))
            or (one["rule_id"] == row["root_cause"] and pd.isna(one["vpn_connection_id"]))
        ]  # fmt: skip
        assert any(RANK.index(one["severity"]) >= RANK.index(row["severity"]) for one in roots)


def test_the_order_is_open_ones_first_and_the_worst_first() -> None:
    """With findings of the fleet among them."""
    weak = {"ike_encryption": "3des-cbc"}
    found = review(*sites(6, weak, weak, weak, weak, {"dpd_enabled": None})).findings
    is_unknown = (found["status"] == "unknown").tolist()
    assert is_unknown == sorted(is_unknown)
    ranks = found["severity"].cat.codes[(found["status"] == "open").to_numpy()].tolist()
    assert ranks == sorted(ranks, reverse=True)
    assert not found["finding_id"].duplicated().any()
