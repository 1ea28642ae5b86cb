"""Read swanctl.conf: parse its sections, resolve inheritance, and convert sections to connections.

References
----------
strongswan.conf(5) of strongSwan 5.9, "Syntax", "Referencing other sections", "Including files";
swanctl.conf(5): every option, and its default.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import replace

from vpnframe.errors import SettingsError
from vpnframe.peers import options, selectors
from vpnframe.peers.model import Lifetime, PeerChild, PeerConnection, PeerEnd
from vpnframe.peers.sections import NO_TUNNEL, Problem, Section, TextReader, Values, auth_class
from vpnframe.peers.tokens import DEFAULT_PROPOSALS
from vpnframe.peers.values import UINT64_MAX, parse_number, parse_switch, split_list, swanctl_time

MAX_DEPTH = 32
MAX_REFERENCES = 64

# Possessive quantifiers, so that the search for the end of a string takes linear time.
_BLANK = re.compile(r"(?:[\t\r\n ]++|#[^\n]*+)*+")
_INCLUDE = re.compile(
    r'include[\t ]+(?=[^=])(?:"(?:[^"\\]++|\\.)*+"|(?:\\[\\"#} ]?|[^"\\#}\r\n\t ])*+)'
)
_NAME = re.compile(r'[^#{}:.,="\r\n\t ]+')
_PATH = re.compile(rf"{_NAME.pattern}(?:\.{_NAME.pattern})*")

_ITEM_LENGTH = 511
_MODES = options.one_of("tunnel transport transport_proxy beet pass drop ?iptfs")


def parse_swanctl(text: str) -> Section | Problem:
    """Parse the sections of a swanctl.conf, without storing its secrets."""
    root = Section()
    return _SwanctlReader(text).read_body(root) or root


class _SwanctlReader(TextReader):
    """Reader of swanctl.conf; it returns a syntax error as a Problem, and does not raise it."""

    blank = re.compile(r"[\t\r ]*")
    word = re.compile(r'[^#}"\r\n\t ]+')
    ignored = "\r"

    def read_body(self, section: Section, depth: int = 0) -> Problem | None:
        """Read the settings and subsections of a section, up to its end."""
        opening_line = self.line
        while True:
            self.take(_BLANK)
            if self.skips("}"):
                return None if depth else Problem(self.line, "a } without its section")
            if self.at == len(self.text):
                return Problem(opening_line, "a section without its }") if depth else None
            problem = self._read_statement(section, depth)
            if problem is not None:
                return problem

    def _read_statement(self, section: Section, depth: int) -> Problem | None:
        line = self.line
        if self.take(_INCLUDE) is not None:
            section.included_lines.append(line)
            return None
        name = self.take(_NAME)
        if name is None:
            return Problem(line, "neither a section nor a setting")
        self.take(_BLANK)
        if self.skips("="):
            section.keep(name, self.take_value(), line, options.SWANCTL)
            return Problem(self.line, 'a string without its "') if self.sees('"') else None
        parents = self._read_parents()
        if parents is None or not self.skips("{"):
            return Problem(line, "a name without = or {")
        if depth == MAX_DEPTH:
            return Problem(self.line, f"more than {MAX_DEPTH} sections inside each other")
        opened = Section()
        if depth or name not in options.SWANCTL.skipped:
            opened = section.sections.setdefault(name, opened)
        opened.parents.update(dict.fromkeys(parents, line))
        return self.read_body(opened, depth + 1)

    def _read_parents(self) -> list[str] | None:
        """Read the paths of inherited sections; None if a path is missing after ``:`` or ``,``."""
        found: list[str] = []
        while self.skips(":") or (found and self.skips(",")):
            self.take(_BLANK)
            path = self.take(_PATH)
            if path is None:
                return None
            found.append(path)
            self.take(_BLANK)
        return found


class Inheritance:
    """Resolver of the references between the sections of one file."""

    def __init__(self, root: Section) -> None:
        self._root = root
        self._done: dict[int, Section] = {}
        self._open: list[int] = []

    def resolve(self, section: Section) -> Section:
        """Return a section with everything that it and its subsections inherit.

        Its own settings take precedence over those of the sections that it references; an earlier
        reference takes precedence over a later one. References to missing sections are ignored.
        """
        if id(section) in self._done:
            return self._done[id(section)]
        if id(section) in self._open or len(self._open) > MAX_REFERENCES:
            limit = f"in a circle, or over more than {MAX_REFERENCES} steps"
            raise SettingsError(f"sections inherit from each other {limit}")
        self._open.append(id(section))
        inner = {name: self.resolve(one) for name, one in section.sections.items()}
        found = replace(section, sections=inner, parents={})
        for path in section.parents:
            parent = self._find(*path.split("."))
            found = found.over(parent) if parent else found
        self._open.pop()
        self._done[id(section)] = found
        return found

    def _find(self, first: str, *path: str) -> Section | None:
        """Find a section by its path, also among inherited sections; None if it does not exist."""
        found = self._root.sections.get(first)
        for name in path:
            found = found and (found.sections.get(name) or self.resolve(found).sections.get(name))
        return found and self.resolve(found)


def swanctl_connections(root: Section) -> tuple[PeerConnection, ...]:
    """Return the connections of a swanctl.conf."""
    listed = Inheritance(root).resolve(root.sections.get("connections", Section()))
    return tuple(_connection(name, section) for name, section in listed.sections.items())


def _values(section: Section, allowed: Set[str], connection: Values) -> Values:
    """Check and return a section's settings; charon rejects settings of other sections."""
    values = connection.of(section)
    for name, (text, line) in section.settings.items():
        if text is not None and name not in allowed:
            values.refuse(f"line {line}:", "an option in the wrong section")
        elif text is not None and not options.is_printable(text):
            values.refuse(name, "has a character that is not printable ASCII")
    for name, (is_taken, line) in section.others.items():
        if name not in allowed:
            values.refuse(f"line {line}:", "an option in the wrong section")
        elif is_taken is False:
            values.refuse(name, "cannot be read")
        elif is_taken is None:
            values.doubt(name, "has a word of newer versions")
    for line in section.unknown_lines:
        values.doubt(f"line {line}:", "no option of strongSwan 5.9")
    for line in section.included_lines:
        values.note(f"line {line}:", "include is not followed")
    return values


