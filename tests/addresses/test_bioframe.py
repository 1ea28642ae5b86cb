"""Pairs and counts of IPv4 blocks are those of a library for intervals in general."""

from __future__ import annotations

import bioframe
import numpy as np
import pandas as pd
import pytest
from address_helpers import as_blocks, blocks_of, find_pairs
from hypothesis import given

from vpnframe.addresses.forest import count_overlaps
from vpnframe.addresses.ordering import Blocks

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # bioframe's, with pandas 3.1


def as_intervals(blocks: Blocks) -> pd.DataFrame:
    """Blocks as half-open intervals, a chromosome for each group."""
    start = blocks.first.astype(np.int64)
    size = np.int64(1) << (32 - blocks.prefix_length.astype(np.int64))
    chromosome = [f"group {group}" for group in blocks.groups]
    columns = {"chrom": pd.array(chromosome, dtype="str"), "start": start, "end": start + size}
    return pd.DataFrame(columns)


def theirs(blocks: Blocks) -> list[tuple[int, int]]:
    """Overlapping pairs by bioframe, each once, without a block and itself."""
    frame = as_intervals(blocks)
    found = bioframe.overlap(frame, frame, how="inner", return_index=True, return_input=False)
    pairs = zip(found["index"].tolist(), found["index_"].tolist(), strict=True)
    return sorted((left, right) for left, right in pairs if left < right)


def ours(blocks: Blocks) -> list[tuple[int, int]]:
    found = find_pairs(blocks.first, blocks.prefix_length, groups=blocks.groups)
    return sorted(zip(found.left.tolist(), found.right.tolist(), strict=True))


@given(blocks_of(32).filter(bool))
def test_pairs_of_small_lists(listed):
    """Chains, neighbours and repeated blocks in groups."""
    blocks = as_blocks(listed)
    assert ours(blocks) == theirs(blocks)


@pytest.mark.parametrize("n_groups", [1, 1_000])
def test_pairs_and_counts_of_many_blocks(n_groups):
    """Twenty thousand random blocks, all together and in groups."""
    rng = np.random.default_rng(n_groups)
    length = rng.integers(8, 33, 20_000).astype(np.uint8)
    shift = (32 - length).astype(np.uint64)
    first = rng.integers(0, 2**32, 20_000, dtype=np.uint64) >> shift << shift
    blocks = Blocks(first, length, None, rng.integers(0, n_groups, 20_000))
    assert ours(blocks) == theirs(blocks)
    frame = as_intervals(blocks)
    counts = count_overlaps(blocks)
    total = counts.n_equal + counts.n_contains + counts.n_within + 1  # theirs count itself
    assert total.tolist() == bioframe.count_overlaps(frame, frame)["count"].tolist()
