"""Compute the strength of tunnels, which is the strength in bits of the weakest component.

A child SA's keys depend on the IKE SA's secret and, with PFS, also on another DH exchange. A weak
PFS group or IKE cipher therefore does not lower confidentiality. A pre-shared key that can be
guessed compromises the whole tunnel. ``strength.csv`` lists the bits of each algorithm value.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe import schema
from vpnframe.auditing.joining import CONNECTION, find_rows
from vpnframe.auditing.logic import Positions, by_kind, equals
from vpnframe.schema.checked import checked_table
from vpnframe.schema.joined import join_lists, join_texts, split_column
from vpnframe.schema.tables.declaring import COMPONENTS

Bits = npt.NDArray[np.float64]  # NaN if unknown

_TUNNEL = (*CONNECTION, "tunnel_index")
# The component in strength.csv for each column. The IKE integrity algorithm is also the PRF.
_COMPONENTS = {
    "ike_encryption": "enc",
    "ike_integrity": "prf",
    "ike_dh_group": "dh",
    "ipsec_encryption": "enc",
    "ipsec_integrity": "integ",
    "ipsec_pfs_group": "dh",
}
_MAX_BITS = 32_767
_NEEDED = (*_TUNNEL, "tunnel_id", "vpn_type", "auth_method", "ike_version", *_COMPONENTS)


@dataclass(frozen=True, slots=True)
class Component:
    """The strength of one algorithm, such as ``aes-128-cbc``."""

    bits: int  # against classical computers
    quantum_bits: int  # against a quantum computer
    is_approved: bool  # whether NIST approves it


@cache
def components() -> Mapping[str, Mapping[str, Component]]:
    """Return the strength of every algorithm, by component (such as ``dh``) and value."""
    return parse_components(files(__package__).joinpath("strength.csv").read_text(encoding="utf-8"))


def parse_components(text: str) -> Mapping[str, Mapping[str, Component]]:
    """Parse the content of ``strength.csv``; skip rows with ``inherit`` instead of bits."""
    found: dict[str, dict[str, Component]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["bits"] != "inherit":
            found.setdefault(row["component"], {})[row["value"]] = Component(
                int(row["bits"]), int(row["quantum_bits"]), row["nist_approved"] == "1"
            )
    return found


def strength(tunnels: pd.DataFrame, *, key_facts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return how strong each tunnel is, and its weakest component.

    Parameters
    ----------
    tunnels : DataFrame
        The ``tunnels`` table.
    key_facts : DataFrame, optional
        The ``key_facts`` table of the same fleet. Without it, only an upper bound is known for a
        tunnel with a pre-shared key.

    Returns
    -------
    DataFrame
        The ``strength`` table, one row per tunnel in the same order; bits are Int16, null if a
        value is null or unrecognised.

    Raises
    ------
    SchemaError
        A table does not match its schema.

    References
    ----------
    RFC 7296 s2.17 and s2.15; RFC 2409 s5; NIST SP 800-57 Part 1 Rev. 5, s5.6.1.

    Examples
    --------
    >>> fleet = schema.cast("tunnels", pd.DataFrame({
    ...     "vpn_connection_id": ["vco-1"], "tunnel_index": [1], "auth_method": ["psk"],
    ...     "ike_encryption": ["aes-256-cbc"], "ike_integrity": ["hmac-sha256"],
    ...     "ike_dh_group": [14], "ipsec_encryption": ["aes-256-cbc"],
    ...     "ipsec_integrity": ["hmac-sha256"], "ipsec_pfs_group": [14]}))
    >>> row = strength(fleet).iloc[0]
    >>> row["effective_bits"], row["upper_bound_bits"], row["weakest_component"]
    (<NA>, np.int16(112), 'ike_dh_group')
    """
    tunnels = checked_table("tunnels", tunnels, needs=_NEEDED)
    if key_facts is not None:
        key_facts = checked_table("key_facts", key_facts, needs=(*_TUNNEL, "psk_bits"))
    return strength_of(tunnels, psk_bits(tunnels, key_facts))


