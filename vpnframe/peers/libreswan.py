"""Recognize Libreswan's ipsec.conf, which shares its name but not its grammar with strongSwan's.

References
----------
ipsec.conf(5) of Libreswan 5 and of Openswan 2.6: keywords and values that strongSwan does not have.
"""

from __future__ import annotations

import re

from vpnframe.peers.options import words
from vpnframe.peers.sections import Problem

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
    # Libreswan separates the group of a proposal by a semicolon.
    r'(?:ike|esp|ah)[ \t]*=[^#\n]*;[ \t]*(?:modp|dh|ecp)[0-9]+[ \t]*(?:[",#\n]|\Z)'
    r")",
    re.MULTILINE | re.IGNORECASE,
)
# If one of these occurs, the file is strongSwan's and such a value is a mistake.
_STRONGSWAN = re.compile(
    r"^[ \t]+(?:"
    r'(?:ike|esp|ah)[ \t]*=[^#\n]*![ \t]*"?[ \t]*(?:#|$)|'
    r'(?:left|right)auth[ \t]*=[ \t]*"?(?:psk|pubkey|eap|xauth)|'
    r"(?:charondebug|margintime|closeaction|installpolicy|inactivity|modeconfig|eap_identity|"
    r"(?:left|right)(?:firewall|hostaccess|allowany|dns|groups|auth2))[ \t]*="
    r")",
    re.MULTILINE,
)


def find_libreswan(text: str) -> Problem | None:
    r"""Find the line that shows that a file is Libreswan's; return None for strongSwan's.

    Examples
    --------
    >>> found = find_libreswan("conn a\n\tike=aes128-sha1;modp1024\n")
    >>> found.line, found.message[:46]
    (2, "a value shows that this is Libreswan's ipsec.c")
    """
    found = _KEYWORD.search(text)
    sign = f"the keyword {found[1].lower()}" if found else "a value"
    if found is None and not _STRONGSWAN.search(text):
        found = _VALUE.search(text)
    if found is None:
        return None
    return Problem(
        text.count("\n", 0, found.start()) + 1,
        f"{sign} shows that this is Libreswan's ipsec.conf, which has another grammar than "
        "strongSwan's: it is not compared",
    )
