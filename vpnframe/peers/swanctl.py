"""Convert swanctl.conf to the connections that charon loads.

References
----------
swanctl.conf(5) of strongSwan 5.9: every option, and its default.
"""

from __future__ import annotations

from collections.abc import Set

from vpnframe.peers import options
from vpnframe.peers.c_numbers import UINT64_MAX
from vpnframe.peers.inheriting import Inheritance
from vpnframe.peers.model import (
    Lifetime,
    PeerChild,
    PeerConnection,
    PeerEnd,
    PeerProposal,
    Problem,
    Protocol,
)
from vpnframe.peers.option_values import is_printable, one_of
from vpnframe.peers.selector_syntax import SWANCTL, read_host, read_selector
from vpnframe.peers.selectors import DYNAMIC, Selector
from vpnframe.peers.settings_syntax import Section, Vocabulary, parse_settings
from vpnframe.peers.tokens import default_proposal
from vpnframe.peers.values import (
    Doubts,
    Values,
    parse_number,
    parse_switch,
    split_list,
    swanctl_time,
)

_VOCABULARY = Vocabulary(
    kept=options.CONNECTION | options.AUTH | options.CHILD,
    known=options.CONNECTION_OTHERS
    | options.AUTH_OTHERS
    | options.CHILD_OTHERS
    | options.CERTIFICATE,
    skipped=frozenset({"secrets", "authorities", "pools"}),
)
_ITEM_LENGTH = 511
_NO_TUNNEL = frozenset({"pass", "drop"})
_MODES = one_of("tunnel transport transport_proxy beet pass drop ?iptfs")


def parse_swanctl(text: str) -> Section | Problem:
    """Parse a swanctl.conf, without storing its secrets."""
    return parse_settings(text, _VOCABULARY)


def swanctl_connections(root: Section) -> tuple[PeerConnection, ...]:
    r"""Return the connections of a swanctl.conf.

    Examples
    --------
    >>> root = parse_swanctl("connections {\n hq {\n  remote_addrs = 192.0.2.1\n }\n}")
    >>> [one.remote.addresses for one in swanctl_connections(root)]
    [('192.0.2.1',)]
    """
    inheritance = Inheritance(root)
    listed = root.sections.get("connections", Section())
    return tuple(
        _connection(name, section) for name, section in inheritance.resolve(listed).sections.items()
    )


def _values(section: Section, allowed: Set[str], doubts: Doubts) -> Values:
    """Check a section's settings; charon rejects any that does not belong to that section."""
    settings = {name: one for name, one in section.settings.items() if one[0] is not None}
    values = Values(section.settings, doubts)
    for name, (text, line) in settings.items():
        if name not in allowed:
            doubts.refusals.append(f"line {line}: an option in the wrong section")
        elif not is_printable(text or ""):
            values.refuse(name, "has a character that is not printable ASCII")
    for name, (is_taken, line) in section.others.items():
        if name not in allowed:
            doubts.refusals.append(f"line {line}: an option in the wrong section")
        elif is_taken is False:
            doubts.refusals.append(f"line {line}: {name} cannot be read")
        elif is_taken is None:
            doubts.doubt(f"line {line}: {name} has a word of newer versions")
    for line in section.unknown_lines:
        doubts.doubt(f"line {line}: no option of strongSwan 5.9")
    doubts.notes.extend(f"line {line}: include is not followed" for line in section.included_lines)
    return values


def _connection(name: str, section: Section) -> PeerConnection:
    doubts = Doubts()
    values = _values(section, options.CONNECTION | options.CONNECTION_OTHERS.keys(), doubts)
    children = section.sections.get("children", Section()).sections
    read = [_child(child, one, doubts) for child, one in children.items()]
    for other in section.sections:
        if not other.lower().startswith(("local", "remote")) and other.lower() != "children":
            doubts.refusals.append("a section other than local, remote and children")
    if not all(map(read_host, split_list(values.text("vips") or ""))):
        values.refuse("vips", "cannot be read")
    return PeerConnection(
        name=name,
        ike_version=_version(values),
        is_aggressive=values.read("aggressive", parse_switch, False),
        local=_end("local", section, values, doubts),
        remote=_end("remote", section, values, doubts),
        proposals=_proposals(values, "proposals", "ike") or (default_proposal("ike"),),
        lifetime=_ike_lifetime(values),
        dpd_delay_s=values.read("dpd_delay", swanctl_time, 0),
        forces_encap=values.read("encap", parse_switch, False),
        children=tuple(child for child in read if child.mode not in _NO_TUNNEL),
        refused="; ".join(doubts.refusals) or None,
        may_not_load=doubts.may_not_load,
        notes=tuple(doubts.notes),
    )


