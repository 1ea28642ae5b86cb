"""Read ipsec.conf: parse its sections, and convert them to connections as ``ipsec starter`` does.

The same file may be used at both ends of a connection: strongSwan looks at the addresses of the
machine to decide whether ``left`` or ``right`` is the local end. This module assumes that ``left``
is local; :mod:`vpnframe.peers.pairing` swaps the ends if the addresses require it.

References
----------
ipsec.conf(5) of strongSwan 5.9: the syntax, and every keyword with its default.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce

from vpnframe.peers import options
from vpnframe.peers.model import Lifetime, PeerChild, PeerConnection, PeerEnd, Proposals, Protocol
from vpnframe.peers.sections import Problem, Section, TextReader, Values, auth_class
from vpnframe.peers.selectors import ALL_TRAFFIC, IPSEC, Selector, read_traffic
from vpnframe.peers.tokens import DEFAULT_PROPOSALS
from vpnframe.peers.values import split_list, starter_time

DEFAULT = "%default"
MAX_STEPS = 64

_IGNORED = re.compile(r"[\t ]*(?:#[^\n]*)?(?:\n|\Z)|[\t ]*version[^\n]*(?:\n|\Z)")
_HEADER = re.compile(r"(config setup|conn|ca)(?![^\t\n \"#=])")
_INCLUDE = re.compile(r"[\t ]*include[\t ]+(?=[^=\t ])[^\n]*(?:\n|\Z)")
_LINE_END = re.compile(r"[\t ]*(?:#[^\n]*)?(?:\n|\Z)")

_VERSIONS = {"ike": 0, "ikev1": 1, "ikev2": 2}
_SWITCH = {"no": False, "yes": True}
_MODES = {
    **{mode: mode for mode in ("tunnel", "transport", "beet", "pass", "drop")},
    "transport_proxy": "transport",
    "passthrough": "pass",
    "reject": "drop",
}
_DPD_ACTIONS = {"none": False, "clear": True, "hold": True, "restart": True}
_LOADED = frozenset({"add", "route", "start"})
_AUTHBY = dict.fromkeys(("psk", "secret", "xauthpsk"), "psk") | dict.fromkeys(
    ("pubkey", "rsasig", "rsa", "ecdsasig", "ecdsa", "xauthrsasig", "never"), "pubkey"
)
_ANY = frozenset({"%any", "%any4", "%any6"})
_PROPOSALS: dict[Protocol, str] = {"ike": "aes128-sha256-modp3072", "esp": "aes128-sha256"}


def parse_ipsec_conf(text: str) -> Section | Problem:
    """Parse the ``conn`` sections of an ipsec.conf, and add the settings that they inherit."""
    reader = _IpsecConfReader(text.replace("\r\n", "\n"))
    return reader.read() or _inherited(reader.root)


class _IpsecConfReader(TextReader):
    """Parser of ipsec.conf; methods that parse a line return an error message if it is invalid."""

    blank = re.compile(r"[\t ]*")
    word = re.compile(r'(?:@#)?[^"#= \t\n]+')

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.root = Section()
        # The section that receives the next settings; config setup and ca sections are not stored.
        self.section = Section()

    def read(self) -> Problem | None:
        """Parse all lines; return the first error, or None if there is no error."""
        while self.at < len(self.text):
            line = self.line
            if self.take(_IGNORED) is not None:
                continue
            if self.take(_INCLUDE) is not None:
                self.root.included_lines.append(line)
                continue
            kind = self.take(_HEADER)
            if kind is not None:
                problem = self._read_header(kind)
            elif self.text[self.at] in "\t ":
                problem = self._read_setting()
            else:
                problem = "the line is not a section, and a setting begins with a blank"
            if problem is None and self.take(_LINE_END) is None:
                problem = "the section has more than one name, or the value has = outside of quotes"
            if problem is not None:
                return Problem(line, problem)
        return None

    def _read_header(self, kind: str) -> str | None:
        self.take(self.blank)
        name = self.take_text()
        if kind != "config setup" and not name:
            return "the section has no name"
        self.section = Section()
        if kind == "conn" and name:
            self.section = self.root.sections.setdefault(name, self.section)
        return None

    def _read_setting(self) -> str | None:
        line = self.line
        self.take(self.blank)
        name = self.take_text()
        self.take(self.blank)
        if not name or not self.skips("="):
            return "the setting has no ="
        name, value = options.CONN_SYNONYMS.get(name, name), self.take_value()
        if name != "also":
            self.section.keep(name, value, line, options.IPSEC)
        elif value and value != DEFAULT:
            self.section.parents[value] = line
        return 'the string has no closing "' if self.sees('"') else None


def _inherited(root: Section) -> Section | Problem:
    """Return all ``conn`` sections except ``%default``, each with the settings that it inherits."""
    orders: dict[str, list[str]] = {}
    found = Section(included_lines=root.included_lines)
    for name in root.sections:
        order = _order(name, root.sections, (), orders)
        if isinstance(order, Problem):
            return order
        merged = reduce(Section.over, [root.sections[one] for one in order])
        merged.unknown_lines.sort()
        found.sections[name] = merged
    found.sections.pop(DEFAULT, None)
    return found


def _order(
    name: str, conns: dict[str, Section], below: tuple[str, ...], known: dict[str, list[str]]
) -> list[str] | Problem:
    """Return the names of a section and of all sections that it inherits from.

    The settings of an earlier section in the result take precedence. ``below`` contains the names
    of the sections through which this section was reached, and ``known`` the results of earlier
    calls by section name.
    """
    if name in known or name == DEFAULT:
        return known.get(name, [DEFAULT])
    order = [name]
    for parent, line in reversed(conns[name].parents.items()):
        if parent not in conns:
            return Problem(line, "also= names a section that does not exist")
        if parent in (*below, name) or len(below) >= MAX_STEPS:
            limit = f"in a circle, or over {MAX_STEPS} steps"
            return Problem(line, f"sections refer to each other by also= {limit}")
        inherited = _order(parent, conns, (*below, name), known)
        if isinstance(inherited, Problem):
            return inherited
        order += inherited
    order += [DEFAULT] if DEFAULT in conns else []
    # If a section is inherited several times, only its last position counts.
    known[name] = list(dict.fromkeys(reversed(order)))[::-1]
    return known[name]


def ipsec_connections(root: Section) -> tuple[PeerConnection, ...]:
    """Convert the sections to connections; sections with the same IKE SA become one connection."""
    found: dict[tuple[object, ...], PeerConnection] = {}
    for name, section in root.sections.items():
        values = Values().of(section, section.settings)
        one = _connection(name, section, values)
        # Constraints on public keys (as in rsa-2048) are not stored, but distinguish connections.
        asked = [(values.text(side) or "").partition("-")[2] for side in ("leftauth", "rightauth")]
        shared = replace(one, name="", children=(), notes=()), *asked
        known = found.get(shared)
        if known is not None:
            children, notes = (*known.children, *one.children), (*known.notes, *one.notes)
            one = replace(known, children=children, notes=notes)
        found[shared] = one
    return tuple(found.values())


def _connection(name: str, section: Section, values: Values) -> PeerConnection:
    for line in section.unknown_lines:
        values.note(f"line {line}:", "a keyword that strongSwan 5.9 does not know, and ignores")
    if (values.text("auto") or "ignore") not in _LOADED:
        values.refusals.append("without auto=add, route or start the connection is never loaded")
    child = _child(name, values)
    checks_peers = values.read("dpdaction", _DPD_ACTIONS.get, False)
    dpd_delay_s = values.read("dpddelay", starter_time, 30)
    return values.connection(
        [child],
        name=name,
        ike_version=values.read("keyexchange", _VERSIONS.get, 0),
        is_aggressive=values.read("aggressive", _SWITCH.get, False),
        local=_end("left", values),
        remote=_end("right", values),
        proposals=_proposals(values, "ike"),
        lifetime=_lifetime(values, "ikelifetime", 3 * 3600, bits=32),
        dpd_delay_s=dpd_delay_s if checks_peers else 0,
        forces_encap=values.read("forceencaps", _SWITCH.get, False),
    )


def _end(side: str, values: Values) -> PeerEnd:
    address = values.text(side) or "%any"
    if address == "%defaultroute":
        address = "%any"
    # A % before an address is short for allowany=yes, unless allowany is set.
    has_mark = address.startswith("%") and address not in _ANY
    addresses = split_list(address[1:] if has_mark else address) or ("%any",)
    is_open = values.read(f"{side}allowany", _SWITCH.get, has_mark)
    ike_id = values.text(f"{side}id") or (None if addresses[0] in _ANY else ",".join(addresses))
    if ike_id is not None and ike_id.startswith("%") and ike_id not in _ANY:
        ike_id = ike_id[1:]
    return PeerEnd(
        addresses=(*addresses, "%any") if is_open else addresses,
        ike_id="%any" if ike_id is None and side == "right" else ike_id,
        auth=_auth(side, values),
        has_virtual_ip=values.text(f"{side}sourceip") is not None,
    )


def _auth(side: str, values: Values) -> str:
    """Return the authentication method of one end.

    If neither ``leftauth`` nor ``rightauth`` is set, this is the method in ``authby``. Otherwise it
    is the end's own method, by default pubkey.
    """
    shared = values.read("authby", _AUTHBY.get, "pubkey")
    if not values.text("leftauth") and not values.text("rightauth"):
        return shared
    word = values.text(f"{side}auth") or "pubkey"
    return "psk" if word in {"psk", "secret"} else auth_class(word, word) or "any"


def _child(name: str, values: Values) -> PeerChild:
    if values.text("esp") and values.text("ah"):
        values.note("ah", "is set together with esp: strongSwan uses only one of the two options")
    is_ah = values.text("ah") is not None and values.text("esp") is None
    return PeerChild(
        name=name,
        proposals=_proposals(values, "ah" if is_ah else "esp"),
        local_subnets=_selectors("left", values),
        remote_subnets=_selectors("right", values),
        lifetime=_lifetime(values, "lifetime", 3600),
        mode=values.read("type", _MODES.get, "tunnel"),
        has_sha256_96=values.read("sha256_96", _SWITCH.get, False),
    )


def _selectors(side: str, values: Values) -> tuple[Selector, ...]:
    """Return one end's traffic selectors; if it has no subnet, they select its own address."""
    traffic = values.read(f"{side}protoport", lambda text: read_traffic(text, IPSEC), ALL_TRAFFIC)
    name = f"{side}subnet"
    texts = split_list(values.text(name) or "") or (IPSEC.dynamic,)
    return values.selectors(name, texts, IPSEC, traffic)


def _proposals(values: Values, protocol: Protocol) -> Proposals:
    """Return the configured proposals, and also the default unless the value ends with ``!``."""
    text = values.text(protocol)
    if text is None:
        text = _PROPOSALS.get(protocol, "")
    # Unlike in swanctl.conf, an empty item between two commas is an invalid proposal.
    found = values.proposals(protocol, protocol, text.removesuffix("!").split(","))
    if any(one.is_default for one in found):
        values.refuse(protocol, "has the word default, which only swanctl.conf has")
    return found if text.endswith("!") else (*found, DEFAULT_PROPOSALS[protocol])


def _lifetime(values: Values, name: str, default_s: int, *, bits: int = 64) -> Lifetime:
    """Return the lifetime of an SA's keys; ``rekey=no`` means that they are never renewed."""
    largest = 2**bits - 1
    hard_s = values.read(name, starter_time, default_s) & largest
    margin_s = values.read("margintime", starter_time, 9 * 60) & largest
    renews = values.read("rekey", _SWITCH.get, True)
    return Lifetime(max(0, hard_s - margin_s) if renews else 0, hard_s)
