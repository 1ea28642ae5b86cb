"""Memory that was freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vpnframe.schema.columns import make_column
from vpnframe.schema.memory import give_back_memory

FREED = """
from pathlib import Path
import numpy as np
from vpnframe.schema.memory import give_back_memory

def resident_kib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

held = [np.ones(5_000) for _ in range(2_000)]  # 80 MB in pieces
kept, held = held[::100], None
before = resident_kib()
give_back_memory()
print(before - resident_kib())
"""


def test_what_is_in_use_stays() -> None:
    """At any time."""
    column = make_column("text", ["a"] * 1000)
    give_back_memory()
    assert column.tolist() == ["a"] * 1000


@pytest.mark.skipif(
    not Path("/proc/self/status").exists() or platform.libc_ver()[0] != "glibc",
    reason="only glibc can be told to, and resident pages are read from /proc",
)
def test_what_was_freed_goes_back() -> None:
    """Also from between pieces that stay."""
    command = [sys.executable, "-c", FREED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 60_000