def _end(side: str, section: Section, values: Values, doubts: Doubts) -> PeerEnd:
    """Return one end, by its first authentication round."""
    rounds = [
        _values(one, options.AUTH | options.AUTH_OTHERS.keys(), doubts)
        for name, one in section.sections.items()
        if name.lower().startswith(side)
    ]
    # By default charon authenticates itself by its key pair, and accepts anything.
    auth = "pubkey" if side == "local" else "any"
    ordered = sorted(
        (
            (one.read("round", parse_number, 0), one.read("auth", _auth, auth), one)
            for one in rounds
        ),
        key=lambda one: one[0],
    )
    _, auth, first = ordered[0] if ordered else (0, auth, None)
    return PeerEnd(
        addresses=split_list(values.text(f"{side}_addrs") or "") or ("%any",),
        ike_id=first.text("id") if first else None,
        auth=auth,
        has_virtual_ip=side == "local" and values.text("vips") is not None,
    )


def _child(name: str, section: Section, doubts: Doubts) -> PeerChild:
    values = _values(section, options.CHILD | options.CHILD_OTHERS.keys(), doubts)
    rekey_s = values.read("rekey_time", swanctl_time, 3600)
    hard_s = values.read("life_time", swanctl_time, UINT64_MAX)
    if hard_s == UINT64_MAX:
        hard_s = (rekey_s * 110 & UINT64_MAX) // 100
    esp = _proposals(values, "esp_proposals", "esp")
    ah = _proposals(values, "ah_proposals", "ah")
    return PeerChild(
        name=name,
        proposals=esp + ah or (default_proposal("esp"),),
        local_subnets=_selectors(values, "local_ts"),
        remote_subnets=_selectors(values, "remote_ts"),
        lifetime=Lifetime(rekey_s, hard_s),
        mode=_mode(values),
        has_sha256_96=values.read("sha256_96", parse_switch, False),
    )


def _proposals(values: Values, name: str, protocol: Protocol) -> tuple[PeerProposal, ...]:
    return values.proposals(_items(values, name), name, protocol)


def _items(values: Values, name: str) -> list[str]:
    """Return the items of a list; charon reads at most 511 characters of each."""
    return [one[:_ITEM_LENGTH] for one in split_list(values.text(name) or "")]


def _selectors(values: Values, name: str) -> tuple[Selector, ...]:
    """Return traffic selectors; default: the end's own address."""
    found = [read_selector(one, SWANCTL) for one in _items(values, name)]
    known = tuple(one for one in found if one)
    if len(known) < len(found):
        values.refuse(name, "has a selector that cannot be read")
    if any(one.has_unknown_name for one in known):
        values.doubt(name, "names a protocol or a port that not every machine knows")
    return known or (DYNAMIC,)


def _ike_lifetime(values: Values) -> Lifetime:
    """Return the lifetime of the IKE SA; the maximum number means that a time is not set."""
    reauth_s, rekey_s, over_s = (
        values.read(name, swanctl_time, UINT64_MAX)
        for name in ("reauth_time", "rekey_time", "over_time")
    )
    if reauth_s == rekey_s == UINT64_MAX:
        reauth_s, rekey_s = 0, 4 * 3600
    times = [0 if one == UINT64_MAX else one for one in (reauth_s, rekey_s)]
    longest_s = max(times)
    if over_s == UINT64_MAX:
        over_s = longest_s // 10
    soonest_s = min((one for one in times if one), default=0)
    return Lifetime(soonest_s, longest_s + over_s if longest_s else 0)


def _version(values: Values) -> int | None:
    version = values.read("version", parse_number, 0)
    if version not in (0, 1, 2):
        values.note("version", "is not 0, 1 or 2")
        return None
    return version


def _mode(values: Values) -> str:
    text = values.text("mode")
    mode = "tunnel" if text is None else text.lower()
    is_taken = _MODES(mode)
    if is_taken is False:
        values.refuse("mode", "cannot be read")
        return "tunnel"
    if is_taken is None:
        values.doubt("mode", "has a word of newer versions")
    return mode


def _auth(text: str) -> str | None:
    """Return the class of an authentication, without its constraints; None if unknown."""
    word = text.lower()
    if text.startswith(("ike:", "pubkey", "rsa", "ecdsa", "bliss")):
        return "pubkey"
    for known in ("xauth", "eap"):
        if word.startswith(known):
            return known
    return word if word == "psk" else None
