"""Read a peer's configuration file."""

from __future__ import annotations

import re
from pathlib import Path

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB, read_file
from vpnframe.peers.ipsec_conf import ipsec_connections, parse_ipsec_conf
from vpnframe.peers.libreswan import find_libreswan
from vpnframe.peers.model import Peer
from vpnframe.peers.sections import Problem, Section
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections

MAX_BYTES = 4 * MIB  # no configuration is longer

_IPSEC_CONF = re.compile(r"^(?:conn|ca|config setup)(?![^\t\n\r \"#=])", re.MULTILINE)
_READERS = {"swanctl.conf": swanctl_connections, "ipsec.conf": ipsec_connections}


def read_peer(path: str | Path) -> Peer:
    r"""Read the peer's configuration: strongSwan's ``swanctl.conf`` or ``ipsec.conf``.

    Only the options that a comparison needs are stored; secrets, comments and unknown options are
    dropped and do not appear in exceptions either. Included files are not read: the notes state
    the lines.

    Parameters
    ----------
    path : str or Path
        The file; its sections show which of the two it is.

    Returns
    -------
    Peer
        Its connections, with notes on what was not understood.

    Raises
    ------
    SettingsError
        The file cannot be read, or is neither of the two (for example Libreswan's ipsec.conf); the
        message names the line, but quotes nothing from it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "swanctl.conf")
    ...     secrets = "secrets {\n ike-1 {\n  secret = x\n }\n}\n"
    ...     _ = path.write_text("connections {\n hq {\n  version = 2\n }\n}\n" + secrets)
    ...     peer = read_peer(path)
    >>> peer.syntax, [(one.name, one.ike_version) for one in peer.connections]
    ('swanctl.conf', [('hq', 2)])
    """
    syntax, root = _parse(_read(Path(path)))
    if isinstance(root, Problem):
        raise SettingsError(f"{path}, line {root.line}: {root.message}")
    included = list(root.included_lines)
    if syntax == "swanctl.conf":
        if "connections" not in root.sections and not included:
            raise SettingsError(
                f"{path} is neither a swanctl.conf nor an ipsec.conf: no connections"
            )
        included += root.sections.get("connections", Section()).included_lines
    try:
        connections = _READERS[syntax](root)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None
    if not connections and included:
        lines = ", ".join(map(str, included))
        raise SettingsError(
            f"{path} has no connections, and the files that it includes (line {lines}) are not "
            "read: compare those files one by one"
        )
    return Peer(str(path), syntax, connections, _notes(included))


def _read(path: Path) -> bytes:
    """Return the file's bytes."""
    try:
        return read_file(path, limit=MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def _parse(body: bytes) -> tuple[str, Section | Problem]:
    """Parse either syntax. Nothing is raised here: the frame holds the file's secrets."""
    text = body.decode("utf-8-sig", errors="replace")
    if _IPSEC_CONF.search(text):
        return "ipsec.conf", find_libreswan(text) or parse_ipsec_conf(text)
    return "swanctl.conf", parse_swanctl(text)


def _notes(included_lines: list[int]) -> tuple[str, ...]:
    return tuple(
        f"line {line}: include is not followed: compare that file too" for line in included_lines
    )
