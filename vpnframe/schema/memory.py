"""Freed memory, given back to the system."""

from __future__ import annotations

import ctypes
import sys

import pyarrow as pa


def give_back_memory() -> None:
    """Give freed memory back to the system: allocators keep it for the process otherwise.

    It takes some milliseconds where there is much of it. What is in use stays as it is.

    References
    ----------
    malloc_trim(3) of glibc, where there is one; ``MemoryPool.release_unused`` of Arrow.
    """
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
