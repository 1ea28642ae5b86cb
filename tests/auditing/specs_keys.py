"""The rules of ``rules/keys.py``: cases, edges, evidence and severities."""

from __future__ import annotations

from audit_helpers import FIRST, NEXT, SECOND, inventory
from rule_fleets import (
    DOWN,
    IKE_ONLY,
    OTHER_PEER,
    SHARED,
    Case,
    Edge,
    F,
    P,
    Spec,
    U,
    key,
    no_key,
    of,
    of_key,
    one,
    same_peer,
    shared_ike,
)

SPECS = {
    "vpn-psk-published": Spec(
        "critical",
        Case(key(psk_class="published", psk_bits=0), "critical", key(psk_class="random"), no_key),
        fail=["the key is published"],
        unknown=["not judged: psk_class is missing or unknown"],
        edges=[
            *(Edge(of_key(word), P) for word in ("derived", "dictionary", "patterned", "random")),
            Edge(of_key("odd"), U),
            Edge(one(auth_method="certificate"), ""),
            Edge(of({"auth_method": "unknown"}, keys=[{"psk_class": "published"}]), U),
        ],
    ),
    "vpn-psk-weak": Spec(
        "high",
        Case(key(psk_bits=63), "high", key(psk_bits=80), no_key),
        fail=["the key has under 64 bits by estimate"],
        unknown=["not judged: psk_bits is missing or unknown"],
        edges=[
            Edge(of_key("random", 64), F, "medium", ["the key has 64 to 79 bits by estimate"]),
            Edge(of_key("random", 63), F, "high", ["the key has under 64 bits by estimate"]),
            Edge(of_key("random", 79), F, "medium"),
            Edge(of_key("random", 80), P),
            Edge(of_key("random", 111), P),
        ],
    ),
    "vpn-psk-reused": Spec(
        "high",
        Case(
            lambda: inventory(
                {},
                NEXT | OTHER_PEER | {"onprem_subnets": ["10.9.0.0/24"]},
                keys=[{"psk_fingerprint": "same"}] * 2,
            ),
            "high",
            lambda: inventory({}, NEXT | OTHER_PEER),
            no_key,
        ),
        fail=[
            "the key is also used with other customer gateways, in these connections: vco-2",
            "the key is also used with other customer gateways, in these connections: vco-1",
        ],
        unknown=["not judged: nothing is known about the key"],
    ),
    "vpn-psk-derived": Spec(
        "critical",
        Case(
            key(psk_class="derived", psk_bits=63),
            "critical",
            key(psk_class="derived", psk_bits=64),
            no_key,
        ),
        fail=["the key is built from known data of the connection, such as its name"],
        unknown=["not judged: psk_class is missing or unknown"],
        edges=[
            *(
                Edge(of_key(word, 20), P)
                for word in ("published", "dictionary", "patterned", "random")
            ),
            Edge(of_key("odd", 20), U),
        ],
    ),
    "vpn-psk-unavailable": Spec(
        "info",
        Case(None, None, one(), one(psk_state="masked")),
        unknown=["the key is masked"],
        edges=[
            Edge(one(psk_state="absent"), U, told=["the key is absent"]),
            Edge(one(psk_state="masked"), U, told=["the key is masked"]),
            Edge(one(psk_state=None), U, told=["the key is not known"]),
            Edge(no_key, U, told=["the key is present, but no facts about it are stored"]),
            *(
                Edge(
                    one(auth_method=word),
                    U,
                    told=["the key is not known, and the tunnel may have none"],
                )
                for word in (None, "unknown", "eap")
            ),
        ],
        never="fail",
    ),
    "vpn-id-any": Spec(
        "medium",
        Case(
            one(customer_gateway_ike_id="%any"), "medium", one(customer_gateway_ike_id=None), None
        ),
        fail=["customer_gateway_ike_id is %any"],
        edges=[
            *(
                Edge(one(customer_gateway_ike_id=text), F, "medium")
                for text in ("%ANY", " 0.0.0.0", "::")
            ),
            Edge(
                one(customer_gateway_ike_id="%any", ike_version=1, ike_mode="aggressive"), F, "high"
            ),
            Edge(one(customer_gateway_ike_id="%any", ike_version=1), F, "medium"),
        ],
        never="unknown",
    ),
    "vpn-ike-shared-peer-mismatch": Spec(
        "high",
        Case(
            shared_ike(IKE_ONLY, IKE_ONLY | {"ike_integrity": "hmac-sha512"}),
            "high",
            lambda: inventory(
                {"ike_version": 1},
                NEXT | {"ike_version": 1, "onprem_subnets": ["10.9.0.0/24"]},
                keys=[{"psk_fingerprint": "same"}] * 2,
            ),
            lambda: inventory({}, NEXT, keys=[{"psk_fingerprint": "same"}, None]),
        ),
        fail=[
            "2 connections between 47.1.2.3 and 91.1.2.3 differ in ike_integrity, psk_fingerprint",
            "2 connections between 47.1.2.3 and 91.1.2.3 differ in ike_integrity, psk_fingerprint",
        ],
        unknown=[
            "not judged: ike_version, ike_mode, ike_encryption, ike_integrity, ike_dh_group, "
            "vpn_gateway_ike_id, customer_gateway_ike_id, psk_fingerprint is missing or unknown",
            "not judged: ike_version, ike_mode, ike_encryption, ike_integrity, ike_dh_group, "
            "vpn_gateway_ike_id, customer_gateway_ike_id, psk_fingerprint is missing or unknown",
        ],
        edges=[
            Edge(of(FIRST, SECOND | {"ike_integrity": "hmac-sha512"}), f"{P} {P}"),
            Edge(one(customer_gateway_ip=None), U),
            Edge(one(vpn_gateway_ip=None), U),
            Edge(same_peer({}, {"ike_mode": "aggressive"}), f"{P} {P}"),
            Edge(same_peer({}, {"vpn_gateway_ike_id": "47.1.2.3"}), f"{P} {P}"),
            Edge(same_peer({}, {"vpn_gateway_ike_id": "b"}), f"{F} {F}", "info"),
            Edge(
                same_peer(DOWN, DOWN | {"vpn_gateway_ike_id": "a"}),
                f"{F} {F}",
                "high",
                [
                    f"{SHARED}vpn_gateway_ike_id",
                ]
                * 2,
            ),
            Edge(
                same_peer({}, {"ike_dh_group": 5, "ike_encryption": "des-cbc"}),
                f"{F} {F}",
                "info",
                [
                    f"{SHARED}ike_encryption, ike_dh_group",
                ]
                * 2,
            ),
            Edge(
                same_peer(DOWN, DOWN, prints=("f", "g")),
                f"{F} {F}",
                "high",
                [
                    f"{SHARED}psk_fingerprint",
                ]
                * 2,
            ),
            Edge(
                same_peer({"auth_method": "certificate"}, {"auth_method": "certificate"}),
                f"{P} {P}",
            ),
        ],
    ),
    "vpn-id-equal": Spec(
        "medium",
        Case(
            one(vpn_gateway_ike_id="a.example", customer_gateway_ike_id="a.example"),
            "medium",
            one(vpn_gateway_ike_id=None, customer_gateway_ike_id=None),
            None,
        ),
        fail=["the identity of both ends is a.example"],
        edges=[
            Edge(one(vpn_gateway_ike_id="", customer_gateway_ike_id=" "), P),
            Edge(one(vpn_gateway_ike_id="a ", customer_gateway_ike_id="a"), F),
        ],
        never="unknown",
    ),
}
