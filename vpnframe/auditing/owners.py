"""Split findings by owner; a finding on two overlapping connections goes to both owners."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from vpnframe import schema
from vpnframe.auditing.folding import fold, is_share
from vpnframe.auditing.logic import Mask, Texts, equals, flags, objects
from vpnframe.schema.joined import split_column

NOBODY = ""  # a tag with an empty value names no owner
_OTHER = "a connection of another owner"
_PAIR = re.compile(
    r"(?P<side>VPC|on-premises) (?P<cidr>\S+) (?P<relation>is equal to|contains|within) "
    r"(?P<other_side>VPC|on-premises) (?P<other_cidr>\S+) of "
    r"(?P<other>a VPC without connections|[^\s,;]+)"
)
_TURNED = {"is equal to": "is equal to", "contains": "within", "within": "contains"}
OF_SUBJECT = (
    *("account_id", "region_id", "vpn_connection_id", "connection_name", "vpn_gateway_id"),
    *("customer_gateway_id", "customer_gateway_name", "tags"),
)
_WORD = re.compile(r"[\w.-]+")
_FLEET_SIZE = re.compile(r" \(all [\d,]+ \w+\)$|; connections: [\d,]+$")


def owners_of(tags: pd.Series, owner_tag: str | None) -> Texts:
    """Return for each string of joined tags the value of the tag ``owner_tag``, or None.

    Examples
    --------
    >>> owners_of(pd.Series(["env=prod,owner=erp", ""]), "owner").tolist()
    ['erp', None]
    """
    found = objects([None] * len(tags))
    if owner_tag is not None:
        lists = split_column(tags)
        texts, rows = pc.list_flatten(lists), pc.list_parent_indices(lists)
        mask = pc.starts_with(texts, f"{owner_tag}=")
        at = pc.filter(rows, mask).to_numpy(zero_copy_only=False)
        found[at] = [text.partition("=")[2] for text in pc.filter(texts, mask).to_pylist()]
    return found


def by_owner(
    findings: pd.DataFrame, connections: pd.DataFrame, *, owner_tag: str
) -> dict[str, pd.DataFrame]:
    """Return one ``findings`` table per owner, without details of others' connections."""
    rows = findings[~is_share(findings)].reset_index(drop=True)
    fleet = _Owners.of(connections, owner_tag)
    first = _first_owners(rows, fleet)
    shared = rows["value"][_is_pair(rows)].tolist()
    sharers = {fleet.by_id[one] for text in shared for one in fleet.named_in(text)}
    names = sorted({*first.tolist(), *sharers})
    return {name: _part(rows, name, first, fleet) for name in names}


@dataclass(frozen=True, slots=True)
class _Owners:
    """The owner of each connection."""

    connections: pd.DataFrame  # indexed by connection id
    by_id: dict[str, str]

    @classmethod
    def of(cls, connections: pd.DataFrame, owner_tag: str) -> _Owners:
        """Read the owner of each connection from its tags."""
        ids = connections["vpn_connection_id"].astype("str").tolist()
        owners = [one or NOBODY for one in owners_of(connections["tags"], owner_tag).tolist()]
        table = connections.set_index("vpn_connection_id", drop=False)
        return cls(table[~table.index.duplicated()], dict(zip(ids, owners, strict=True)))

    def named_in(self, text: object) -> list[str]:
        """Return the connection ids in a string, in the order in which they occur."""
        words = _WORD.findall(text) if isinstance(text, str) else ()
        return [word for word in words if word in self.by_id]


def _first_owners(rows: pd.DataFrame, fleet: _Owners) -> Texts:
    """Return the owner of each finding.

    A finding without an owner and without a connection belongs to the owner of the first connection
    that its ``value`` names.
    """
    first = rows["owner"].fillna(NOBODY).to_numpy(object)
    is_of_none = flags(rows["vpn_connection_id"].isna()) & (first == NOBODY)
    for row in np.flatnonzero(is_of_none).tolist():
        named = fleet.named_in(rows["value"].iloc[row])
        first[row] = fleet.by_id[named[0]] if named else NOBODY
    return objects(first)


def _is_pair(rows: pd.DataFrame) -> Mask:
    """Mark findings on overlaps, whose ``value`` names a second connection."""
    is_overlap = rows["rule_id"].astype("str").str.startswith("vpn-overlap-")
    return flags(is_overlap) & flags(rows["value"].notna()) & ~equals(rows["status"], "unknown")


