"""List a fleet's tunnels, resource counts and planted defects without use of tested code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from vpnframe.emulator.fleet.model import EmulatedConnection, EmulatedFleet

_AES = {"aes": "aes-128", "aes192": "aes-192", "aes256": "aes-256"}
_VPN_TYPES = {"Normal": "normal", "NationalStandard": "sm"}


def answer_key(fleet: EmulatedFleet) -> dict[str, object]:
    """Return a fleet's planted defects, tunnel settings and resource counts, but no secrets."""
    tunnels = [row for connection in fleet.connections for row in _tunnel_rows(connection)]
    regions = Counter(connection.region_id for connection in fleet.connections)
    accounts = Counter(connection.account_id for connection in fleet.connections)
    return {
        "seed": fleet.seed,
        "planted": [
            {"plant_id": plant.plant_id, "vpn_connection_ids": list(plant.vpn_connection_ids)}
            for plant in fleet.planted
        ],
        "tunnels": tunnels,
        "counts": {
            "connections": len(fleet.connections),
            "tunnels": len(tunnels),
            "vpcs": len(fleet.vpcs),
            "vpn_gateways": dict(Counter(_VPN_TYPES[g.vpn_type] for g in fleet.vpn_gateways)),
            "customer_gateways": len(fleet.customer_gateways),
            "connections_per_region": {r.region_id: regions[r.region_id] for r in fleet.regions},
            "connections_per_account": {
                a.account_id: accounts[a.account_id] for a in fleet.accounts
            },
            "connections_per_attach_type": dict(Counter(c.attach_type for c in fleet.connections)),
        },
    }


def _tunnel_rows(connection: EmulatedConnection) -> Iterator[dict[str, str | int | None]]:
    """Yield a table row for each tunnel of a connection.

    A tunnel without an index gets its position, from 1, among the tunnels sorted by tunnel id.
    """
    by_id = sorted(connection.tunnels, key=lambda tunnel: tunnel.tunnel_id or "")
    for tunnel in connection.tunnels:
        proposal = tunnel.proposal
        yield {
            "account_id": connection.account_id,
            "region_id": connection.region_id,
            "vpn_connection_id": connection.vpn_connection_id,
            "tunnel_id": tunnel.tunnel_id,
            "tunnel_index": tunnel.index or by_id.index(tunnel) + 1,
            "ike_version": int(proposal.ike_version.removeprefix("ikev")),
            "ike_mode": proposal.ike_mode,
            "ike_encryption": _cipher(proposal.ike_enc),
            "ike_integrity": f"hmac-{proposal.ike_auth.lower()}",
            "ike_dh_group": _group(proposal.ike_pfs),
            "ike_lifetime_s": proposal.ike_lifetime,
            "ipsec_encryption": _cipher(proposal.ipsec_enc),
            "ipsec_integrity": f"hmac-{proposal.ipsec_auth.lower()}",
            "ipsec_pfs_group": _group(proposal.ipsec_pfs),
            "ipsec_lifetime_s": proposal.ipsec_lifetime,
        }


def _cipher(word: str) -> str:
    return f"{_AES.get(word.lower(), word.lower())}-cbc"


def _group(word: str) -> int:
    """Return the number of a Diffie-Hellman group, or 0 for ``disabled``."""
    return 0 if word == "disabled" else int(word.removeprefix("group"))
