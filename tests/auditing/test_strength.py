"""How strong a tunnel is, held against a plain loop over every combination of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, islice, product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe import schema
from vpnframe.auditing.strength import (
    components,
    connection_strength,
    psk_bits,
    strength,
    strength_counts,
)
from vpnframe.errors import SchemaError
from vpnframe.schema.joined import split_text

# Literals of the model, written down apart from the file that the code reads.
ENC = {
    "des-cbc": 56, "3des-cbc": 112, "aes-128-cbc": 128, "aes-192-cbc": 192, "aes-256-cbc": 256,
    "sm4-cbc": 128,
}  # fmt: skip
PRF = {
    "hmac-md5": 128, "hmac-sha1": 128, "hmac-sha256": 256, "hmac-sha384": 384, "hmac-sha512": 512,
    "hmac-sm3": 256,
}  # fmt: skip
INTEG = {
    "hmac-md5": 96, "hmac-sha1": 96, "hmac-sha256": 128, "hmac-sha384": 192, "hmac-sha512": 256,
    "hmac-sm3": 128,
}  # fmt: skip
DH = {1: 70, 2: 80, 5: 97, 14: 112, 24: 112}
PRF_QUANTUM = {
    "hmac-md5": 64, "hmac-sha1": 80, "hmac-sha256": 128, "hmac-sha384": 192, "hmac-sha512": 256,
    "hmac-sm3": 128,
}  # fmt: skip
APPROVED = {
    "aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "hmac-sha1", "hmac-sha256", "hmac-sha384",
    "hmac-sha512", 14,
}  # fmt: skip
UNKNOWN_WORDS = (None, "rot13")
CIPHERS = (*ENC, *UNKNOWN_WORDS)
DIGESTS = (*PRF, *UNKNOWN_WORDS)
GROUPS = (*DH, None, 999)
VARIED = {
    "ike_encryption": CIPHERS,
    "ike_integrity": DIGESTS,
    "ike_dh_group": (*GROUPS, 0),
    "ipsec_encryption": CIPHERS,
    "ipsec_integrity": DIGESTS,
    "ipsec_pfs_group": (*GROUPS, 0),
}
CONTEXT = {
    "ike_version": (1, 2, None),
    "auth_method": ("psk", "certificate", "unknown"),
    "vpn_type": ("normal", "sm", None),
    "psk_bits": (None, 0, 63, 95, 112, 256),
}
Row = Mapping[str, Any]
BEST = {
    "ike_version": 2, "auth_method": "psk", "ike_encryption": "aes-256-cbc",
    "ike_integrity": "hmac-sha256", "ike_dh_group": 14, "ipsec_encryption": "aes-256-cbc",
    "ipsec_integrity": "hmac-sha256", "ipsec_pfs_group": 14, "psk_bits": 191,
}  # fmt: skip
DEFAULTS = BEST | {
    "ike_version": 1, "ike_encryption": "aes-128-cbc", "ike_integrity": "hmac-md5",
    "ike_dh_group": 2, "ipsec_encryption": "aes-128-cbc", "ipsec_integrity": "hmac-md5",
    "ipsec_pfs_group": 2, "psk_bits": 95,
}  # fmt: skip
EXAMPLE = DEFAULTS | {
    "ike_encryption": "des-cbc", "ipsec_encryption": "des-cbc", "ike_dh_group": 1,
    "ipsec_pfs_group": 1, "psk_bits": 0,
}  # fmt: skip


def least(*parts: float | None) -> float | None:
    """The smallest; None where one is."""
    return None if None in parts else min(part for part in parts if part is not None)


def judged(row: Row) -> dict[str, Any]:
    """The model as a scalar: what is expected of one tunnel."""
    is_sm, has_psk = row.get("vpn_type") == "sm", row["auth_method"] == "psk"
    dh = None if is_sm else DH.get(row["ike_dh_group"])
    pfs = None if is_sm else 0 if row["ipsec_pfs_group"] == 0 else DH.get(row["ipsec_pfs_group"])
    esp, prf = ENC.get(row["ipsec_encryption"]), PRF.get(row["ike_integrity"])
    psk = row["psk_bits"] if has_psk else None
    confidentiality = least(esp, dh, prf)
    authentication = None if row["auth_method"] == "certificate" else least(psk, prf)
    is_certified = row["auth_method"] == "certificate"
    named = {"psk": psk, "ike_dh_group": dh, "ipsec_encryption": esp, "ike_integrity": prf}
    known = {name: bits for name, bits in named.items() if bits is not None}
    return {
        "effective_bits": confidentiality
        if is_certified
        else least(confidentiality, authentication),
        "upper_bound_bits": min(known.values(), default=None),
        "weakest_component": min(known, key=lambda name: known[name], default=None),
        "confidentiality_bits": confidentiality,
        "authentication_bits": authentication,
        "forward_secrecy_bits": pfs,
        "control_bits": least(ENC.get(row["ike_encryption"]), dh, prf),
        "integrity_bits": INTEG.get(row["ipsec_integrity"]),
        "quantum_bits": quantum(row, psk),
        "not_approved": not_approved(row, is_sm=is_sm),
    }


def quantum(row: Row, psk: float | None) -> float | None:
    """Without DH, only the key that IKEv1 mixes in is left."""
    if row["ike_version"] != 1:
        return None if row["ike_version"] is None else 0
    if row["auth_method"] == "certificate":
        return 0
    cipher = ENC.get(row["ipsec_encryption"])
    prf = PRF_QUANTUM.get(row["ike_integrity"])
    return least(cipher and cipher // 2, prf, None if psk is None else psk // 2)


def not_approved(row: Row, *, is_sm: bool) -> list[str]:
    """Columns with a known value that NIST does not approve, in any order."""
    known = {*ENC, *PRF, *DH}
    return sorted(
        f"{name}={row[name]}"
        for name in VARIED
        if row[name] in known - APPROVED and not (is_sm and name.endswith("group"))
    )


def tables(rows: Sequence[Row]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tunnels and key facts; every row is a connection of its own unless it says otherwise."""
    full = [
        {"vpn_connection_id": f"vco-{n}", "tunnel_index": 1} | row for n, row in enumerate(rows)
    ]
    names = dict.fromkeys(name for row in full for name in row)
    frame = pd.DataFrame(
        {name: pd.Series([row.get(name) for row in full], dtype="object") for name in names}
    )
    return schema.cast("tunnels", frame), schema.cast("key_facts", frame)


