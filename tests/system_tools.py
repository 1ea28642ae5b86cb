"""Where the tools stand that Python does not bring; a test without its tool skips, or fails."""

from __future__ import annotations

import os
import shutil

import pytest

# Daemons are on nobody's path.
_ELSEWHERE = ("/usr/lib/ipsec", "/usr/libexec/ipsec", "/usr/sbin", "/sbin")


def find_tool(name: str) -> str:
    """The path of a tool; without it the test fails where all are required, and skips elsewhere."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(_ELSEWHERE))
    if path is None:
        give_up(f"{name} is missing: make system-tools installs it")
    assert path is not None
    return path


def give_up(reason: str) -> None:
    """Skip the test, or fail it where nothing may be skipped."""
    if os.environ.get("VPNFRAME_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