def strength_of(tunnels: pd.DataFrame, key_bits: pd.Series) -> pd.DataFrame:
    """Return the ``strength`` table; ``key_bits`` is the strength of each pre-shared key."""
    # SM gateways agree on session keys with SM2 certificates instead of DH groups.
    is_sm = equals(tunnels["vpn_type"], "sm")
    groups = ("ike_dh_group", "ipsec_pfs_group")
    tunnels = tunnels.assign(**{name: tunnels[name].mask(is_sm) for name in groups})
    known_bits = key_bits.to_numpy("float64", na_value=np.nan)
    psk = np.where(equals(tunnels["auth_method"], "psk"), known_bits, np.nan)
    bits = {name: _worth(tunnels, name, "bits") for name in _COMPONENTS}
    prf, has_key = bits["ike_integrity"], ~equals(tunnels["auth_method"], "certificate")
    confidentiality = _least(bits["ipsec_encryption"], bits["ike_dh_group"], prf)
    authentication = np.where(has_key, _least(psk, prf), np.nan)
    effective = np.where(has_key, _least(confidentiality, authentication), confidentiality)
    is_without_pfs = equals(tunnels["ipsec_pfs_group"], 0)
    # If several components are equally weak, the first of ``COMPONENTS`` (easiest to fix) is named.
    named = {name: psk if name == "psk" else bits[name] for name in COMPONENTS}
    values = {
        "effective_bits": effective,
        "upper_bound_bits": np.fmin.reduce(list(named.values())),
        "confidentiality_bits": confidentiality,
        "authentication_bits": authentication,
        "forward_secrecy_bits": np.where(is_without_pfs, 0, bits["ipsec_pfs_group"]),
        "control_bits": _least(bits["ike_encryption"], bits["ike_dh_group"], prf),
        "integrity_bits": bits["ipsec_integrity"],
        "quantum_bits": _quantum(tunnels, psk),
    }
    table = tunnels[[*_TUNNEL, "tunnel_id"]].reset_index(drop=True)
    table = table.assign(**{name: pd.Series(one, dtype="Int16") for name, one in values.items()})
    table["weakest_component"] = _weakest(named)
    poor = frozenset(_not_approved_values())

    def not_approved(*values: object) -> str:
        named = (f"{column}={value}" for column, value in zip(_COMPONENTS, values, strict=True))
        return join_texts(item for item in named if item in poor)

    table["not_approved"] = by_kind((tunnels[name] for name in _COMPONENTS), not_approved)
    return schema.cast("strength", table)


def connection_strength(strengths: pd.DataFrame) -> pd.DataFrame:
    """Return the strength of each connection, which is the strength of its weakest tunnel.

    Parameters
    ----------
    strengths : DataFrame
        The ``strength`` table.

    Returns
    -------
    DataFrame
        The ``connection_strength`` table, connections in the order of their first tunnels. A
        value, except the upper bound, is null if it is null for any tunnel of the connection.

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> connection_strength(schema.empty("strength")).empty
    True
    """
    strengths = checked_table("strength", strengths)
    keys = list(CONNECTION)
    ids = strengths.groupby(keys, dropna=False, sort=False).ngroup().to_numpy()
    grouped = strengths.groupby(ids)
    table = strengths.drop_duplicates(keys)[keys].reset_index(drop=True)
    table["n_tunnels"] = grouped.size()
    names = [name for name in strengths if name.endswith("_bits")]
    least, n_known = grouped[names].min(), grouped[names].count()
    table[names] = least.where(n_known.eq(table["n_tunnels"], axis="index"))
    table["upper_bound_bits"] = least["upper_bound_bits"]
    table["weakest_component"] = _of_weakest(strengths, ids)
    table["not_approved"] = _united(strengths["not_approved"], ids, n_groups=len(table))
    return schema.cast("connection_strength", table)


def strength_counts(strengths: pd.DataFrame) -> pd.DataFrame:
    """Count the tunnels and connections of a fleet by strength and weakest component.

    Parameters
    ----------
    strengths : DataFrame
        The ``strength`` table.

    Returns
    -------
    DataFrame
        The ``strength_counts`` table, the weakest tunnels first, unknown strengths last.

    Raises
    ------
    SchemaError
        The table does not match its schema.

    Examples
    --------
    >>> strength_counts(schema.empty("strength")).empty
    True
    """
    by = ["effective_bits", "upper_bound_bits", "weakest_component"]
    strengths = checked_table("strength", strengths, needs=[*CONNECTION, *by])
    known = strengths[[*CONNECTION, *by]].astype({"weakest_component": "str"})
    grouped = known.groupby(by, dropna=False)
    table = pd.DataFrame({"n_tunnels": grouped.size()})
    table["n_connections"] = known.drop_duplicates().groupby(by, dropna=False).size()
    table["share"] = table["n_tunnels"] / max(1, len(strengths))
    return schema.cast("strength_counts", table.reset_index())