def _connection(name: str, section: Section) -> PeerConnection:
    allowed = options.CONNECTION | options.CONNECTION_OTHERS.keys()
    values = _values(section, allowed, Values())
    children = section.sections.get("children", Section()).sections
    read = [_child(child, one, values) for child, one in children.items()]
    for other in section.sections:
        if not other.lower().startswith(("local", "remote")) and other.lower() != "children":
            values.refusals.append("a section other than local, remote and children")
    if not all(map(selectors.read_host, split_list(values.text("vips") or ""))):
        values.refuse("vips", "cannot be read")
    return PeerConnection(
        name=name,
        ike_version=_version(values),
        is_aggressive=values.read("aggressive", parse_switch, False),
        local=_end("local", section, values),
        remote=_end("remote", section, values),
        proposals=values.proposals("proposals", "ike", _items(values, "proposals"))
        or (DEFAULT_PROPOSALS["ike"],),
        lifetime=_ike_lifetime(values),
        dpd_delay_s=values.read("dpd_delay", swanctl_time, 0),
        forces_encap=values.read("encap", parse_switch, False),
        children=tuple(child for child in read if child.mode not in NO_TUNNEL),
        refused="; ".join(values.refusals) or None,
        may_not_load=values.may_not_load,
        notes=tuple(values.notes),
    )


