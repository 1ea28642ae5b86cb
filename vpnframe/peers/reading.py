"""Read the swanctl.conf or ipsec.conf of strongSwan; an ipsec.conf of Libreswan is rejected.

References
----------
ipsec.conf(5) of Libreswan 5 and of Openswan 2.6: keywords and values that strongSwan does not have.
"""

from __future__ import annotations

import re
from pathlib import Path

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB, read_file
from vpnframe.peers.ipsec_conf import ipsec_connections, parse_ipsec_conf
from vpnframe.peers.model import Peer
from vpnframe.peers.options import words
from vpnframe.peers.sections import Problem, Section
from vpnframe.peers.swanctl import parse_swanctl, swanctl_connections

MAX_BYTES = 4 * MIB  # no configuration is longer

_IPSEC_CONF = re.compile(r"^(?:conn|ca|config setup)(?![^\t\n\r \"#=])", re.MULTILINE)
_READERS = {"swanctl.conf": swanctl_connections, "ipsec.conf": ipsec_connections}

_OF_END = words(
    "subnets vti interface-ip updown-config ecdsakey eddsakey pubkey ckaid xauthserver "
    "xauthclient modecfgserver modecfgclient username xauthusername addresspool cat autheap "
    "groundhog rsasigkey2 modecfgdns1 modecfgdns2 modecfgwins1 modecfgwins2"
)
_KEYWORDS = words(
    "ikev1 ikev2 phase2 phase2alg salifetime ipsec-lifetime ipsec-max-bytes ipsec-max-packets "
    "encapsulation narrowing esn ppk ppk-ids intermediate decap-dscp encap-dscp nopmtudisc "
    "hostaddrfamily clientaddrfamily connaddrfamily connalias alsoflip aggrmode ikepad "
    "nat-ikev1-method nat-keepalive initial-contact send-redirect redirect-to accept-redirect "
    "accept-redirect-to session-resumption iptfs fake-strongswan send-vendorid sha2-truncbug "
    "sha2_truncbug ms-dh-downgrade pfs-rekey-workaround require-id-on-certificate "
    "retransmit-timeout retransmit-interval ikev1-dpdtimeout sec-label policy-label "
    "remote-peer-type remote_peer_type nm-configured cisco-unity cisco-split xauthby xauthfail "
    "modecfgpull modecfgdns modecfgdomains modecfgbanner ignore-peer-dns mark-in mark-out "
    "vti-interface vti-routing vti-shared ipsec-interface nic-offload overlapip replay-window "
    "failureshunt negotiationshunt enable-tcp tcp-remoteport metric sendca mtu nflog-group "
    "protostack plutofork nhelpers virtual-private ikev1-policy logfile"
) | {f"{side}{name}" for side in ("left", "right") for name in _OF_END}
_KEYWORD = re.compile(
    rf"^[ \t]+({'|'.join(map(re.escape, sorted(_KEYWORDS)))})[ \t]*=", re.MULTILINE | re.IGNORECASE
)
_VALUE = re.compile(
    r"^[ \t]+(?:"
    r'auto[ \t]*=[ \t]*"?(?:ondemand|keep)\b|'
    r'authby[ \t]*=[ \t]*"?(?:null|rsa-sha|ecdsa-sha)|'
    r'dpdaction[ \t]*=[ \t]*"?restart_by_peer\b|'
    # Libreswan writes a semicolon before the DH group of a proposal.
    r'(?:ike|esp|ah)[ \t]*=[^#\n]*;[ \t]*(?:modp|dh|ecp)[0-9]+[ \t]*(?:[",#\n]|\Z)'
    r")",
    re.MULTILINE | re.IGNORECASE,
)
# If this matches, the file is strongSwan's, and a value that matches _VALUE is a mistake.
_STRONGSWAN = re.compile(
    r"^[ \t]+(?:"
    r'(?:ike|esp|ah)[ \t]*=[^#\n]*![ \t]*"?[ \t]*(?:#|$)|'
    r'(?:left|right)auth[ \t]*=[ \t]*"?(?:psk|pubkey|eap|xauth)|'
    r"(?:charondebug|margintime|closeaction|installpolicy|inactivity|modeconfig|eap_identity|"
    r"(?:left|right)(?:firewall|hostaccess|allowany|dns|groups|auth2))[ \t]*="
    r")",
    re.MULTILINE,
)


def read_peer(path: str | Path) -> Peer:
    r"""Read the configuration of a peer from strongSwan's ``swanctl.conf`` or ``ipsec.conf``.

    Only the options that a comparison needs are stored. Secrets, comments and unknown options are
    not stored, and do not appear in exceptions. Files that this file includes are not read; the
    notes of the result list the lines that include a file.

    Parameters
    ----------
    path : str or Path
        The file. Its content, not its name, decides which of the two syntaxes is used.

    Returns
    -------
    Peer
        The peer's connections, with notes on what was not read or not understood.

    Raises
    ------
    SettingsError
        The file cannot be read, has a syntax error, or is in another format, such as Libreswan's.
        The message gives the line of a syntax error, but quotes no value.

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
    if syntax == "swanctl.conf" and "connections" in root.sections:
        included += root.sections["connections"].included_lines
    elif syntax == "swanctl.conf" and not included:
        raise SettingsError(
            f"{path} is neither a swanctl.conf nor an ipsec.conf, because it has no connections"
        )
    try:
        connections = _READERS[syntax](root)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None
    if not connections and included:
        lines = ", ".join(map(str, included))
        raise SettingsError(
            f"{path} has no connections, and the files that it includes (line {lines}) are not "
            "read: compare those files instead, one at a time"
        )
    notes = [f"line {n}: the included file is not read: compare it, too" for n in included]
    return Peer(str(path), syntax, connections, tuple(notes))


def _read(path: Path) -> bytes:
    try:
        return read_file(path, limit=MAX_BYTES)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None


def _parse(body: bytes) -> tuple[str, Section | Problem]:
    """Detect the syntax, and parse; errors are returned, as tracebacks would contain secrets."""
    text = body.decode("utf-8-sig", errors="replace")
    if _IPSEC_CONF.search(text):
        return "ipsec.conf", find_libreswan(text) or parse_ipsec_conf(text)
    return "swanctl.conf", parse_swanctl(text)


def find_libreswan(text: str) -> Problem | None:
    """Return an error with the first line that shows that a file is Libreswan's; else None."""
    found = _KEYWORD.search(text)
    sign = f"the keyword {found[1].lower()}" if found else "a value"
    if found is None and not _STRONGSWAN.search(text):
        found = _VALUE.search(text)
    if found is None:
        return None
    return Problem(
        text.count("\n", 0, found.start()) + 1,
        f"{sign} shows that this is Libreswan's ipsec.conf, which has another grammar: "
        "only files of strongSwan can be compared",
    )
