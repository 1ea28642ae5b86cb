"""The CIDR blocks of a fleet, how they nest, and the longest one around each address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.cidr import ParsedCidrs, format_cidr, parse_cidrs
from vpnframe.addresses.forest import find_forest, find_holders
from vpnframe.addresses.lookup import find_longest
from vpnframe.addresses.ordering import Blocks
from vpnframe.addresses.wide import Words

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Addresses:
    """n addresses, as given and as numbers; the family of a missing one is 0."""

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
    """n CIDR blocks. Equal ones share an id: the row of the first of them."""

    parsed: ParsedCidrs
    # ids, lengths, by row: the block's id (-1 for a missing or invalid block) and prefix length
    ids: Codes
    lengths: Codes
    parents: list[int]  # the id of the smallest block that strictly contains it, -1 for none

    @classmethod
    def read(cls, texts: list[str | None]) -> Prefixes:
        """Parse CIDR text; missing and invalid values have no block."""
        parsed = parse_cidrs(texts)
        ids, parents, lengths = np.full((3, len(texts)), -1)
        lengths[parsed.row] = parsed.prefix_length
        for family in (4, 6):
            rows, blocks = parsed.of_family(family)
            if len(rows):
                forest = find_forest(blocks)
                first = np.append(rows[forest.first_rows], -1)  # the last is for no parent
                ids[rows] = forest.by_row(first[:-1])
                parents[rows] = forest.by_row(first[find_holders(forest)])
        return cls(parsed, ids, lengths, parents.tolist())

    def find_longest(self, addresses: Addresses) -> Codes:
        """Return the id of the longest block that contains each address, -1 for none."""
        found = np.full(len(addresses.family), -1)
        for family in (4, 6):
            rows, blocks = self.parsed.of_family(family)
            asked, hosts = addresses.of_family(family)
            if len(rows) and len(asked):
                found[asked] = np.append(rows, -1)[find_longest(blocks, hosts).first]
        return found

    def around(self, block: int) -> list[int]:
        """Return the ids of a block and of all that contain it, from the largest to the smallest.

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
        """Return each valid block as text, by row."""
        parts = self.parsed
        texts = format_cidr(parts.high, parts.low, parts.family, parts.prefix_length)
        return dict(zip(parts.row.tolist(), texts, strict=True))
