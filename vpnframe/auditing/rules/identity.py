"""Rules on IKE identities, and on contradictions between the sources of a connection."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.joining import positions_of
from vpnframe.auditing.logic import (
    NO,
    UNKNOWN,
    YES,
    Truth,
    both,
    codes_of,
    differs_within,
    either,
    flags,
    is_any,
    n_distinct,
    named,
)
from vpnframe.auditing.masks import equals
from vpnframe.auditing.values import (
    ANYBODY,
    comparable,
    is_address,
    is_aggressive,
    is_value,
    is_wildcard,
)
from vpnframe.auditing.verdicts import HIGH, INFO, MEDIUM, Verdicts, judged

_IDS = ("vpn_gateway_ike_id", "customer_gateway_ike_id")
_IKE_PROPOSAL = ("ike_version", "ike_mode", "ike_encryption", "ike_integrity", "ike_dh_group")


def id_any(fleet: Fleet) -> Verdicts:
    """Fail tunnels that accept any peer identity. A missing id means the gateway's address."""
    ids = fleet.tunnels["customer_gateway_ike_id"].fillna("").str.strip().str.lower()
    severity = np.where(is_aggressive(fleet) == YES, HIGH, MEDIUM).astype(np.uint8)
    return judged(
        "tunnels", is_any(ids, ANYBODY), column="customer_gateway_ike_id", severity=severity
    )


def id_equal(fleet: Fleet) -> Verdicts:
    """Fail tunnels whose two ends have the same identity."""
    ours, theirs = (fleet.tunnels[column].fillna("").str.strip() for column in _IDS)
    is_equal = flags((ours == theirs) & (ours != ""))
    return judged("tunnels", is_equal.astype(np.uint8), column=", ".join(_IDS))


def ike_shared_peer_mismatch(fleet: Fleet) -> Verdicts:
    """Fail connections that would share an IKE SA (same two addresses) but have other settings."""
    tunnels = fleet.tunnels
    ends = [tunnels[name] for name in ("vpn_gateway_ip", "customer_gateway_ip")]
    place = [tunnels[name] for name in ("account_id", "region_id", "vpn_gateway_id")]
    pair = codes_of([*place, *ends])
    n_pairs = int(pair.max(initial=-1)) + 1
    n_owners = n_distinct(pair, fleet.of_tunnel)
    columns = _ike_settings(fleet)
    differing = {
        name: differs_within(pair, values, n_groups=n_pairs) for name, values in columns.items()
    }
    result: Truth = np.where(n_owners > 1, either(*differing.values()), NO)[pair].astype(np.uint8)
    result[flags(ends[0].isna() | ends[1].isna())] = UNKNOWN
    names = named({name: truth == YES for name, truth in differing.items()})
    return judged(
        "tunnels",
        result,
        column=", ".join(columns),
        severity=np.where(fleet.is_up == YES, INFO, HIGH).astype(np.uint8),
        facts={"value": names[pair], "n": n_owners[pair]},
    )


def id_fqdn_main_mode(fleet: Fleet) -> Verdicts:
    """Fail names as ids under IKEv1 main mode with a pre-shared key, which needs an address."""
    names = np.zeros(len(fleet.tunnels), bool)
    for column in _IDS:
        ids = fleet.tunnels[column].fillna("").str.strip()
        names |= flags(ids != "") & ~is_address(ids) & ~is_wildcard(ids)
    is_main = both(is_value(fleet, "ike_version", {1}), is_value(fleet, "ike_mode", {"main"}))
    result = both(is_main, names.astype(np.uint8))
    result[(result == YES) & ~fleet.has_psk] = UNKNOWN
    return judged(
        "tunnels",
        result,
        where=fleet.may_have_psk & ~fleet.is_sm,
        column=", ".join(_IDS),
        severity=np.where(fleet.is_up == YES, INFO, MEDIUM).astype(np.uint8),
    )


def _ike_settings(fleet: Fleet) -> dict[str, pd.Series]:
    """Return the settings that must be equal if two connections share an IKE SA."""
    settings = {name: comparable(fleet, name) for name in _IKE_PROPOSAL}
    for name, address in zip(_IDS, ("vpn_gateway_ip", "customer_gateway_ip"), strict=True):
        settings[name] = fleet.tunnels[name].fillna(fleet.tunnels[address])
    fingerprint = fleet.keys["psk_fingerprint"].astype("str")
    settings["psk_fingerprint"] = fingerprint.where(fleet.has_psk, "none")
    return settings


def witness_conflict(fleet: Fleet) -> Verdicts:
    """Fail connections whose download and list row contradict each other."""
    connections = fleet.connections
    n = fleet.n_connections
    result = np.where(equals(connections["witnesses"], "both"), NO, UNKNOWN).astype(np.uint8)
    is_turned = equals(connections["perspective"], "conflict")
    fields = np.full(n, "", dtype=object)
    owners = positions_of(fleet.disagreements, connections)
    for owner, field in zip(owners.tolist(), fleet.disagreements["field"].tolist(), strict=True):
        if owner >= 0 and field not in fields[owner].split(", "):
            fields[owner] = f"{fields[owner]}, {field}" if fields[owner] else field
    fields[is_turned & (fields == "")] = "perspective"
    result[(fields != "")] = YES
    # A connection attached to nothing has no download, so there is no second source to differ from.
    is_loose = is_any(connections["attach_type"], {"no_associated"}, is_folded=True) == YES
    return judged(
        "connections",
        result,
        where=~(is_loose & (result == UNKNOWN)),
        column="witnesses, perspective",
        facts={"value": fields},
    )
