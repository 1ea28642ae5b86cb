"""Read a peer's configuration file."""

from __future__ import annotations

import re
from pathlib import Path

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB, read_file
from vpnframe.peers.ipsec_conf import ipsec_connections
from vpnframe.peers.ipsec_syntax import ConnFile, parse_ipsec_conf
from vpnframe.peers.libreswan import find_libreswan
from vpnframe.peers.model import Peer, Problem
from vpnframe.peers.settings_syntax import Section
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections

MAX_BYTES = 4 * MIB  # no configuration is longer

_IPSEC_CONF = re.compile(r"^(?:conn|ca|config setup)(?![^\t\n\r \"#=])", re.MULTILINE)


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
    found = _parse(_read(Path(path)))
    if isinstance(found, Problem):
        raise SettingsError(f"{path}, line {found.line}: {found.message}")
    if isinstance(found, ConnFile):
        connections = ipsec_connections(found)
        _check_any(path, len(connections), found.included_lines)
        return Peer(str(path), "ipsec.conf", connections, _notes(found.included_lines))
    if "connections" not in found.sections and not found.included_lines:
        raise SettingsError(f"{path} is neither a swanctl.conf nor an ipsec.conf: no connections")
    listed = found.sections.get("connections", Section())
    included = [*found.included_lines, *listed.included_lines]
    _check_any(path, len(listed.sections), included)
    try:
        return Peer(str(path), "swanctl.conf", swanctl_connections(found), _notes(included))
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def _check_any(path: str | Path, n_connections: int, included_lines: list[int]) -> None:
    """Reject a file without connections that only includes others, which are not read."""
    if not n_connections and included_lines:
        lines = ", ".join(map(str, included_lines))
        raise SettingsError(
            f"{path} has no connections, and the files that it includes (line {lines}) are not "
            "read: compare those files one by one"
        )


def _read(path: Path) -> bytes:
    """Return the file's bytes."""
    try:
        return read_file(path, limit=MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def _parse(body: bytes) -> Section | ConnFile | Problem:
    """Parse either syntax. Nothing is raised here: the frame holds the file's secrets."""
    text = body.decode("utf-8-sig", errors="replace")
    if _IPSEC_CONF.search(text):
        return find_libreswan(text) or parse_ipsec_conf(text)
    return parse_swanctl(text)


def _notes(included_lines: list[int]) -> tuple[str, ...]:
    return tuple(
        f"line {line}: include is not followed: compare that file too" for line in included_lines
    )
