"""CIDR blocks as numbers: numpy only, no frames.

``cidr`` turns text into numbers and back; ``nesting`` finds which blocks hold which, as pairs;
``forest`` how they stand under each other, without pairs; ``lookup`` which prefix is the longest.
"""

from __future__ import annotations
