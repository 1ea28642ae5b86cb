"""Strength of a tunnel: the security strength in bits of its weakest component.

A child SA's keys depend on the IKE SA's secret and, with PFS, on a separate DH exchange. So neither
PFS nor the IKE cipher can lower confidentiality. A pre-shared key that can be guessed compromises
the whole tunnel. ``strength.csv`` lists the bits of each algorithm value.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe import schema
from vpnframe.auditing.joining import find_rows
from vpnframe.auditing.logic import by_kind, equals
from vpnframe.schema.checked import checked_table

Bits = npt.NDArray[np.float64]  # NaN if unknown
Whole = npt.NDArray[np.int64]

CONNECTION_KEY = ("account_id", "region_id", "vpn_connection_id")
TUNNEL_KEY = (*CONNECTION_KEY, "tunnel_index")
# The component in strength.csv for each column. The IKE integrity algorithm is also the PRF.
_COMPONENTS = MappingProxyType(
    {
        "ike_encryption": "enc",
        "ike_integrity": "prf",
        "ike_dh_group": "dh",
        "ipsec_encryption": "enc",
        "ipsec_integrity": "integ",
        "ipsec_pfs_group": "dh",
    }
)
_MINIMA = (
    "effective_bits",
    "confidentiality_bits",
    "authentication_bits",
    "forward_secrecy_bits",
    "control_bits",
    "integrity_bits",
    "quantum_bits",
)
# If several components are equally weak, the first in this order (easiest to fix) is named.
_NAMED = ("psk", "ike_dh_group", "ipsec_encryption", "ike_integrity")
_MAX_BITS = 32_767
_NEEDED = (*TUNNEL_KEY, "tunnel_id", "vpn_type", "auth_method", "ike_version", *_COMPONENTS)


@dataclass(frozen=True, slots=True)
class Component:
    """The strength of one algorithm value."""

    bits: int  # against classical computers
    quantum_bits: int  # against a quantum computer
    is_approved: bool  # whether NIST approves it


@cache
def components() -> Mapping[str, Mapping[str, Component]]:
    """Return the strength of every algorithm value, by component and value; read the file once.

    Examples
    --------
    >>> components()["dh"]["14"].bits, components()["prf"]["hmac-md5"].is_approved
    (112, False)
    """
    return parse_components(files(__package__).joinpath("strength.csv").read_text(encoding="utf-8"))


def parse_components(text: str) -> Mapping[str, Mapping[str, Component]]:
    """Parse the text of ``strength.csv``, without the rows whose bits are ``inherit``."""
    found: dict[str, dict[str, Component]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["bits"] != "inherit":
            worth = Component(
                int(row["bits"]), int(row["quantum_bits"]), row["nist_approved"] == "1"
            )
            found.setdefault(row["component"], {})[row["value"]] = worth
    return MappingProxyType({name: MappingProxyType(worth) for name, worth in found.items()})


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
        key_facts = checked_table("key_facts", key_facts, needs=(*TUNNEL_KEY, "psk_bits"))
    return strength_of(tunnels, psk_bits(tunnels, key_facts))


def strength_of(tunnels: pd.DataFrame, key_bits: pd.Series) -> pd.DataFrame:
    """Return the ``strength`` table of tunnels; ``key_bits`` are those of their pre-shared keys."""
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
    named = {name: psk if name == "psk" else bits[name] for name in _NAMED}
    values = {
        "effective_bits": np.where(
            has_key, _least(confidentiality, authentication), confidentiality
        ),
        "upper_bound_bits": np.fmin.reduce(list(named.values())),
        "confidentiality_bits": confidentiality,
        "authentication_bits": authentication,
        "forward_secrecy_bits": np.where(
            equals(tunnels["ipsec_pfs_group"], 0), 0, bits["ipsec_pfs_group"]
        ),
        "control_bits": _least(bits["ike_encryption"], bits["ike_dh_group"], prf),
        "integrity_bits": bits["ipsec_integrity"],
        "quantum_bits": _quantum(tunnels, psk),
    }
    table = tunnels[[*TUNNEL_KEY, "tunnel_id"]].reset_index(drop=True)
    table = table.assign(
        **{name: pd.Series(found).astype("Int16") for name, found in values.items()}
    )
    table["weakest_component"] = _weakest(named)
    table["not_approved"] = by_kind((tunnels[name] for name in _COMPONENTS), _not_approved)
    return schema.cast("strength", table)


def connection_strength(strengths: pd.DataFrame) -> pd.DataFrame:
    """Return how strong each connection is: as strong as its weakest tunnel.

    Parameters
    ----------
    strengths : DataFrame
        The ``strength`` table.

    Returns
    -------
    DataFrame
        The ``connection_strength`` table, connections in the order of their first tunnels. Except
        for the upper bound, a value is unknown if it is unknown for any tunnel.

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
    keys = list(CONNECTION_KEY)
    ids = strengths.groupby(keys, dropna=False, sort=False).ngroup().to_numpy()
    grouped = strengths.groupby(ids)
    table = strengths.drop_duplicates(keys)[keys].reset_index(drop=True)
    table["n_tunnels"] = grouped.size()
    least, n_known = grouped[[*_MINIMA]].min(), grouped[[*_MINIMA]].count()
    table[[*_MINIMA]] = least.where(n_known.eq(table["n_tunnels"], axis="index"))
    table["upper_bound_bits"] = grouped["upper_bound_bits"].min()
    table["weakest_component"] = _of_weakest(strengths, ids)
    masks, tokens = _masks(strengths["not_approved"])
    united = np.zeros(len(table), np.int64)
    np.bitwise_or.at(united, ids, masks)
    table["not_approved"] = _as_lists(united, tokens)
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
    strengths = checked_table("strength", strengths, needs=[*CONNECTION_KEY, *by])
    known = strengths[[*CONNECTION_KEY, *by]].astype({"weakest_component": "str"})
    grouped = known.groupby(by, dropna=False)
    table = pd.DataFrame({"n_tunnels": grouped.size()})
    table["n_connections"] = known.drop_duplicates().groupby(by, dropna=False).size()
    table["share"] = table["n_tunnels"] / max(1, len(strengths))
    return schema.cast("strength_counts", table.reset_index())


