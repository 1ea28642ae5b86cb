"""An emulator in a process of its own, for the benchmarks."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from vpnframe.cloud.actions import ACTIONS, Limit
from vpnframe.cloud.signing import Credentials

NO_LIMITS = {name: Limit(10**9) for name in ACTIONS}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator."""

    endpoint: str
    access_key_id: str
    access_key_secret: str
    ca_file: str | None

    @property
    def credentials(self) -> Credentials:
        """As our side takes them."""
        return Credentials(self.access_key_id, self.access_key_secret)


@contextlib.contextmanager
def emulator(*, connections: int, regions: int, is_tls: bool = False) -> Iterator[Emulator]:
    """Run an emulator in its own process, without quotas."""
    options = ["--no-quota", "--connections", str(connections), "--regions", str(regions)]
    command = [sys.executable, "-m", "vpnframe", "emulator", *options]
    command += ["--tls"] * is_tls
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  this package
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        try:
            yield Emulator(
                line["endpoint"],
                line["access_key_id"],
                line["access_key_secret"],
                line.get("ca_file"),
            )
        finally:
            process.terminate()
