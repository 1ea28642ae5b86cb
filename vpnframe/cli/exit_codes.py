"""Define the exit codes of all commands, and the error for which the exit code is USAGE."""

from __future__ import annotations

import enum

from vpnframe.errors import SettingsError


class ExitCode(enum.IntEnum):
    """Exit code of a command, which says how the command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    FOUND = 3  # a collision, or a finding for a --fail-on option
    INCOMPLETE = 4  # the fleet was not read completely
    INTERRUPTED = 130


class SettingsFileError(SettingsError):
    """A settings file is invalid; the exit code is 2, as for an invalid option."""