def judge(rows: Sequence[Row]) -> pd.DataFrame:
    """The table of what is under test."""
    tunnels, facts = tables(rows)
    return strength(tunnels, key_facts=facts)


def values_of(table: pd.DataFrame, name: str) -> list[Any]:
    """A column as plain values; lists sorted."""
    if name == "not_approved":
        return [sorted(split_text(one)) for one in table[name]]
    column = table[name].astype("object")
    return [None if value is None else value for value in column.where(column.notna(), None)]


def assert_as_judged(rows: Sequence[Row]) -> None:
    """The vectorised table equals the scalar model in every column of every row."""
    wanted = [judged(row) for row in rows]
    table = judge(rows)
    schema.validate("strength", table)
    for name in wanted[0]:
        assert values_of(table, name) == [row[name] for row in wanted], name


def drawn(names: Sequence[str]) -> st.SearchStrategy[Row]:
    """Rows with any of the values."""
    every = VARIED | CONTEXT
    return st.fixed_dictionaries({name: st.sampled_from(every[name]) for name in names})


@pytest.mark.slow
def test_every_combination_of_crypto_values_is_judged_as_by_hand() -> None:
    """Nulls and unknown words among them; version, method and key go round beside them."""
    combinations = list(product(*VARIED.values()))
    assert len(combinations) > 200_000
    contexts = islice(cycle(product(*CONTEXT.values())), len(combinations))
    assert_as_judged(
        [
            dict(zip((*VARIED, *CONTEXT), (*values, *context), strict=True))
            for values, context in zip(combinations, contexts, strict=True)
        ]
    )


def test_every_context_is_judged_as_by_hand() -> None:
    """Each version, method, kind of gateway and key on a few proposals."""
    contexts = [dict(zip(CONTEXT, values, strict=True)) for values in product(*CONTEXT.values())]
    assert_as_judged([base | context for base in (BEST, DEFAULTS, EXAMPLE) for context in contexts])


@given(st.lists(drawn([*VARIED, *CONTEXT]), min_size=1, max_size=8))
def test_any_fleet_is_judged_as_by_hand(rows: list[Row]) -> None:
    """Rows do not look at each other."""
    assert_as_judged(rows)


@pytest.mark.parametrize(
    ("row", "bits", "weakest"),
    [
        (DEFAULTS, 80, "ike_dh_group"),
        (BEST, 112, "ike_dh_group"),
        (EXAMPLE, 0, "psk"),
    ],
    ids=["API defaults, random key", "the best offered", "published example"],
)
def test_the_check_values(row: Row, bits: int, weakest: str) -> None:
    """Those that the model is published with."""
    (found,) = judge([row]).to_dict("records")
    assert (found["effective_bits"], found["weakest_component"]) == (bits, weakest)