def psk_bits(tunnels: pd.DataFrame, key_facts: pd.DataFrame | None) -> pd.Series:
    """Return the bits of each tunnel's pre-shared key; null if unknown."""
    facts = schema.empty("key_facts") if key_facts is None else key_facts
    return facts_of(tunnels, facts, ["psk_bits"])["psk_bits"]


def facts_of(tunnels: pd.DataFrame, key_facts: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the given columns of table ``key_facts`` for each tunnel; null if unknown."""
    at = find_rows(tunnels, TUNNEL_KEY, key_facts, TUNNEL_KEY)
    found = key_facts[columns].reset_index(drop=True)
    found = found.reindex(np.where(at < 0, len(key_facts), at))
    return found.reset_index(drop=True)


def _worth(tunnels: pd.DataFrame, column: str, of: str) -> Bits:
    """Return the security strength in bits of each value of a column; NaN if unknown."""
    worth = {
        value: float(getattr(component, of))
        for value, component in components()[_COMPONENTS[column]].items()
    }
    codes, values = pd.factorize(tunnels[column])
    table = [worth.get(str(value), np.nan) for value in values]
    bits: Bits = np.array([*table, np.nan])[codes]  # a null has the code -1
    return bits


def _quantum(tunnels: pd.DataFrame, psk: Bits) -> Bits:
    """Return bits against quantum computers: DH adds none; IKEv1 mixes in the PSK (RFC 8784)."""
    cipher = _worth(tunnels, "ipsec_encryption", "quantum_bits")
    prf = _worth(tunnels, "ike_integrity", "quantum_bits")
    mixed = np.where(
        equals(tunnels["auth_method"], "certificate"), 0, _least(cipher, prf, np.floor(psk / 2))
    )
    is_unknown = tunnels["ike_version"].isna().to_numpy()
    with_version = np.where(equals(tunnels["ike_version"], 1), mixed, 0)
    return np.where(is_unknown, np.nan, with_version)


def _least(*parts: Bits) -> Bits:
    """Return the smallest of several strengths in each row; NaN if one of them is NaN."""
    least: Bits = np.minimum.reduce(parts)
    return least


def _weakest(named: Mapping[str, Bits]) -> pd.Categorical:
    """Return the name of the weakest part in each row, the first of equal ones; null if unknown."""
    known = np.where(np.isnan(parts := np.array(list(named.values()))), np.inf, parts)
    codes = np.where(np.isinf(known.min(axis=0)), -1, known.argmin(axis=0))
    return pd.Categorical.from_codes(codes, categories=list(named))


def _of_weakest(strengths: pd.DataFrame, ids: Whole) -> pd.Series:
    """Return the weakest component of each connection's weakest tunnel; unknown bounds rank last.

    If several tunnels are equally weak, the first one counts.
    """
    bits = strengths["upper_bound_bits"].fillna(_MAX_BITS).to_numpy(np.int64)
    order = np.lexsort((strengths["tunnel_index"].to_numpy(np.int64), bits))
    _, first = np.unique(ids[order], return_index=True)
    return strengths["weakest_component"].iloc[order[first]].reset_index(drop=True)


def _not_approved_values() -> list[tuple[str, str]]:
    """Return every pair of column and value that NIST does not approve."""
    return [
        (column, value)
        for column, component in _COMPONENTS.items()
        for value, worth in components()[component].items()
        if not worth.is_approved
    ]


def _not_approved(*values: object) -> list[str]:
    """Return ``column=value`` for each value of a tunnel that NIST does not approve."""
    pairs = zip(_COMPONENTS, map(str, values), strict=True)
    poor = _not_approved_values()
    return [f"{column}={value}" for column, value in pairs if (column, value) in poor]


def _masks(lists: pd.Series) -> tuple[Whole, list[str]]:
    """Convert lists of ``column=value`` to bit masks; return these and the token of each bit."""
    codes, different = pd.factorize(lists.list.flatten().astype("str"), sort=True)
    known = [f"{column}={value}" for column, value in _not_approved_values()]
    tokens = [*known, *(str(token) for token in different if token not in known)]
    codes = np.array([tokens.index(token) for token in different], np.int64)[codes]
    lengths = lists.list.len().fillna(0).to_numpy(dtype="int64")
    masks = np.zeros(len(lists), dtype=np.int64)
    np.bitwise_or.at(masks, np.repeat(np.arange(len(lists)), lengths), 1 << codes)
    return masks, tokens


def _as_lists(masks: Whole, tokens: list[str]) -> pd.Series:
    """Convert bit masks to lists of tokens, each distinct mask only once."""
    different, positions = np.unique(masks, return_inverse=True)
    lists = [
        [token for bit, token in enumerate(tokens) if mask >> bit & 1]
        for mask in different.tolist()
    ]
    return pd.Series([lists[i] for i in positions.tolist()], dtype="object")
