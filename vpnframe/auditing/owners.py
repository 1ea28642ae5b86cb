"""Findings by owner: each one to whoever can mend it, a pair's to both."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.logic import Mask, Texts, arrow, flags, objects
from vpnframe.auditing.masks import equals

NOBODY = ""  # no tag has an empty value that names anybody


def owners_of(tags: pd.Series, owner_tag: str | None) -> Texts:
    """Give the value of one tag of each row.

    Parameters
    ----------
    tags : Series of lists, length n
        Each as ``key=value``.
    owner_tag : str or None
        The key; None gives no owner to anybody.

    Returns
    -------
    ndarray of str or None, shape (n,)

    Examples
    --------
    >>> lists = pd.ArrowDtype(pa.list_(pa.string()))
    >>> owners_of(pd.Series([["env=prod", "owner=erp"], []], dtype=lists), "owner").tolist()
    ['erp', None]
    """
    found = objects([None] * len(tags))
    if owner_tag is not None:
        lists = arrow(tags, pa.list_(pa.string()))
        texts, rows = pc.list_flatten(lists), pc.list_parent_indices(lists)
        mask = pc.starts_with(texts, f"{owner_tag}=")
        at = pc.filter(rows, mask).to_numpy(zero_copy_only=False)
        found[at] = [text.partition("=")[2] for text in pc.filter(texts, mask).to_pylist()]
    return found


def by_owner(
    findings: pd.DataFrame, connections: pd.DataFrame, *, owner_tag: str
) -> dict[str, pd.DataFrame]:
    """Part findings by owner.

    Parameters
    ----------
    findings : DataFrame
        Table ``findings``.
    connections : DataFrame
        The ``connections`` table, for the owner of a pair's other connection.
    owner_tag : str
        The tag whose value is the owner.

    Returns
    -------
    dict of str to DataFrame
        Table ``findings`` for each owner, in the order of their names; an empty name for the rest.
        A finding on two connections of different owners is given to both, and what could not be
        judged of the fleet as a whole to everybody.
    """
    owners = pd.Series(
        owners_of(connections["tags"], owner_tag), index=connections["vpn_connection_id"]
    )
    owners = owners[~owners.index.duplicated()]
    other = findings["value"].astype("str").str.extract(r" of (\S+?)(?:;|$)")[0]
    is_pair = findings["rule_id"].astype("str").str.startswith("vpn-overlap-")
    first = findings["owner"].fillna(NOBODY)
    second = other.where(is_pair).map(owners).fillna(first)
    names = sorted({*first, *second})
    is_of_all = is_on_fleet(findings)
    return {
        str(name): findings[
            ((first == name) | (second == name)).to_numpy() | is_of_all
        ].reset_index(drop=True)
        for name in names
    }


def is_on_fleet(findings: pd.DataFrame) -> Mask:
    """Say which findings are about what of the fleet could not be read or judged at all.

    Parameters
    ----------
    findings : DataFrame
        Table ``findings``.

    Returns
    -------
    ndarray of bool, one per row
    """
    is_of_none = findings["vpn_connection_id"].isna() & findings["vpn_gateway_id"].isna()
    is_of_customer = findings["customer_gateway_name"].notna()
    return flags(is_of_none & ~is_of_customer) & equals(findings["status"], "unknown")
