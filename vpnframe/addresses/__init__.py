"""Process CIDR blocks as numbers: numpy only, no DataFrames.

``cidr`` converts text to numbers and back; ``nesting`` finds overlapping blocks as pairs;
``forest`` finds how blocks nest, without pairs; ``union`` what they cover together and leave free;
``lookup`` does longest-prefix match; ``ranges`` contains the special ranges.
"""

from __future__ import annotations