NUMBERS = [name for name in schema.find("strength").names if name.endswith("_bits")]
# Each component's values from weak to strong.
RISING: Mapping[str, Sequence[Any]] = {
    "ike_encryption": ["des-cbc", "3des-cbc", "aes-256-cbc"],
    "ike_integrity": sorted(PRF, key=lambda value: (PRF[value], PRF_QUANTUM[value])),
    "ike_dh_group": sorted(DH, key=lambda value: DH[value]),
    "ipsec_encryption": sorted(ENC, key=lambda value: ENC[value]),
    "ipsec_integrity": ["hmac-md5", "hmac-sha256"],
    "ipsec_pfs_group": [0, *sorted(DH, key=lambda value: DH[value])],
    "psk_bits": [0, 63, 95, 112, 256],
}


@pytest.fixture(scope="module")
def grid() -> Mapping[str, np.ndarray[Any, Any]]:
    """Every known combination under both versions: an axis for each component, one for these."""
    columns = [*RISING, "ike_version"]
    rows = [
        dict(zip(columns, values, strict=True)) | {"auth_method": "psk"}
        for values in product(*RISING.values(), (1, 2))
    ]
    table, shape = judge(rows), [*map(len, RISING.values()), 2]
    return {name: table[name].to_numpy(dtype="float64").reshape(shape) for name in NUMBERS}


