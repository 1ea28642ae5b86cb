"""Records packed on a shelf, and taken out again part by part."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.fetching import packed as store
from vpnframe.fetching.packed import PackedRecords, side_by_side
from vpnframe.model.records import (
    Attachment,
    End,
    Gateway,
    Note,
    Phases,
    Proposal,
    Region,
    Row,
    Statement,
    TunnelStatement,
)

RECORDS: list[Row] = [
    Region(region_id="cn-shanghai", endpoint="vpc.cn-shanghai.aliyuncs.com"),
    Gateway(gateway_id="cgw-1", kind="customer", asn=4_200_000_000, tags=("a=b", "ü=語")),
    Attachment(vpn_connection_id="vco-1", notes=(Note(field="X", message="is odd"),)),
    Statement(
        witness="download",
        vpn_connection_id="vco-2",
        is_dual=True,
        local_subnets=("10.0.0.0/8",),
        tunnels=(
            TunnelStatement(
                tunnel_id="tun-1",
                dpd_enabled=False,
                psk_state="present",
                phases=Phases(ike_version=2, ike=Proposal(dh_group=14), ipsec=Proposal(dh_group=0)),
                local=End(address="47.1.2.3", asn=45104),
            ),
        ),
    ),
]
ids = st.lists(st.text(max_size=4), unique=True, max_size=300)


def shelf_of(names: list[str]) -> PackedRecords:
    shelf = PackedRecords()
    for name in names:
        shelf.put(name, Region(region_id=name))
    return shelf


def everything(shelf: PackedRecords) -> dict[str, Row]:
    return {key: row for part in shelf.parts() for key, row in part.items()}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
@pytest.mark.parametrize("n", [1, store._BLOCK, store._BLOCK + 1])
def test_a_record_comes_back_equal(record: Row, n: int) -> None:
    """Of every kind, from an open block and from a packed one."""
    shelf = PackedRecords()
    for number in range(n):
        shelf.put(str(number), record)
    assert everything(shelf) == dict.fromkeys(map(str, range(n)), record)


@given(ids)
def test_nothing_is_lost_and_the_order_is_kept(names: list[str]) -> None:
    """Ids and records as they were put in, each once."""
    shelf = shelf_of(names)
    assert len(shelf) == len(names)
    assert list(shelf.ids()) == names
    assert list(everything(shelf).items()) == [(name, Region(region_id=name)) for name in names]


@given(ids)
def test_in_order_sorts_by_id_and_leaves_the_other_alone(names: list[str]) -> None:
    """As sorted() sorts text."""
    shelf = shelf_of(names)
    assert list(everything(shelf.in_order())) == sorted(names)
    assert list(shelf.ids()) == names


@given(ids, st.integers(1, 200))
def test_parts_have_a_size(names: list[str], size: int) -> None:
    """All but the last; none is empty, and none holds much more than a block beyond."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_PART", size)
        sizes = [len(part) for part in shelf_of(names).parts()]
    assert sum(sizes) == len(names)
    assert all(size <= n < size + store._BLOCK for n in sizes[:-1])
    assert 0 not in sizes


def test_packed_is_a_twentieth() -> None:
    """Many rows that are alike take little room."""
    shelf = PackedRecords()
    for number in range(10 * store._BLOCK):
        shelf.put(f"vco-{number}", RECORDS[-1])
    n_bytes = sum(map(len, shelf._blocks))
    assert n_bytes / len(shelf) < 60


@given(ids, ids, st.integers(1, 100))
def test_side_by_side_is_a_join_by_id(left: list[str], right: list[str], size: int) -> None:
    """Each id once, with what either side has of it, in order from part to part."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_BLOCK", 1)
        patch.setattr(store, "_PART", size)
        shelves = [shelf_of(names).in_order() for names in (left, right)]
        parts = list(side_by_side(*(shelf.parts() for shelf in shelves)))
    joined: dict[str, tuple[bool, bool]] = {}
    spans = []
    for ours, theirs in parts:
        keys = ours.keys() | theirs.keys()
        assert not joined.keys() & keys
        joined |= {key: (key in ours, key in theirs) for key in keys}
        spans.append((min(keys), max(keys)))
    assert joined == {key: (key in left, key in right) for key in {*left, *right}}
    assert all(before[1] < after[0] for before, after in pairwise(spans))