def _part(rows: pd.DataFrame, name: str, first: Texts, fleet: _Owners) -> pd.DataFrame:
    """Return the findings that the owner ``name`` may see."""
    own = [one for one, owner in fleet.by_id.items() if owner == name]
    # Findings on what could not be judged at all go to all owners, or to those of the account.
    accounts = fleet.connections.loc[own, "account_id"].dropna().unique()
    is_near = rows["account_id"].isna() | rows["account_id"].isin(accounts)
    is_of_all = is_on_fleet(rows) & (flags(is_near) | (name == NOBODY))
    is_pair = _is_pair(rows)
    is_own = (first == name) & ~is_on_fleet(rows) & ~is_pair
    plain = rows[is_own | is_of_all].copy()
    for column in ("value", "evidence"):
        texts = [_without_others(text, name, fleet) for text in plain[column].tolist()]
        plain[column] = pd.array(texts, dtype="str")
    pairs = [_seen_by(row, name, fleet) for row in rows[is_pair].to_dict("records")]
    found = [row for row in pairs if row is not None]
    parts = [plain, pd.DataFrame(found, columns=plain.columns)] if found else [plain]
    table = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    table["root_cause"] = table["root_cause"].mask(flags(table["root_cause"] == table["rule_id"]))
    table = schema.cast("findings", table)
    worst, is_open = table["severity"].cat.codes, ~equals(table["status"], "unknown")
    table = table.take(np.lexsort((-worst.to_numpy(np.int64), ~is_open))).reset_index(drop=True)
    return fold(table, n_connections=len(own))


def _without_others(text: object, name: str, fleet: _Owners) -> str | None:
    """Hide other owners' connection ids and the size of the fleet in a string."""
    if not isinstance(text, str):
        return None

    def told(found: re.Match[str]) -> str:
        owner = fleet.by_id.get(found[0])
        return found[0] if owner is None or owner == name else _OTHER

    return _FLEET_SIZE.sub("", _WORD.sub(told, text))


def _seen_by(row: dict[str, Any], name: str, fleet: _Owners) -> dict[str, Any] | None:
    """Return a finding as owner ``name`` may see it; None if no connection in it is theirs."""
    ids = [str(row["vpn_connection_id"]), *fleet.named_in(row["value"])]
    mine = [one for one in ids if fleet.by_id.get(one) == name]
    if not mine:
        return None
    if all(fleet.by_id.get(one, name) == name for one in ids):
        return row
    said = [_half(pair, ids[0], mine, fleet.by_id, name) for pair in _PAIR.finditer(row["value"])]
    value = "; ".join(dict.fromkeys(said)) or f"a block of it overlaps a block of {_OTHER}"
    own = fleet.connections.loc[mine[0]]
    is_moved = mine[0] != ids[0]
    return {
        **row,
        **{column: own[column] for column in OF_SUBJECT},
        "owner": name or None,
        "is_active": None if is_moved else row["is_active"],
        "tunnel_ids": "",
        "value": value,
        "evidence": f"{value}.",
    }


def _half(pair: re.Match[str], left: str, mine: list[str], by_id: dict[str, str], name: str) -> str:
    """Describe one pair of overlapping blocks without details of other owners' connections."""
    side, cidr, relation, other = (pair[part] for part in ("side", "cidr", "relation", "other"))
    if left in mine:
        is_told = by_id.get(other, name) == name
        return pair[0] if is_told else f"{side} {cidr} {relation} a block of {_OTHER}"
    if other in mine:
        own = f"{pair['other_side']} {pair['other_cidr']}"
        return f"{own} {_TURNED[relation]} a block of {_OTHER}"
    if relation == "is equal to":
        return f"{side} {cidr} is equal to a block of {_OTHER}"
    return f"a block of it overlaps a block of {_OTHER}"


def is_on_fleet(findings: pd.DataFrame) -> Mask:
    """Mark unknown findings that are about the whole fleet or about a region."""
    is_of_none = findings["vpn_connection_id"].isna() & findings["vpn_gateway_id"].isna()
    is_of_customer = findings["customer_gateway_id"].notna()
    return flags(is_of_none & ~is_of_customer) & equals(findings["status"], "unknown")
