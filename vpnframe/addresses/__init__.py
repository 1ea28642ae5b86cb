"""CIDR blocks as numbers: numpy only, no frames.

``cidr`` turns text into numbers and back; ``nesting`` finds which blocks hold which.
"""

from __future__ import annotations
