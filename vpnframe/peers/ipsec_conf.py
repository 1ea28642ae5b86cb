"""Convert ipsec.conf to the connections that the legacy starter passes to charon.

A file may be written for both ends: the addresses of the machine decide whether left or right is
local. Here left is assumed to be local; :mod:`vpnframe.peers.pairing` swaps the sides if the
addresses require it.

References
----------
ipsec.conf(5) of strongSwan 5.9: every keyword, and its default.
"""

from __future__ import annotations

from dataclasses import replace

from vpnframe.peers.ipsec_syntax import ConnFile, ConnSection
from vpnframe.peers.model import (
    Lifetime,
    PeerChild,
    PeerConnection,
    PeerEnd,
    PeerProposal,
    Protocol,
)
from vpnframe.peers.selector_syntax import ALL_TRAFFIC, IPSEC, read_selector, read_traffic
from vpnframe.peers.selectors import DYNAMIC, Selector
from vpnframe.peers.tokens import default_proposal
from vpnframe.peers.values import Doubts, Values, split_list, starter_time

_VERSIONS = {"ike": 0, "ikev1": 1, "ikev2": 2}
_SWITCH = {"no": False, "yes": True}
_MODES = {
    "tunnel": "tunnel",
    "transport": "transport",
    "transport_proxy": "transport",
    "beet": "beet",
    "passthrough": "pass",
    "pass": "pass",
    "drop": "drop",
    "reject": "drop",
}
_NO_TUNNEL = frozenset({"pass", "drop"})
_DPD_ACTIONS = {word: word for word in ("none", "clear", "hold", "restart")}
_LOADED = frozenset({"add", "route", "start"})
_AUTHBY = dict.fromkeys(("psk", "secret", "xauthpsk"), "psk") | dict.fromkeys(
    ("pubkey", "rsasig", "rsa", "ecdsasig", "ecdsa", "xauthrsasig", "never"), "pubkey"
)
_ANY = frozenset({"%any", "%any4", "%any6"})
_PROPOSALS: dict[Protocol, str] = {"ike": "aes128-sha256-modp3072", "esp": "aes128-sha256"}


_AUTHS = ("leftauth", "rightauth")


def ipsec_connections(file: ConnFile) -> tuple[PeerConnection, ...]:
    r"""Return the connections of an ipsec.conf.

    Sections that differ only in name and phase 2 share one IKE SA, as in charon: they become one
    connection with several children.

    Examples
    --------
    >>> from vpnframe.peers.ipsec_syntax import parse_ipsec_conf
    >>> file = parse_ipsec_conf("conn a\n\tright=192.0.2.1\n\tkeyexchange=ikev2\n\tauto=add\n")
    >>> [(one.ike_version, one.remote.addresses) for one in ipsec_connections(file)]
    [(2, ('192.0.2.1',))]
    """
    found: dict[tuple[PeerConnection, tuple[str, ...]], PeerConnection] = {}
    for name, section in file.conns.items():
        connection = _connection(name, section)
        # Constraints on keys, as in rsa-2048, are not stored, but they distinguish connections.
        values = Values(section.settings, Doubts())
        asked = [(values.text(side) or "").partition("-")[2] for side in _AUTHS]
        shared = replace(connection, name="", children=(), notes=()), tuple(asked)
        known = found.get(shared)
        if known is None:
            found[shared] = connection
            continue
        found[shared] = replace(
            known,
            children=(*known.children, *connection.children),
            notes=(*known.notes, *connection.notes),
        )
    return tuple(found.values())


