"""The options of strongSwan 5.9.8: those to store, and those whose values are only checked.

References
----------
swanctl.conf(5) and ipsec.conf(5) of strongSwan 5.9.8.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vpnframe.peers.sections import Check, Vocabulary
from vpnframe.peers.values import (
    leading_int,
    parse_number,
    parse_switch,
    starter_time,
    swanctl_time,
)

_PRINTABLE = re.compile(r"[ -~]*")
_BYTES = re.compile(r" *[kmg]?", re.IGNORECASE)
_ACTIONS = frozenset({"none", "clear", "start", "restart", "trap", "route", ""})


def is_printable(text: str) -> bool:
    """Check whether a value is printable ASCII; strongSwan rejects other values in swanctl.conf."""
    return _PRINTABLE.fullmatch(text) is not None


def one_of(words: str) -> Check:
    """Return a check that accepts the words, but gives None for words written as ``?word``."""
    known = {word.removeprefix("?"): None if word[0] == "?" else True for word in words.split()}
    return lambda text: known.get(text, False)


def _parses(parse: Callable[[str], object], *words: str) -> Check:
    """Return a check that accepts ``words``, and each value that ``parse`` can parse."""
    return lambda text: text in words or parse(text) is not None


def _in_full(base: int, *words: str) -> Check:
    """Return a check that accepts ``words``, an integer in ``base``, and the empty string."""
    return lambda text: text in words or not leading_int(text, base)[1]


def _is_mark(text: str) -> bool | None:
    """Return True if a string is a packet mark such as ``1`` or ``1/0xff``, otherwise None."""
    value, slash, mask = text.partition("/")
    return None if leading_int(value, 0)[1] or (slash and leading_int(mask, 0)[1]) else True


_UNIQUE = ("%unique", "%unique-dir")
_SWANCTL: dict[str, Check] = {
    "text": lambda text: True,
    "switch": _parses(parse_switch),
    "number": _parses(parse_number),
    "binary": _parses(lambda text: parse_number(text, 2)),
    "time": _parses(swanctl_time),
    "bytes": _parses(lambda text: _BYTES.fullmatch(leading_int(text[:15], 0)[1])),
    "actions": lambda text: {one.strip(" ").lower() for one in text.split("|")} <= _ACTIONS,
    "mark": _parses(_is_mark, *_UNIQUE),
    "set mark": _parses(_is_mark, "%same"),
    "interface": _parses(parse_number, *_UNIQUE),
    "padding": _parses(parse_number, "mtu"),
}
_STARTER: dict[str, Check] = {
    "text": lambda text: True,
    "number": _in_full(10),
    "binary": _in_full(2),
    "time": _parses(starter_time),
    "percent": lambda text: leading_int(text)[1] == "%" != text,
    "mark": _parses(_is_mark, *_UNIQUE),
    "tries": _in_full(10, "%forever"),
    "padding": _in_full(10, "%mtu"),
}


def _swanctl(kind: str) -> Check:
    check, is_word = _SWANCTL.get(kind), one_of(kind)
    return lambda text: is_printable(text) and (check(text) if check else is_word(text.lower()))


def _starter(kind: str) -> Check:
    return _STARTER.get(kind) or one_of(kind)  # words are case-sensitive


def _checks(check_of: Callable[[str], Check], kinds: Mapping[str, str]) -> dict[str, Check]:
    """Return the check of each option; ``kinds`` maps a kind of value to option names."""
    return {name: check_of(kind) for kind, names in kinds.items() for name in names.split()}


def words(text: str) -> frozenset[str]:
    """Split a string at blanks, and return the words as a set."""
    return frozenset(text.split())


# The options of swanctl.conf, by section. Options that are not compared are listed too, because
# strongSwan loads no connection that has an unknown option, or an option in the wrong section.
_CONNECTION = words(
    "version local_addrs remote_addrs proposals vips aggressive encap dpd_delay reauth_time "
    "rekey_time over_time"
)
CONNECTION_OTHERS = _checks(
    _swanctl,
    {
        "switch": "pull mobike send_certreq ppk_required mediation",
        "number": "local_port remote_port keyingtries",
        "time": "dpd_timeout rand_time",
        "binary": "dscp",
        "interface": "if_id_in if_id_out",
        "yes no accept force": "fragmentation",
        "never allow force ?prefer": "childless",
        "always never ifasked": "send_cert",
        "no never keep replace": "unique",
        "text": "ppk_id pools mediated_by mediation_peer",
    },
)
_AUTH = words("auth id round")
_AUTH_OTHERS = _checks(
    _swanctl,
    {
        "strict ifuri relaxed": "revocation",
        "text": "certs cacerts pubkeys eap_id aaa_id xauth_id groups cert_policy ca_id",
    },
)
_CHILD = words("esp_proposals ah_proposals local_ts remote_ts rekey_time life_time mode sha256_96")
CHILD_OTHERS = _checks(
    _swanctl,
    {
        "switch": "hostaccess policies policies_fwd_out ipcomp mark_in_sa copy_df copy_ecn",
        "number": "rekey_packets life_packets rand_packets reqid priority replay_window",
        "time": "rand_time inactivity",
        "bytes": "rekey_bytes life_bytes rand_bytes",
        "actions": "dpd_action start_action close_action",
        "mark": "mark_in mark_out",
        "set mark": "set_mark_in set_mark_out",
        "interface": "if_id_in if_id_out",
        "padding": "tfc_padding",
        "yes no auto ?packet ?crypto": "hw_offload",
        "yes no in out": "copy_dscp",
        "system simple ?selinux": "label_mode",
        "text": "updown interface label",
    },
)
_CERTIFICATE = _checks(_swanctl, {"number": "slot", "text": "file handle module"})
IN_CONNECTION = _CONNECTION | CONNECTION_OTHERS.keys()
IN_AUTH = _AUTH | _AUTH_OTHERS.keys()
IN_CHILD = _CHILD | CHILD_OTHERS.keys()
SWANCTL = Vocabulary(
    _CONNECTION | _AUTH | _CHILD,
    CONNECTION_OTHERS | _AUTH_OTHERS | CHILD_OTHERS | _CERTIFICATE,
)

# The options of conn sections in ipsec.conf. strongSwan only warns about an unknown keyword.
_SIDES = ("left", "right")
_END = words("id subnet auth sourceip protoport allowany")
CONN = words(
    "left right keyexchange type aggressive authby forceencaps ikelifetime lifetime margintime "
    "rekey ike esp ah dpddelay dpdaction sha256_96 auto"
) | {f"{side}{option}" for side in _SIDES for option in _END}
CONN_SYNONYMS = {
    "keylife": "lifetime",
    "rekeymargin": "margintime",
    "leftsubnetwithin": "leftsubnet",
    "rightsubnetwithin": "rightsubnet",
}
_OF_CONN = {
    "yes no": "compress installpolicy mobike mediation reauth",
    "yes no accept force": "fragmentation",
    "none clear hold restart": "closeaction",
    "push pull": "modeconfig",
    "server client": "xauth",
    "number": "lifebytes marginbytes lifepackets marginpackets reqid replay_window",
    "binary": "ikedscp",
    "tries": "keyingtries",
    "percent": "rekeyfuzz",
    "time": "dpdtimeout inactivity",
    "mark": "mark mark_in mark_out",
    "padding": "tfc",
    "text": "also eap_identity aaa_identity xauth_identity mediated_by me_peerid pfs pfsgroup eap "
    "leftnexthop rightnexthop",
}
_OF_END = {
    "yes no": "firewall hostaccess",
    "always ifasked never yes no": "sendcert",
    "number": "ikeport",
    "text": "dns updown auth2 id2 sigkey rsasigkey cert cert2 certpolicy ca ca2 groups groups2",
}
CONN_OTHERS = _checks(_starter, _OF_CONN) | {
    f"{side}{name}": check for side in _SIDES for name, check in _checks(_starter, _OF_END).items()
}
IPSEC = Vocabulary(CONN, CONN_OTHERS)
