"""The options of strongSwan 5.9 as data: which are used here, and which values others accept.

References
----------
swanctl.conf(5) and ipsec.conf(5) of strongSwan 5.9.8.
"""

from __future__ import annotations

from vpnframe.peers.option_values import starter_checks, swanctl_checks


def words(text: str) -> frozenset[str]:
    """Split a text into its words."""
    return frozenset(text.split())


# swanctl.conf, by section. Unused options are listed, too: strongSwan loads no connection with an
# option that it does not know, or that is in another section.
CONNECTION = words(
    "version local_addrs remote_addrs proposals vips aggressive encap dpd_delay reauth_time "
    "rekey_time over_time"
)
CONNECTION_OTHERS = swanctl_checks(
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
    }
)
AUTH = words("auth id round")
AUTH_OTHERS = swanctl_checks(
    {
        "strict ifuri relaxed": "revocation",
        "text": "certs cacerts pubkeys eap_id aaa_id xauth_id groups cert_policy ca_id",
    }
)
CHILD = words("esp_proposals ah_proposals local_ts remote_ts rekey_time life_time mode sha256_96")
CHILD_OTHERS = swanctl_checks(
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
    }
)
CERTIFICATE = swanctl_checks({"number": "slot", "text": "file handle module"})

# ipsec.conf, conn sections. strongSwan ignores an unknown keyword, with a warning.
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
CONN_OTHERS = starter_checks(_OF_CONN) | {
    f"{side}{name}": check for side in _SIDES for name, check in starter_checks(_OF_END).items()
}
