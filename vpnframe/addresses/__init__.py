"""Compute with CIDR blocks as numpy arrays: parse, nest, compare and merge them."""

from __future__ import annotations
