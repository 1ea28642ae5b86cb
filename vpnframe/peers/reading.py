"""Another end's configuration as a file."""

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

MAX_BYTES = 4 * MIB  # no configuration is that long

_IPSEC_CONF = re.compile(r"^(?:conn|ca|config setup)(?![^\t\n\r \"#=])", re.MULTILINE)


def read_peer(path: str | Path) -> Peer:
    r"""Read the other end's configuration: strongSwan's ``swanctl.conf`` or ``ipsec.conf``.

    Of either exactly those options are kept that a comparison needs; of its secrets, comments and
    unknown options nothing, not even in an exception. Files that it includes are not read: the
    notes say where.

    Parameters
    ----------
    path : str or Path
        The file; which of the two it is, is seen from its sections.

    Returns
    -------
    Peer
        Its connections, with what was not understood of each.

    Raises
    ------
    SettingsError
        The file cannot be read, or is none of the two (Libreswan's ipsec.conf among them); it
        names the line, and shows nothing of it.

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
    """Refuse a file that only names others: of what those say nothing is known."""
    if not n_connections and included_lines:
        lines = ", ".join(map(str, included_lines))
        raise SettingsError(
            f"{path} has no connection of its own, and what it includes (line {lines}) is not "
            "followed: compare those files, one by one"
        )


def _read(path: Path) -> bytes:
    """The file's bytes."""
    try:
        return read_file(path, limit=MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def _parse(body: bytes) -> Section | ConnFile | Problem:
    """Read either syntax. Nothing is raised here: the frame holds the file's secrets."""
    text = body.decode("utf-8-sig", errors="replace")
    if _IPSEC_CONF.search(text):
        return find_libreswan(text) or parse_ipsec_conf(text)
    return parse_swanctl(text)


def _notes(included_lines: list[int]) -> tuple[str, ...]:
    return tuple(
        f"line {line}: include is not followed: compare that file, too" for line in included_lines
    )
