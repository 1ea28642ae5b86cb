"""The command line in a process of its own, as a user has it."""

from __future__ import annotations

import subprocess

from command_forks import shared_commands

FAST = {
    "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    "VPNFRAME_QUOTA": "DownloadVpnConnectionConfig=1000/1",
}


def vpnframe(*arguments, code=0, **environment):
    """Run a command; give what it printed, as bytes, after a look at its exit code."""
    done = shared_commands().run_bytes(*arguments, environment=FAST | environment)
    assert done[0] == code, done[2].decode()
    return subprocess.CompletedProcess(arguments, *done)


def keys_of(cloud):
    """The environment that points to an emulator."""
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.access_key_secret,
        "VPNFRAME_ENDPOINT": cloud.endpoint,
    }
