"""The rules of ``rules/crypto.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import FIRST, SECOND, SM, inventory, pair
from rule_fleets import Case, Edge, F, P, Spec, U, of, of_value, one

SPECS = {
    "vpn-ike-aggressive-mode": Spec(
        "high",
        Case(
            one(ike_version=1, ike_mode="aggressive"),
            "high",
            one(ike_version=2, ike_mode="aggressive"),
            one(ike_version=1, ike_mode=None),
        ),
        fail=["IKEv1 runs in aggressive mode"],
        unknown=["not judged: ike_mode is missing or unknown"],
        edges=[
            Edge(
                of({"ike_version": 1, "ike_mode": "aggressive"}, keys=[{"psk_bits": 79}]),
                F,
                "critical",
                ["IKEv1 runs in aggressive mode"],
            ),
            Edge(
                of({"ike_version": 1, "ike_mode": "aggressive"}, keys=[{"psk_bits": 80}]), F, "high"
            ),
        ],
    ),
    "vpn-ike-version-1": Spec(
        "medium",
        of_value("ike_version", 1, 2, "medium"),
        fail=["ike_version is 1"],
        unknown=["not judged: ike_version is missing or unknown"],
        is_verified=True,
    ),
    "vpn-encryption-none": Spec(
        "critical",
        of_value("ipsec_encryption", "none", "aes-128-cbc", "critical"),
        fail=["ike_encryption is aes-256-cbc, ipsec_encryption is none"],
        unknown=["not judged: ike_encryption, ipsec_encryption is missing or unknown"],
    ),
    "vpn-ike-des": Spec(
        "critical",
        of_value("ike_encryption", "des-cbc", "3des-cbc", "critical"),
        fail=["ike_encryption is des-cbc"],
        unknown=["not judged: ike_encryption is missing or unknown"],
    ),
    "vpn-ipsec-des": Spec(
        "critical",
        of_value("ipsec_encryption", "des-cbc", "3des-cbc", "critical"),
        fail=["ipsec_encryption is des-cbc"],
        unknown=["not judged: ipsec_encryption is missing or unknown"],
    ),
    "vpn-ike-3des": Spec(
        "medium",
        of_value("ike_encryption", "3des-cbc", "des-cbc", "medium"),
        fail=["ike_encryption is 3des-cbc"],
        unknown=["not judged: ike_encryption is missing or unknown"],
    ),
    "vpn-ipsec-3des": Spec(
        "high",
        of_value("ipsec_encryption", "3des-cbc", "aes-128-cbc", "high"),
        fail=["ipsec_encryption is 3des-cbc"],
        unknown=["not judged: ipsec_encryption is missing or unknown"],
    ),
    "vpn-ipsec-block-limit": Spec(
        "high",
        Case(
            one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=86400),
            "high",
            one(ipsec_encryption="3des-cbc", bandwidth_mbps=3, ipsec_lifetime_s=86400),
            one(ipsec_encryption="3des-cbc", bandwidth_mbps=None),
        ),
        fail=["3des-cbc at 4 Mbit/s over 86400 s can reach 2^32 blocks"],
        unknown=[
            "not judged: ipsec_encryption, bandwidth_mbps, ipsec_lifetime_s is missing or unknown"
        ],
        edges=[
            Edge(one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=68719), P),
            Edge(one(ipsec_encryption="3des-cbc", bandwidth_mbps=4, ipsec_lifetime_s=68720), F),
        ],
    ),
    "vpn-ike-md5": Spec(
        "medium",
        of_value("ike_integrity", "hmac-md5", "hmac-sha1", "medium"),
        fail=["ike_integrity is hmac-md5"],
        unknown=["not judged: ike_integrity is missing or unknown"],
    ),
    "vpn-ipsec-md5": Spec(
        "medium",
        of_value("ipsec_integrity", "hmac-md5", "hmac-sha1", "medium"),
        fail=["ipsec_integrity is hmac-md5"],
        unknown=["not judged: ipsec_integrity is missing or unknown"],
    ),
    "vpn-ike-sha1": Spec(
        "info",
        of_value("ike_integrity", "hmac-sha1", "hmac-md5", "info"),
        fail=["ike_integrity is hmac-sha1"],
        unknown=["not judged: ike_integrity is missing or unknown"],
    ),
    "vpn-ipsec-sha1": Spec(
        "info",
        of_value("ipsec_integrity", "hmac-sha1", "hmac-sha256", "info"),
        fail=["ipsec_integrity is hmac-sha1"],
        unknown=["not judged: ipsec_integrity is missing or unknown"],
    ),
    "vpn-ike-dh-1": Spec(
        "critical",
        of_value("ike_dh_group", 1, 2, "critical"),
        fail=["ike_dh_group is 1"],
        unknown=["not judged: ike_dh_group is missing or unknown"],
    ),
    "vpn-ike-dh-2": Spec(
        "medium",
        of_value("ike_dh_group", 2, 14, "medium"),
        fail=["ike_dh_group is 2"],
        unknown=["not judged: ike_dh_group is missing or unknown"],
    ),
    "vpn-ike-dh-5": Spec(
        "medium",
        of_value("ike_dh_group", 5, 14, "medium"),
        fail=["ike_dh_group is 5"],
        unknown=["not judged: ike_dh_group is missing or unknown"],
    ),
    "vpn-ike-dh-24": Spec(
        "medium",
        of_value("ike_dh_group", 24, 14, "medium"),
        fail=["ike_dh_group is 24"],
        unknown=["not judged: ike_dh_group is missing or unknown"],
    ),
    "vpn-ipsec-pfs-off": Spec(
        "medium",
        of_value("ipsec_pfs_group", 0, 14, "medium"),
        fail=["ipsec_pfs_group is 0, so PFS is off"],
        unknown=["not judged: ipsec_pfs_group is missing or unknown"],
    ),
    "vpn-ipsec-pfs-weak": Spec(
        "info",
        of_value("ipsec_pfs_group", 5, 0, "low"),
        fail=["ipsec_pfs_group is 5"],
        unknown=["not judged: ipsec_pfs_group is missing or unknown"],
    ),
    "vpn-lifetime-zero": Spec(
        "info",
        Case(None, None, one(), one(ipsec_lifetime_s=0)),
        unknown=["ike_lifetime_s is 28800, ipsec_lifetime_s is 0"],
        never="fail",
    ),
    "vpn-ipsec-lifetime-long": Spec(
        "info",
        of_value("ipsec_lifetime_s", 28801, 28800, "info"),
        fail=["ipsec_lifetime_s is 28801 with aes-256-cbc"],
        unknown=["not judged: ipsec_lifetime_s is missing or unknown"],
        edges=[
            *(
                Edge(one(ipsec_lifetime_s=28801, ipsec_encryption=word), F, "info")
                for word in ("aes-128-cbc", "aes-192-cbc", "sm4-cbc")
            ),
            Edge(one(ipsec_lifetime_s=28801, ipsec_encryption="3des-cbc"), F, "medium"),
        ],
    ),
    "vpn-lifetime-order": Spec(
        "info",
        Case(
            one(ike_lifetime_s=3600, ipsec_lifetime_s=3601),
            "info",
            one(ike_lifetime_s=3600, ipsec_lifetime_s=3600),
            one(ike_lifetime_s=None),
        ),
        fail=["ipsec_lifetime_s is 3601, which is more than ike_lifetime_s, 3600"],
        unknown=["not judged: ike_lifetime_s, ipsec_lifetime_s is missing or unknown"],
    ),
    "vpn-rekey-storm": Spec(
        "low",
        Case(
            one(ike_lifetime_s=899),
            "low",
            one(ike_lifetime_s=900, ipsec_lifetime_s=300),
            one(ipsec_lifetime_s=None),
        ),
        fail=["ike_lifetime_s is 899, ipsec_lifetime_s is 3600"],
        unknown=["not judged: ike_lifetime_s, ipsec_lifetime_s is missing or unknown"],
        edges=[
            Edge(one(ipsec_lifetime_s=299), F),
            Edge(one(ike_lifetime_s=0), U),
        ],
    ),
    "vpn-value-unknown": Spec(
        "info",
        Case(None, None, one(), one(ike_encryption="kuznyechik")),
        unknown=["ike_encryption is kuznyechik"],
        edges=[
            Edge(
                one(ike_encryption="rot13", ipsec_lifetime_s=None),
                U,
                told=[
                    "ike_encryption is rot13, ipsec_lifetime_s is missing",
                ],
            ),
            Edge(one(ike_lifetime_s=86400), P),
            Edge(one(ike_lifetime_s=86401), U),
            Edge(one(**SM), P),
        ],
        never="fail",
    ),
    "vpn-all-defaults": Spec(
        "medium",
        Case(
            one(
                ike_version=1,
                ike_encryption="aes-128-cbc",
                ike_integrity="hmac-md5",
                ike_dh_group=2,
                ike_lifetime_s=86400,
                ipsec_encryption="aes-128-cbc",
                ipsec_integrity="hmac-md5",
                ipsec_pfs_group=2,
                ipsec_lifetime_s=86400,
            ),
            "medium",
            one(),
            one(
                ike_version=1,
                ike_encryption="aes-128-cbc",
                ike_integrity="hmac-md5",
                ike_dh_group=None,
                ike_lifetime_s=86400,
                ipsec_encryption="aes-128-cbc",
                ipsec_integrity="hmac-md5",
                ipsec_pfs_group=2,
                ipsec_lifetime_s=86400,
            ),
        ),
        fail=[
            "phase 1 has aes-128-cbc, hmac-md5, group 2 and 86400 s; phase 2 has aes-128-cbc, "
            "hmac-md5, group 2 and 86400 s"
        ],
        unknown=[
            "not judged: ike_encryption, ike_integrity, ike_dh_group, ike_lifetime_s, "
            "ipsec_encryption, ipsec_integrity, ipsec_pfs_group, ipsec_lifetime_s is missing or "
            "unknown"
        ],
        is_verified=True,
    ),
    "vpn-tunnels-differ": Spec(
        "medium",
        Case(
            lambda: inventory(FIRST, SECOND | {"ipsec_lifetime_s": 7200}),
            "medium",
            lambda: inventory(*pair()),
            lambda: inventory(FIRST, SECOND | {"ike_integrity": None}),
        ),
        fail=["ipsec_lifetime_s 3600 and 7200"],
        unknown=[
            "not judged: ike_version, ike_mode, ike_encryption, ike_integrity, ike_dh_group, "
            "ike_lifetime_s, ipsec_encryption, ipsec_integrity, ipsec_pfs_group, "
            "ipsec_lifetime_s is missing or unknown"
        ],
        edges=[
            Edge(one(), ""),
            Edge(
                of(FIRST, SECOND | {"ike_dh_group": 5, "ipsec_pfs_group": 0}),
                F,
                "medium",
                [
                    "ike_dh_group 14 and 5, ipsec_pfs_group 14 and 0",
                ],
            ),
            Edge(
                of(FIRST, SECOND | {"ike_encryption": "des-cbc", "ike_integrity": None}),
                F,
                "medium",
                ["ike_encryption aes-256-cbc and des-cbc"],
            ),
        ],
    ),
    "vpn-sm-profile": Spec(
        "high",
        Case(
            one(**SM | {"has_peer_ca": False}), "high", one(**SM), one(**SM | {"has_peer_ca": None})
        ),
        fail=["these settings do not meet the SM suite: has_peer_ca"],
        unknown=[
            "not judged: ike_version, ike_mode, ike_encryption, ike_integrity, ipsec_encryption, "
            "ipsec_integrity, has_peer_ca is missing or unknown"
        ],
        edges=[
            Edge(
                one(**SM | {"has_peer_ca": False, "ike_mode": "aggressive"}),
                F,
                "high",
                [
                    "these settings do not meet the SM suite: ike_mode, has_peer_ca",
                ],
            ),
            Edge(one(), ""),
        ],
        is_verified=True,
    ),
}
