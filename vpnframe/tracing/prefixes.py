"""Find how the CIDR blocks of a fleet nest, and the smallest one that contains each address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.forest import find_forest, find_holders, find_longest
from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.wide import Words

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Addresses:
    """n addresses, as text and as numbers; a missing address has family 0."""

    texts: list[str | None]
    family: npt.NDArray[np.uint8]
    # high, low: upper and lower 64 bits; IPv4 has all of it in ``low``
    high: Words
    low: Words

    def of_family(self, family: int) -> tuple[Codes, Blocks]:
        """Return the addresses of one family as blocks, and the position of each."""
        rows = np.flatnonzero(self.family == family)
        lengths = np.full(len(rows), 32 if family == 4 else 128, np.uint8)
        return rows, Blocks(self.low[rows], lengths, self.high[rows] if family == 6 else None)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """n CIDR blocks; the id of a block is the row of the first block that is equal to it."""

    parsed: ParsedCidrs
    # ids, lengths, by row: the block's id (-1 for a missing or invalid block) and prefix length
    ids: Codes
    lengths: Codes
    parents: list[int]  # by row: id of the smallest block strictly containing it, -1 for none

    @classmethod
    def read(cls, texts: list[str | None]) -> Prefixes:
        """Parse CIDR texts; missing and invalid ones get the id -1."""
        parsed = parse_cidrs(texts)
        ids, parents, lengths = np.full((3, len(texts)), -1)
        lengths[parsed.row] = parsed.prefix_length
        for family in (4, 6):
            rows, blocks = parsed.of_family(family)
            if len(rows):
                forest = find_forest(blocks)
                first = np.append(rows[forest.first_rows], -1)  # -1 is for no parent
                ids[rows] = forest.by_row(first[:-1])
                parents[rows] = forest.by_row(first[find_holders(forest)])
        return cls(parsed, ids, lengths, parents.tolist())

    def find_longest(self, addresses: Addresses) -> Codes:
        """Return the id of the smallest block that contains each address, -1 for none."""
        found = np.full(len(addresses.family), -1)
        for family in (4, 6):
            rows, blocks = self.parsed.of_family(family)
            asked, hosts = addresses.of_family(family)
            if len(rows) and len(asked):
                found[asked] = np.append(rows, -1)[find_longest(blocks, hosts)]
        return found

    def around(self, block: int) -> list[int]:
        """Return the ids of a block and of all blocks that contain it, the largest block first.

        Examples
        --------
        >>> prefixes = Prefixes.read(["10.1.0.0/16", "10.0.0.0/8", "10.1.0.0/16", "broken"])
        >>> prefixes.ids.tolist(), prefixes.around(0), prefixes.around(-1)
        ([0, 1, 0, -1], [1, 0], [])
        """
        found = []
        while block >= 0:
            found.append(block)
            block = self.parents[block]
        return found[::-1]

    def canonical_texts(self) -> dict[int, str]:
        """Return the canonical text of each valid block, by row."""
        parts = self.parsed
        texts = format_cidr(parts.high, parts.low, parts.family, parts.prefix_length)
        return dict(zip(parts.row.tolist(), texts, strict=True))