def _connection(name: str, section: ConnSection) -> PeerConnection:
    doubts = Doubts()
    doubts.notes.extend(
        f"line {line}: a keyword that strongSwan 5.9 does not know, and ignores"
        for line in section.unknown_lines
    )
    doubts.refusals.extend(
        f"line {line}: {name} cannot be read"
        for name, (is_taken, line) in section.others.items()
        if is_taken is False
    )
    values = Values(section.settings, doubts)
    if (values.text("auto") or "ignore") not in _LOADED:
        doubts.refusals.append("without auto=add, route or start it is never loaded")
    child = _child(name, values)
    dpd_action = values.read("dpdaction", _DPD_ACTIONS.get, "none")
    dpd_delay_s = values.read("dpddelay", starter_time, 30)
    return PeerConnection(
        name=name,
        ike_version=values.read("keyexchange", _VERSIONS.get, 0),
        is_aggressive=values.read("aggressive", _SWITCH.get, False),
        local=_end("left", values),
        remote=_end("right", values),
        proposals=_proposals(values, "ike", "ike"),
        lifetime=_lifetime(values, "ikelifetime", 3 * 3600, bits=32),
        dpd_delay_s=0 if dpd_action == "none" else dpd_delay_s,
        forces_encap=values.read("forceencaps", _SWITCH.get, False),
        children=() if child.mode in _NO_TUNNEL else (child,),
        refused="; ".join(doubts.refusals) or None,
        may_not_load=doubts.may_not_load,
        notes=tuple(doubts.notes),
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
    """Return the class of an authentication; authby applies only if neither side sets auth."""
    shared = values.read("authby", _AUTHBY.get, "pubkey")
    if not values.text("leftauth") and not values.text("rightauth"):
        return shared
    word = values.text(f"{side}auth") or "pubkey"
    if word in {"psk", "secret"}:
        return "psk"
    for known in ("ike:", "pubkey", "rsa", "ecdsa", "bliss"):
        if word.startswith(known):
            return "pubkey"
    return next((known for known in ("xauth", "eap") if word.startswith(known)), "any")


def _child(name: str, values: Values) -> PeerChild:
    if values.text("esp") and values.text("ah"):
        values.note("ah", "is set together with esp: strongSwan uses only one of them")
    is_ah = values.text("ah") is not None and values.text("esp") is None
    return PeerChild(
        name=name,
        proposals=_proposals(values, "ah", "ah") if is_ah else _proposals(values, "esp", "esp"),
        local_subnets=_selectors("left", values),
        remote_subnets=_selectors("right", values),
        lifetime=_lifetime(values, "lifetime", 3600),
        mode=values.read("type", _MODES.get, "tunnel"),
        has_sha256_96=values.read("sha256_96", _SWITCH.get, False),
    )


def _selectors(side: str, values: Values) -> tuple[Selector, ...]:
    """Return traffic selectors (default: the end's address); strongSwan skips invalid blocks."""
    name, default = f"{side}subnet", f"{side}protoport"
    traffic = read_traffic(values.text(default) or "", IPSEC)
    if traffic is None:
        values.refuse(default, "cannot be read")
        traffic = ALL_TRAFFIC
    texts = split_list(values.text(name) or "") or (IPSEC.dynamic,)
    found = [one for one in (read_selector(text, IPSEC, traffic) for text in texts) if one]
    if len(found) < len(texts):
        values.note(name, "has a block that cannot be read: strongSwan skips it")
    if any(one.has_unknown_name for one in found):
        values.note(name, "names a protocol or a port that not every machine knows")
    # A block that some machines skip counts as unknown.
    known = tuple(replace(one, networks=None) if one.has_unknown_name else one for one in found)
    return known or (DYNAMIC,)


def _proposals(values: Values, name: str, protocol: Protocol) -> tuple[PeerProposal, ...]:
    """Return proposals, followed by the daemon's defaults unless the text ends with !."""
    text = values.text(name)
    if text is None:
        text = _PROPOSALS.get(protocol, "")
    # Unlike in swanctl.conf, an empty item between two commas is a proposal, and an invalid one.
    found = values.proposals(text.removesuffix("!").split(","), name, protocol)
    if any(one.is_default for one in found):
        values.refuse(name, "has the word default, which only swanctl.conf has")
    return found if text.endswith("!") else (*found, default_proposal(protocol))


def _lifetime(values: Values, name: str, default_s: int, *, bits: int = 64) -> Lifetime:
    """Return the lifetime: keys are renewed margintime before they expire, or never (rekey=no)."""
    largest = 2**bits - 1
    hard_s = values.read(name, starter_time, default_s) & largest
    margin_s = values.read("margintime", starter_time, 9 * 60) & largest
    renews = values.read("rekey", _SWITCH.get, True)
    return Lifetime(max(0, hard_s - margin_s) if renews else 0, hard_s)
