"""CIDR blocks as numbers: numpy only, no frames.

``cidr`` turns text into numbers and back; ``nesting`` finds which blocks hold which, as pairs;
``forest`` how they stand under each other, without pairs; ``union`` what they cover together and
leave free; ``lookup`` which prefix is the longest; ``ranges`` names the special ranges.
"""

from __future__ import annotations
