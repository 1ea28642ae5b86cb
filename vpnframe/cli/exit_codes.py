"""The exit codes of all commands, and an error that has its own exit code."""

from __future__ import annotations

import enum

from vpnframe.errors import SettingsError


class ExitCode(enum.IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    FOUND = 3  # a collision, or what a --fail-on option asked for
    INCOMPLETE = 4  # the fleet was not read completely
    INTERRUPTED = 130


class SettingsFileError(SettingsError):
    """A settings file is wrong; the exit code is 2, as for a wrong option."""
