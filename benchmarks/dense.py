"""What overlaps and an audit take where thousands of connections have one block.

``python benchmarks/dense.py [CONNECTIONS]``; the goals for 5,000 are an audit within 5 s and
1 GiB, and overlaps within 300 MB. Each fleet is measured in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.review import examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.inventory import Inventory, flattening
from vpnframe.model.records import Records

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]
PLACE = {
    "account_id": "1",
    "region_id": "cn-hangzhou",
    "vpn_gateway_id": "vpn-1",
    "vpc_id": "vpc-1",
}
ROUTE = {"routing_mode": "route", "has_known_routes": True, "origin": "destination"}
POLICY = {"routing_mode": "policy", "origin": "selector"}


def policies(i: int, _: int) -> Row:
    """One policy on one gateway, a peer of its own each."""
    return POLICY | {"cidr": "192.168.0.0/24"}


def routes(i: int, _: int) -> Row:
    """One destination route."""
    return ROUTE | {"cidr": "192.168.0.0/24"}


def nested(i: int, _: int) -> Row:
    """Blocks of 25 sizes, each inside the next."""
    return ROUTE | {"cidr": f"10.0.0.0/{8 + i % 25}"}


def one_peer(i: int, _: int) -> Row:
    """All peers have one address."""
    return POLICY | {"cidr": "192.168.0.0/24", "peer": "198.51.100.1"}


def gateways(i: int, n: int) -> Row:
    """A VPN gateway for each ten connections of the VPC."""
    return ROUTE | {"cidr": "192.168.0.0/24", "vpn_gateway_id": f"vpn-{i % (n // 10 + 1)}"}


def into_the_vpc(i: int, _: int) -> Row:
    """Each leads to a block of the VPC itself."""
    return ROUTE | {"cidr": "172.16.9.0/24"}


FORMS: dict[str, Callable[[int, int], Row]] = {
    form.__name__: form for form in (policies, routes, nested, one_peer, gateways, into_the_vpc)
}


def fleet(form: str, n: int) -> Inventory:
    """Connections of one form, in a VPC that was read."""
    rows: dict[str, list[Row]] = {"tunnels": [], "connections": [], "subnets": []}
    for i in range(n):
        given = PLACE | FORMS[form](i, n) | {"vpn_connection_id": f"vco-{i:05}"}
        peer = given.pop("peer", f"198.18.{i // 250}.{i % 250 + 1}")
        rows["tunnels"].append(
            given
            | {"tunnel_index": 1, "tunnel_count": 1, "customer_gateway_ip": peer}
            | {"witnesses": "both"}
            | {"ike_version": 2, "ike_encryption": "aes-256-cbc", "auth_method": "psk"}
        )
        rows["connections"].append(given | {"n_tunnels": 1, "witnesses": "both"})
        block = given | {"peer_addresses": [peer], "family": 4, "cidr_raw": given["cidr"]}
        block |= {"vpn_gateway_ip": "47.0.0.1", "is_default_route": False}
        block |= {"prefix_length": int(given["cidr"].partition("/")[2])}
        rows["subnets"] += [
            block | {"side": "onprem"},
            block | {"side": "vpc", "cidr": "172.16.0.0/16", "prefix_length": 16},
        ]
    vpc = PLACE | {"vpc_id": "vpc-1", "cidrs": ["172.16.0.0/12"]}
    coverage = PLACE | {"status": "complete", "is_stable": True}
    found = rows | {"vpcs": [vpc], "coverage": [coverage]}
    empty = Inventory(**flattening.make_tables(Records()))
    return replace(empty, **{name: table(name, listed) for name, listed in found.items()})


def table(name: str, rows: list[Row]) -> Any:
    """A table of these rows; what they do not name is null, or 0 in coverage."""
    missing = 0 if name == "coverage" else None
    names = schema.find(name).names
    return schema.build(
        name, {column: [row.get(column, missing) for row in rows] for column in names}
    )


def measure(form: str, verb: str, n: int) -> None:
    """Print what one verb takes over one fleet."""
    inv = fleet(form, n)
    before, start = peak_mib(), time.perf_counter()
    if verb == "audit":
        found = len(examine(inv, settings=AuditSettings(now=NOW)).findings)
    else:
        overlaps = vf.overlaps(inv)
        found = int(overlaps["n_pairs"].sum())
    seconds = time.perf_counter() - start
    print(f"{form:13} {verb:9} {found:12,} {seconds:7.2f} {before:8,} {peak_mib():6,}")


def peak_mib() -> int:
    """The most memory that the process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Print a line for each fleet and verb; pairs for overlaps, findings for an audit."""
    if len(sys.argv) > 2:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        return
    n = sys.argv[1] if len(sys.argv) > 1 else "5000"
    print(f"{n} connections\nfleet         verb      pairs, findings  s   MiB before  after")
    for form in FORMS:
        for verb in ("overlaps", "audit"):
            command = [sys.executable, __file__, form, verb, n]
            subprocess.run(command, check=True)  # noqa: S603  this very file


if __name__ == "__main__":
    main()
