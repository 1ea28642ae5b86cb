"""Read swanctl.conf as in strongSwan 5.9: parse sections, and convert them to connections.

References
----------
strongswan.conf(5) of strongSwan 5.9, "Syntax", "Referencing other sections", "Including files";
swanctl.conf(5): every option, and its default.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace

from vpnframe.errors import SettingsError
from vpnframe.peers import options
from vpnframe.peers.model import Lifetime, PeerChild, PeerConnection, PeerEnd
from vpnframe.peers.sections import Problem, Section, TextReader, Values, auth_class
from vpnframe.peers.selectors import SWANCTL, read_host
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

_NOT_STORED = frozenset({"secrets", "authorities", "pools"})  # top-level sections
_ITEM_LENGTH = 511
_MODES = options.words("tunnel transport transport_proxy beet pass drop iptfs")


def parse_swanctl(text: str) -> Section | Problem:
    """Parse the sections of a swanctl.conf, without storing its secrets."""
    root = Section()
    return _SwanctlReader(text).read_body(root) or root


class _SwanctlReader(TextReader):
    """Parser of swanctl.conf; it returns a syntax error as a Problem, instead of raising it."""

    blank = re.compile(r"[\t\r ]*")
    word = re.compile(r'[^#}"\r\n\t ]+')
    ignored = "\r"

    def read_body(self, section: Section, depth: int = 0) -> Problem | None:
        """Parse settings and subsections up to the end of a section; return an error, or None."""
        opening_line = self.line
        while True:
            self.take(_BLANK)
            if self.skips("}"):
                return None if depth else Problem(self.line, "a } closes no section")
            if self.at == len(self.text):
                return Problem(opening_line, "the section has no closing }") if depth else None
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
            return Problem(line, "the line is neither a section nor a setting")
        self.take(_BLANK)
        if self.skips("="):
            section.keep(name, self.take_value(), line, options.SWANCTL)
            return Problem(self.line, 'the string has no closing "') if self.sees('"') else None
        parents = self._read_parents()
        if parents is None or not self.skips("{"):
            return Problem(line, "the name is followed by neither = nor {")
        if depth == MAX_DEPTH:
            return Problem(self.line, f"sections are nested more than {MAX_DEPTH} deep")
        opened = Section()
        if depth or name not in _NOT_STORED:
            opened = section.sections.setdefault(name, opened)
        opened.parents.update(dict.fromkeys(parents, line))
        return self.read_body(opened, depth + 1)

    def _read_parents(self) -> list[str] | None:
        """Parse the list of sections to inherit from; None if no name follows a ``:`` or ``,``."""
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
    """Adds to the sections of one file the settings that they inherit from other sections."""

    def __init__(self, root: Section) -> None:
        self._root = root
        self._done: dict[int, Section] = {}
        self._open: list[int] = []

    def resolve(self, section: Section) -> Section:
        """Return a section with all settings that it and its subsections inherit.

        The section's own settings take precedence over inherited settings. If it inherits from
        several sections, those named first take precedence. Names of sections that do not exist are
        ignored.
        """
        if id(section) in self._done:
            return self._done[id(section)]
        if id(section) in self._open or len(self._open) > MAX_REFERENCES:
            limit = f"in a circle, or in a chain of more than {MAX_REFERENCES} sections"
            raise SettingsError(f"sections inherit from each other {limit}: remove a reference")
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
        """Return the resolved section at a path, or None; the path may be inherited."""
        found = self._root.sections.get(first)
        for name in path:
            found = found and (found.sections.get(name) or self.resolve(found).sections.get(name))
        return found and self.resolve(found)


def swanctl_connections(root: Section) -> tuple[PeerConnection, ...]:
    """Convert the sections of a swanctl.conf to connections."""
    listed = Inheritance(root).resolve(root.sections.get("connections", Section()))
    return tuple(_connection(name, section) for name, section in listed.sections.items())


def _values(section: Section, allowed: Container[str], connection: Values) -> Values:
    """Return a section's settings; record the settings and lines that strongSwan may not accept."""
    values = connection.of(section, allowed)
    for name, setting in section.settings.items():
        if name in allowed and not options.is_printable(setting.text or ""):
            values.refuse(name, "has a character that is not printable ASCII")
    for line in section.unknown_lines:
        values.doubt(f"line {line}:", "an option that strongSwan 5.9 does not have")
    for line in section.included_lines:
        values.note(f"line {line}:", "the included file is not read")
    return values


def _connection(name: str, section: Section) -> PeerConnection:
    values = _values(section, options.IN_CONNECTION, Values())
    children = section.sections.get("children", Section()).sections
    read = [_child(child, one, values) for child, one in children.items()]
    for other in section.sections:
        if not other.lower().startswith(("local", "remote")) and other.lower() != "children":
            values.refusals.append("a section has another name than local, remote and children")
    if not all(map(read_host, split_list(values.text("vips") or ""))):
        values.refuse("vips", "cannot be read")
    version: int | None = values.read("version", parse_number, 0)
    if version not in {0, 1, 2}:
        values.note("version", "is not 0, 1 or 2")
        version = None
    return values.connection(
        read,
        name=name,
        ike_version=version,
        is_aggressive=values.read("aggressive", parse_switch, False),
        local=_end("local", section, values),
        remote=_end("remote", section, values),
        proposals=values.proposals("proposals", "ike", _items(values, "proposals"))
        or (DEFAULT_PROPOSALS["ike"],),
        lifetime=_ike_lifetime(values),
        dpd_delay_s=values.read("dpd_delay", swanctl_time, 0),
        forces_encap=values.read("encap", parse_switch, False),
    )


def _end(side: str, section: Section, values: Values) -> PeerEnd:
    """Return one end of a connection, with the method and id of its first authentication round."""
    rounds = [
        _values(one, options.IN_AUTH, values)
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
    values = _values(section, options.IN_CHILD, connection)
    rekey_s = values.read("rekey_time", swanctl_time, 3600)
    hard_s = values.read("life_time", swanctl_time, UINT64_MAX)
    if hard_s == UINT64_MAX:
        hard_s = (rekey_s * 110 & UINT64_MAX) // 100
    esp = values.proposals("esp_proposals", "esp", _items(values, "esp_proposals"))
    ah = values.proposals("ah_proposals", "ah", _items(values, "ah_proposals"))
    mode = values.read("mode", lambda text: next(iter(_MODES & {text.lower()}), None), "tunnel")
    if mode == "iptfs":
        values.doubt("mode", "has a value that only newer versions know")
    return PeerChild(
        name=name,
        proposals=esp + ah or (DEFAULT_PROPOSALS["esp"],),
        local_subnets=values.selectors("local_ts", _items(values, "local_ts"), SWANCTL),
        remote_subnets=values.selectors("remote_ts", _items(values, "remote_ts"), SWANCTL),
        lifetime=Lifetime(rekey_s, hard_s),
        mode=mode,
        has_sha256_96=values.read("sha256_96", parse_switch, False),
    )


def _items(values: Values, name: str) -> list[str]:
    """Split a comma-separated option into items; like strongSwan, cut items at 511 characters."""
    return [one[:_ITEM_LENGTH] for one in split_list(values.text(name) or "")]


def _ike_lifetime(values: Values) -> Lifetime:
    """Return the lifetime of the IKE SA; a time of ``UINT64_MAX`` counts as missing."""
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


def _auth(text: str) -> str | None:
    """Return the kind of an authentication method: psk, pubkey, xauth or eap; None for others."""
    word = text.lower()
    return word if word == "psk" else auth_class(text, word)
