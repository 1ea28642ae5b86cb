"""Find how the CIDR blocks of a fleet nest, and the smallest block around an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.forest import find_forest, find_holders, find_longest
from vpnframe.schema.codes import Codes


@dataclass(frozen=True, slots=True)
class Prefixes:
    """n CIDR blocks; the id of a block is the row of the first block that is equal to it."""

    parsed: ParsedCidrs
    # ids, lengths, by row: the block's id (-1 for a missing or invalid block) and prefix length
    ids: Codes
    lengths: Codes
    parents: list[int]  # by row: id of the smallest block strictly containing it, -1 for none

    @classmethod
    def read(cls, texts: Sequence[str | None]) -> Prefixes:
        """Parse CIDR strings: equal blocks get the same id, invalid and missing strings -1."""
        parsed = parse_cidrs(texts)
        ids, parents, lengths = np.full((3, len(texts)), -1)
        lengths[parsed.row] = parsed.prefix_length
        for rows, blocks in parsed.by_family():
            if len(rows):
                forest = find_forest(blocks)
                first = np.append(rows[forest.first_rows], -1)  # -1 is for no parent
                ids[rows] = forest.by_row(first[:-1])
                parents[rows] = forest.by_row(first[find_holders(forest)])
        return cls(parsed, ids, lengths, parents.tolist())

    def find_longest(self, addresses: ParsedCidrs, n: int) -> Codes:
        """Return the id of the smallest block around each of the ``n`` addresses, -1 for none."""
        found = np.full(n, -1)
        for rows, blocks in self.parsed.by_family():
            packets, hosts = addresses.of_family(blocks.family)
            if len(rows) and len(packets):
                found[packets] = np.append(rows, -1)[find_longest(blocks, hosts)]
        return found

    def around(self, block: int) -> list[int]:
        """Return the ids of a block and of all blocks that contain it, the largest block first."""
        found = []
        while block >= 0:
            found.append(block)
            block = self.parents[block]
        return found[::-1]

    def canonical_texts(self) -> dict[int, str]:
        """Map the row of each valid block to the block's canonical string."""
        return dict(zip(self.parsed.row.tolist(), self.parsed.texts(), strict=True))