def _end(side: str, section: Section, values: Values) -> PeerEnd:
    """Return one end of a connection; its first authentication round determines method and id."""
    rounds = [
        _values(one, options.AUTH | options.AUTH_OTHERS.keys(), values)
        for name, one in section.sections.items()
        if name.lower().startswith(side)
    ]
    # By default charon authenticates itself by public key, and accepts every method of the peer.
    default = "pubkey" if side == "local" else "any"
    read = [
        (one.read("round", parse_number, 0), one.read("auth", _auth, default), one.text("id"))
        for one in rounds
    ]
    _, auth, ike_id = min(read, key=lambda one: one[0], default=(0, default, None))
    return PeerEnd(
        addresses=split_list(values.text(f"{side}_addrs") or "") or ("%any",),
        ike_id=ike_id,
        auth=auth,
        has_virtual_ip=side == "local" and values.text("vips") is not None,
    )


def _child(name: str, section: Section, connection: Values) -> PeerChild:
    values = _values(section, options.CHILD | options.CHILD_OTHERS.keys(), connection)
    rekey_s = values.read("rekey_time", swanctl_time, 3600)
    hard_s = values.read("life_time", swanctl_time, UINT64_MAX)
    if hard_s == UINT64_MAX:
        hard_s = (rekey_s * 110 & UINT64_MAX) // 100
    esp = values.proposals("esp_proposals", "esp", _items(values, "esp_proposals"))
    ah = values.proposals("ah_proposals", "ah", _items(values, "ah_proposals"))
    return PeerChild(
        name=name,
        proposals=esp + ah or (DEFAULT_PROPOSALS["esp"],),
        local_subnets=_selectors(values, "local_ts"),
        remote_subnets=_selectors(values, "remote_ts"),
        lifetime=Lifetime(rekey_s, hard_s),
        mode=_mode(values),
        has_sha256_96=values.read("sha256_96", parse_switch, False),
    )


def _items(values: Values, name: str) -> list[str]:
    """Return the items of an option's list; charon reads at most 511 characters of each item."""
    return [one[:_ITEM_LENGTH] for one in split_list(values.text(name) or "")]


def _selectors(values: Values, name: str) -> tuple[selectors.Selector, ...]:
    """Return the traffic selectors of an option; the default is the end's own address."""
    found = [selectors.read_selector(one, selectors.SWANCTL) for one in _items(values, name)]
    known = tuple(one for one in found if one)
    if len(known) < len(found):
        values.refuse(name, "has a selector that cannot be read")
    if any(one.has_unknown_name for one in known):
        values.doubt(name, "names a protocol or a port that not every machine knows")
    return known or (selectors.DYNAMIC,)


def _ike_lifetime(values: Values) -> Lifetime:
    """Return the lifetime of the IKE SA; the value ``UINT64_MAX`` means that a time is not set."""
    reauth_s, rekey_s, over_s = (
        values.read(name, swanctl_time, UINT64_MAX)
        for name in ("reauth_time", "rekey_time", "over_time")
    )
    if reauth_s == rekey_s == UINT64_MAX:
        rekey_s = 4 * 3600
    times = [one for one in (reauth_s, rekey_s) if one not in (0, UINT64_MAX)]
    if not times:
        return Lifetime(0, 0)
    return Lifetime(min(times), max(times) + (max(times) // 10 if over_s == UINT64_MAX else over_s))


def _version(values: Values) -> int | None:
    version = values.read("version", parse_number, 0)
    if version in (0, 1, 2):
        return version
    values.note("version", "is not 0, 1 or 2")
    return None


def _mode(values: Values) -> str:
    mode = values.read("mode", _read_mode, "tunnel")
    if _MODES(mode) is None:
        values.doubt("mode", "has a word of newer versions")
    return mode


def _read_mode(text: str) -> str | None:
    return None if _MODES(text.lower()) is False else text.lower()


def _auth(text: str) -> str | None:
    """Return the class of an authentication method, without its constraints; None if unknown."""
    word = text.lower()
    return word if word == "psk" else auth_class(text, word)