@pytest.mark.parametrize("name", RISING)
def test_a_stronger_part_never_lowers_anything(
    name: str, grid: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Of any component, in any column of bits: PFS on is never worse than off."""
    axis = list(RISING).index(name)
    assert all((np.diff(bits, axis=axis) >= 0).all() for bits in grid.values())
    assert any((np.diff(bits, axis=axis) > 0).any() for bits in grid.values())


def test_pfs_bounds_forward_secrecy_alone(grid: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Child keys need the IKE SA's secret, too: without PFS they are as strong."""
    axis = list(RISING).index("ipsec_pfs_group")
    moved = {name for name, bits in grid.items() if np.diff(bits, axis=axis).any()}
    assert moved == {"forward_secrecy_bits"}


def test_without_key_facts_there_is_an_upper_bound_alone() -> None:
    """A certificate needs no key."""
    tunnels, _ = tables([BEST, BEST | {"auth_method": "certificate"}])
    for facts in (None, schema.empty("key_facts")):
        table = strength(tunnels, key_facts=facts)
        assert values_of(table, "effective_bits") == [None, 112]
        assert values_of(table, "upper_bound_bits") == [112, 112]


def test_key_facts_are_found_by_the_whole_key() -> None:
    """Also where account and region are null; of other connections nothing is taken."""
    tunnels, _ = tables([BEST, BEST | {"account_id": "1"}, BEST | {"region_id": "r"}])
    facts = schema.cast(
        "key_facts",
        pd.DataFrame(
            {
                "account_id": pd.array(["1", None, None], dtype="str"),
                "region_id": pd.array([None, None, "q"], dtype="str"),
                "vpn_connection_id": ["vco-1", "vco-0", "vco-2"],
                "tunnel_index": [1, 1, 1],
                "psk_bits": [50, 60, 70],
            }
        ),
    )
    assert psk_bits(tunnels, facts).astype("object").tolist() == [60, 50, pd.NA]


def test_two_rows_of_one_tunnel_are_refused() -> None:
    """Otherwise tunnels would become more."""
    tunnels, facts = tables([BEST])
    with pytest.raises(SchemaError, match="1 rows that repeat the key of another row"):
        strength(tunnels, key_facts=pd.concat([facts, facts]))


def test_an_empty_fleet_has_empty_tables() -> None:
    """All columns stand."""
    table = strength(schema.empty("tunnels"), key_facts=schema.empty("key_facts"))
    schema.validate("strength", table)
    schema.validate("connection_strength", connection_strength(table))
    schema.validate("strength_counts", strength_counts(table))
    assert len(table) + len(connection_strength(table)) + len(strength_counts(table)) == 0


PAIR = [{"vpn_connection_id": "vco-a", "tunnel_index": n} for n in (1, 2)]


def test_a_connection_is_as_strong_as_its_weakest_tunnel() -> None:
    """In every column by itself; the weakest tunnel names the part, and the lists are joined."""
    strong = BEST | {"vpn_connection_id": "vco-b"}
    table = judge([EXAMPLE | PAIR[0], strong, BEST | PAIR[1]])
    (weak, other) = connection_strength(table).to_dict("records")
    assert (weak["vpn_connection_id"], weak["n_tunnels"], other["n_tunnels"]) == ("vco-a", 2, 1)
    assert (weak["effective_bits"], weak["upper_bound_bits"]) == (0, 0)
    assert (weak["confidentiality_bits"], weak["integrity_bits"]) == (56, 96)
    assert weak["weakest_component"] == "psk"
    assert {*split_text(weak["not_approved"])} == {
        "ike_encryption=des-cbc",
        "ike_integrity=hmac-md5",
        "ike_dh_group=1",
        "ipsec_encryption=des-cbc",
        "ipsec_integrity=hmac-md5",
        "ipsec_pfs_group=1",
    }
    assert (other["effective_bits"], other["not_approved"]) == (112, "")


def test_what_is_unknown_of_one_tunnel_is_unknown_of_the_connection() -> None:
    """It can be no stronger than the one that is known."""
    unknown = BEST | {"psk_bits": None, "ipsec_encryption": "rot13"}
    table = judge([unknown | PAIR[0], DEFAULTS | PAIR[1]])
    (row,) = connection_strength(table).to_dict("records")
    assert pd.isna(row["effective_bits"])
    assert pd.isna(row["confidentiality_bits"])
    assert (row["upper_bound_bits"], row["weakest_component"]) == (80, "ike_dh_group")
    assert row["integrity_bits"] == 96


@given(st.lists(st.tuples(st.integers(0, 3), drawn([*VARIED, *CONTEXT])), min_size=1, max_size=9))
def test_connections_are_minima_of_their_tunnels(members: list[tuple[int, Row]]) -> None:
    """Held against a plain loop."""
    rows = [
        {**row, "vpn_connection_id": f"vco-{owner}", "tunnel_index": n}
        for n, (owner, row) in enumerate(members)
    ]
    own = {
        f"vco-{owner}": [judged(row) for o, row in members if o == owner] for owner, _ in members
    }
    table = connection_strength(judge(rows))
    schema.validate("connection_strength", table)
    assert table["vpn_connection_id"].tolist() == list(own)
    for name in judged(BEST):
        if name == "weakest_component":
            continue
        found = dict(zip(table["vpn_connection_id"], values_of(table, name), strict=True))
        for connection_id, tunnels in own.items():
            values = [tunnel[name] for tunnel in tunnels]
            if name == "not_approved":
                wanted: Any = sorted({token for value in values for token in value})
            elif name == "upper_bound_bits":
                wanted = min((value for value in values if value is not None), default=None)
            else:
                wanted = least(*values)
            assert found[connection_id] == wanted, name


def test_a_fleet_is_a_distribution() -> None:
    """Weakest first, unknown last; a connection counts once for each of its tunnels' strengths."""
    unknown = BEST | {"psk_bits": None}
    table = judge([BEST | PAIR[0], BEST | PAIR[1], EXAMPLE, unknown])
    counts = strength_counts(table)
    schema.validate("strength_counts", counts)
    assert values_of(counts, "effective_bits") == [0, 112, None]
    assert values_of(counts, "upper_bound_bits") == [0, 112, 112]
    assert values_of(counts, "weakest_component") == ["psk", "ike_dh_group", "ike_dh_group"]
    assert values_of(counts, "n_tunnels") == [1, 2, 1]
    assert values_of(counts, "n_connections") == [1, 1, 1]
    assert values_of(counts, "share") == [0.25, 0.5, 0.25]


def test_the_file_holds_the_model() -> None:
    """Every number that the code reads is the one that is written down here."""
    read = {name: {v: c.bits for v, c in worth.items()} for name, worth in components().items()}
    groups = {str(group): bits for group, bits in DH.items()}
    assert read == {"enc": ENC, "prf": PRF, "integ": INTEG, "dh": groups}
    approved = {v for worth in components().values() for v, c in worth.items() if c.is_approved}
    assert approved == {str(value) for value in APPROVED}
    quantum_bits = {value: one.quantum_bits for value, one in components()["prf"].items()}
    assert quantum_bits == PRF_QUANTUM
    assert all(one.quantum_bits == one.bits // 2 for one in components()["enc"].values())
    assert all(one.quantum_bits == 0 for one in components()["dh"].values())
