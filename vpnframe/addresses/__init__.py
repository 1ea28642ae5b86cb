"""Process CIDR blocks as numpy arrays of numbers, without DataFrames.

``cidr`` converts strings to numbers and back; ``nesting`` finds pairs of overlapping blocks;
``forest`` finds how blocks nest and the longest prefix of an address, without pairs; ``union``
finds the addresses that blocks cover or leave free; ``ranges`` lists the special address ranges.
"""

from __future__ import annotations
