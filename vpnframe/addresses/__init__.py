"""Process CIDR blocks as numpy arrays of numbers, without DataFrames.

``cidr`` converts text to numbers and back; ``nesting`` finds pairs of overlapping blocks;
``forest`` finds how blocks nest, without pairs; ``union`` finds the addresses that blocks cover or
leave free; ``lookup`` does longest-prefix match; ``ranges`` lists the special address ranges.
"""

from __future__ import annotations
