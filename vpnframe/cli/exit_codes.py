"""The exit codes of every command."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    FOUND = 3  # a collision, or what a --fail-on option asked for
    INCOMPLETE = 4  # the fleet was not read completely
    INTERRUPTED = 130
