"""strongSwan's own daemon in a network, a mount and a process namespace of a test's own.

Nothing of the machine is touched: the daemon sees its own loopback, its own ``/run`` and the files
that the test gives it. When the test ends, however it ends, the namespace's first process reads
the end of its standard input, and the kernel ends all that runs in it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from system_tools import find_tool, give_up

from vpnframe.peers.options import CONN, CONN_OTHERS

_PLUGINS = (
    "random nonce aes sha1 sha2 md5 hmac kdf drbg gmp openssl gcm xcbc pem pkcs1 x509 pubkey "
    "kernel-libipsec kernel-netlink socket-default vici stroke updown"
)
_SETTINGS = """
charon {{
  load = {plugins}
  install_routes = no
  retransmit_tries = 2
  retransmit_timeout = 2
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins {{
    vici {{
      socket = unix://{folder}/vici
    }}
    stroke {{
      secrets_file = {folder}/ipsec.secrets
    }}
  }}
  filelog {{
    log {{
      path = {folder}/log
      flush_line = yes
      default = 1
      cfg = 2
    }}
  }}
}}
swanctl {{
  load = random
}}
"""
_START_S = 10.0


@dataclass
class Namespace:
    """Namespaces that live as long as their first process.

    Parameters
    ----------
    pid : int
        Of that process, as the machine counts.
    """

    pid: int

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command inside."""
        done = subprocess.run(
            [*self._enter("-n", "-m"), *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def start(
        self,
        *command: str,
        environment: dict[str, str],
        stderr: int | IO[bytes] = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a command inside."""
        return subprocess.Popen(
            [*self._enter("-n", "-m", "-p"), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )

    def _enter(self, *kinds: str) -> list[str]:
        return [find_tool("nsenter"), "-t", str(self.pid), *kinds]


@contextmanager
def namespace() -> Iterator[Namespace]:
    """Open namespaces, with a loopback and an empty ``/run``."""
    unshare = find_tool("unshare")
    setup = "mount -t tmpfs tmpfs /run && echo up && exec cat"
    process = subprocess.Popen(
        [unshare, "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", setup],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        if process.stdout.readline() != "up\n":
            process.kill()
            give_up("no namespaces can be made here: run as root")
        first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        inside = Namespace(int(first))
        inside.run("ip", "link", "set", "lo", "up")
        yield inside
        process.kill()


@dataclass
class Charon:
    """A running daemon.

    Parameters
    ----------
    folder : Path
        Its files: ``log``, the ``vici`` socket, ``ipsec.secrets``.
    inside : Namespace
        Where it runs.
    """

    folder: Path
    inside: Namespace
    read_to: int = field(default=0)

    def swanctl(self, *arguments: str) -> str:
        """Ask it something; what it printed, whether it worked or not."""
        environment = os.environ | {"STRONGSWAN_CONF": str(self.folder / "strongswan.conf")}
        done = subprocess.run(
            [find_tool("swanctl"), *arguments, "--uri", f"unix://{self.folder}/vici"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout + done.stderr

    def load(self, text: str) -> str:
        """Give it a swanctl.conf; what swanctl says of each connection and each secret."""
        path = self.folder / "swanctl.conf"
        path.write_text(text, encoding="utf-8")
        return self.swanctl("--load-creds", "--clear", "--noprompt", "--file", str(path)) + (
            self.swanctl("--load-conns", "--file", str(path))
        )

    def new_log(self) -> list[str]:
        """What it logged since this was asked last, without thread and subsystem."""
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        lines = text[self.read_to :].splitlines()
        self.read_to = len(text)
        return [re.sub(r"^[^\[]*\[[A-Z]{3}\] ?", "", line) for line in lines]


@contextmanager
def charon(folder: Path, inside: Namespace) -> Iterator[Charon]:
    """Start the daemon."""
    write_settings(folder)
    process = inside.start(find_tool("charon"), environment=_environment(folder))
    try:
        wait_for(folder / "vici")
        yield Charon(folder, inside)
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass
class Starter(Charon):
    """A daemon that the older starter gave its connections; see :func:`starter`."""

    process_id: int = 0
    n_loads: int = 0

    def load(self, text: str) -> bool:
        """Give it an ipsec.conf; whether the starter could read it."""
        self.n_loads += 1
        mark = f"mark-{self.n_loads}"
        said = self.folder / "starter.log"
        known_to = said.stat().st_size
        # The last connection of the file is the last that is loaded. It inherits nothing.
        names = CONN | CONN_OTHERS.keys() - {"also"}
        emptied = "".join(f"\t{name}=\n" for name in sorted(names))
        last = f"\nconn {mark}\n{emptied}\tright=203.0.113.9\n\tikelifetime=77m\n\tauto=add\n"
        (self.folder / "ipsec.conf").write_text(text + last, encoding="utf-8")
        os.kill(self.process_id, signal.SIGUSR1)
        ends = time.monotonic() + _START_S
        while time.monotonic() < ends:
            if "keeping old one" in said.read_text(errors="replace")[known_to:]:
                return False
            if f"added configuration '{mark}'" in (self.folder / "log").read_text(errors="replace"):
                return True
            time.sleep(0.005)
        raise AssertionError("the starter said nothing")


@contextmanager
def starter(folder: Path, inside: Namespace) -> Iterator[Starter]:
    """Start the older starter, which reads ipsec.conf and starts the daemon itself."""
    write_settings(folder)
    path = folder / "ipsec.conf"
    path.write_text("conn none\n")
    with (folder / "starter.log").open("wb") as said:
        command = (find_tool("starter"), "--nofork", "--conf", str(path))
        process = inside.start(*command, environment=_environment(folder), stderr=said)
    try:
        wait_for(folder / "vici")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        yield Starter(folder, inside, process_id=int(children.split()[0]))
    finally:
        process.terminate()
        process.wait(timeout=30)


def write_settings(folder: Path) -> None:
    """Write the daemon's own settings, and no secrets."""
    (folder / "strongswan.conf").write_text(_SETTINGS.format(folder=folder, plugins=_PLUGINS))
    (folder / "ipsec.secrets").touch()
    for name in ("vici", "log"):
        (folder / name).unlink(missing_ok=True)


def wait_for(path: Path) -> None:
    """Wait until a daemon has made a file."""
    ends = time.monotonic() + _START_S
    while not path.exists():
        assert time.monotonic() < ends, f"{path.name} did not appear"
        time.sleep(0.01)


@contextmanager
def two_charons(
    folder: Path, addresses: Sequence[str], loopbacks: Sequence[str]
) -> Iterator[tuple[Charon, Charon]]:
    """Start two daemons in namespaces of their own, with a cable between them.

    Each has an address on the cable, and on its loopback those to which selectors may lead.
    """
    with ExitStack() as stack:
        spaces = [stack.enter_context(namespace()) for _ in addresses]
        spaces[0].run("ip", "link", "add", "cable", "type", "veth", "peer", "name", "other")
        spaces[0].run("ip", "link", "set", "other", "netns", str(spaces[1].pid))
        ends = []
        for name, space, address in zip(("cable", "other"), spaces, addresses, strict=True):
            space.run("ip", "addr", "add", f"{address}/24", "dev", name)
            space.run("ip", "link", "set", name, "up")
            for loopback in loopbacks:
                space.run("ip", "addr", "add", f"{loopback}/32", "dev", "lo")
            own = folder / name
            own.mkdir()
            ends.append(stack.enter_context(charon(own, space)))
        yield ends[0], ends[1]


def _environment(folder: Path) -> dict[str, str]:
    return {"STRONGSWAN_CONF": str(folder / "strongswan.conf")}