def psk_bits(tunnels: pd.DataFrame, key_facts: pd.DataFrame | None) -> pd.Series:
    """Return the strength in bits of each tunnel's pre-shared key; null if unknown."""
    facts = schema.empty("key_facts") if key_facts is None else key_facts
    return facts_of(tunnels, facts, ["psk_bits"])["psk_bits"]


def facts_of(tunnels: pd.DataFrame, key_facts: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return columns of table ``key_facts``, one row per tunnel; null if the facts are missing."""
    at = find_rows(tunnels, _TUNNEL, key_facts, _TUNNEL)
    found = key_facts[columns].reset_index(drop=True)
    found = found.reindex(np.where(at < 0, len(key_facts), at))
    return found.reset_index(drop=True)


def _worth(tunnels: pd.DataFrame, column: str, of: str) -> Bits:
    """Return the strength in bits of each row's value in a column; NaN if unknown."""
    worth = {
        value: float(getattr(component, of))
        for value, component in components()[_COMPONENTS[column]].items()
    }
    codes, values = pd.factorize(tunnels[column])
    table = [worth.get(str(value), np.nan) for value in values]
    bits: Bits = np.array([*table, np.nan])[codes]  # a null has the code -1
    return bits


def _quantum(tunnels: pd.DataFrame, psk: Bits) -> Bits:
    """Return each tunnel's strength in bits against a quantum computer, which breaks DH.

    The strength is 0 except for IKEv1 with a pre-shared key, because its session keys also depend
    on that key.
    """
    cipher = _worth(tunnels, "ipsec_encryption", "quantum_bits")
    prf = _worth(tunnels, "ike_integrity", "quantum_bits")
    mixed = np.where(
        equals(tunnels["auth_method"], "certificate"), 0, _least(cipher, prf, np.floor(psk / 2))
    )
    is_unknown = tunnels["ike_version"].isna().to_numpy()
    with_version = np.where(equals(tunnels["ike_version"], 1), mixed, 0)
    return np.where(is_unknown, np.nan, with_version)


def _least(*parts: Bits) -> Bits:
    """Return the smallest strength in each row; NaN if any strength is NaN."""
    least: Bits = np.minimum.reduce(parts)
    return least


def _weakest(named: Mapping[str, Bits]) -> pd.Categorical:
    """Return the name of each row's weakest component, the first if several are equally weak."""
    known = np.where(np.isnan(parts := np.array(list(named.values()))), np.inf, parts)
    codes = np.where(np.isinf(known.min(axis=0)), -1, known.argmin(axis=0))
    return pd.Categorical.from_codes(codes, categories=list(named))


def _of_weakest(strengths: pd.DataFrame, ids: Positions) -> pd.Series:
    """Return the weakest component of a connection's weakest tunnel; unknown counts as strong."""
    bits = strengths["upper_bound_bits"].fillna(_MAX_BITS).to_numpy(np.int64)
    order = np.lexsort((strengths["tunnel_index"].to_numpy(np.int64), bits))
    _, first = np.unique(ids[order], return_index=True)
    return strengths["weakest_component"].iloc[order[first]].reset_index(drop=True)


def _not_approved_values() -> tuple[str, ...]:
    """Return a string ``column=value`` for every value that NIST does not approve."""
    return tuple(
        f"{column}={value}"
        for column, component in _COMPONENTS.items()
        for value, worth in components()[component].items()
        if not worth.is_approved
    )


def _united(lists: pd.Series, groups: Positions, *, n_groups: int) -> pa.Array:
    """Merge the lists of each group of rows into one list without repetitions."""
    chunk = split_column(lists)
    items, rows = pc.list_flatten(chunk), pc.list_parent_indices(chunk).to_numpy()
    known = _not_approved_values()
    others = sorted({*items.unique().to_pylist()} - {*known})
    values = pa.array([*known, *others], pa.large_string())
    codes = pc.index_in(items, value_set=values).to_numpy()
    owners, codes = np.divmod(np.unique(groups[rows] * len(values) + codes), len(values))
    ends = np.cumsum(np.bincount(owners, minlength=n_groups))
    sets = pa.ListArray.from_arrays(pa.array([0, *ends], pa.int32()), values.take(pa.array(codes)))
    return join_lists(sets)
