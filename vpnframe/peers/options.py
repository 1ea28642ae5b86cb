"""The options of strongSwan 5.9, as data: which are used here, and which there are besides.

References
----------
swanctl.conf(5) and ipsec.conf(5) of strongSwan 5.9.8.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# swanctl.conf, by the section in which they stand. Options that strongSwan has besides count, too:
# it loads no connection with an option that it does not know, or that stands elsewhere.
CONNECTION = _words(
    "version local_addrs remote_addrs proposals vips aggressive encap dpd_delay reauth_time "
    "rekey_time over_time"
)
CONNECTION_OTHERS = _words(
    "local_port remote_port pull dscp mobike dpd_timeout fragmentation childless send_certreq "
    "send_cert ppk_id ppk_required keyingtries unique rand_time pools if_id_in if_id_out "
    "mediation mediated_by mediation_peer"
)
AUTH = _words("auth id round")
AUTH_OTHERS = _words(
    "certs cacerts pubkeys eap_id aaa_id xauth_id groups cert_policy revocation ca_id"
)
CHILD = _words("esp_proposals ah_proposals local_ts remote_ts rekey_time life_time mode sha256_96")
CHILD_OTHERS = _words(
    "rand_time rekey_bytes life_bytes rand_bytes rekey_packets life_packets rand_packets updown "
    "hostaccess policies policies_fwd_out dpd_action ipcomp inactivity reqid priority interface "
    "mark_in mark_in_sa mark_out set_mark_in set_mark_out if_id_in if_id_out label label_mode "
    "tfc_padding replay_window hw_offload copy_df copy_ecn copy_dscp start_action close_action"
)
CERTIFICATE = _words("file handle slot module")

# ipsec.conf, of a conn section. An unknown keyword is ignored there, with a warning.
_END = _words("id subnet auth sourceip protoport allowany")
CONN = _words(
    "left right keyexchange type aggressive authby forceencaps ikelifetime lifetime margintime "
    "rekey reauth ike esp ah dpddelay dpdaction sha256_96 auto"
) | {f"{side}{option}" for side in ("left", "right") for option in _END}
CONN_SYNONYMS = {
    "keylife": "lifetime",
    "rekeymargin": "margintime",
    "leftsubnetwithin": "leftsubnet",
    "rightsubnetwithin": "rightsubnet",
}
CONN_OTHERS = _words(
    "also compress installpolicy eap_identity aaa_identity mobike fragmentation ikedscp lifebytes "
    "marginbytes lifepackets marginpackets keyingtries rekeyfuzz dpdtimeout closeaction "
    "inactivity modeconfig xauth xauth_identity mediation mediated_by me_peerid reqid mark mark_in "
    "mark_out tfc replay_window pfs pfsgroup eap leftnexthop rightnexthop"
) | {
    f"{side}{option}"
    for side in ("left", "right")
    for option in _words(
        "ikeport dns firewall hostaccess updown auth2 id2 sigkey rsasigkey cert cert2 certpolicy "
        "sendcert ca ca2 groups groups2"
    )
}
