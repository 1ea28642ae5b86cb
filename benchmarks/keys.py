"""What judging a pre-shared key takes, over the emulator's fleet and over keys of other kinds.

    python benchmarks/keys.py [CONNECTIONS]

Prints figures, asserts nothing about them. The first key also loads the words.
"""

from __future__ import annotations

import random
import statistics
import string
import sys
import time
from collections.abc import Iterable, Sequence

from vpnframe.emulator import EmulatedFleet, make_fleet
from vpnframe.model.psk import FingerprintKey, key_facts

CONNECTIONS = 5000
GOAL_MS = 0.2
KEY = FingerprintKey(bytes(32))
Known = tuple[str, Sequence[str]]  # a key, and what is known of whose it is


def of_fleet(fleet: EmulatedFleet) -> list[Known]:
    """Every key of a fleet with hints as a crawl has them."""
    gateways = {gateway.vpn_gateway_id: gateway for gateway in fleet.vpn_gateways}
    customers = {gateway.customer_gateway_id: gateway for gateway in fleet.customer_gateways}
    known: list[Known] = []
    for connection in fleet.connections:
        gateway = gateways.get(connection.vpn_gateway_id or "")
        hints = [connection.vpn_connection_id, connection.name or "", *map(str, connection.tags)]
        if gateway is not None:
            hints += [gateway.vpn_gateway_id, gateway.name or "", gateway.internet_ip]
        for tunnel in connection.tunnels:
            customer = customers[tunnel.customer_gateway_id]
            more = [customer.customer_gateway_id, customer.name or "", customer.ip_address]
            if tunnel.psk is not None:
                known.append((tunnel.psk, [*hints, *more]))
    return known


def drawn(length: int, n: int) -> list[Known]:
    """Random keys of one length."""
    chance = random.Random(length)
    alphabet = string.ascii_letters + string.digits
    return [("".join(chance.choices(alphabet, k=length)), ()) for _ in range(n)]


def mean_ms(keys: Iterable[Known]) -> float:
    """Milliseconds of CPU a key, the best of three rounds."""
    known, rounds = list(keys), []
    for _ in range(3):
        start = time.process_time()
        for key, hints in known:
            key_facts(key, hints=hints, fingerprint_key=KEY)
        rounds.append(1000 * (time.process_time() - start) / len(known))
    return min(rounds)


def main() -> None:
    """Print a table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    start = time.process_time()
    key_facts("the first", fingerprint_key=KEY)
    print(f"the first key, with the words: {1000 * (time.process_time() - start):.0f} ms")
    fleet = of_fleet(make_fleet(connections=n, regions=10))
    print(f"the fleet's {len(fleet):,} keys: {mean_ms(fleet):.3f} ms a key, goal {GOAL_MS}")
    for length in (8, 11, 16, 32, 64, 100):
        print(f"random, {length} characters: {mean_ms(drawn(length, 200)):.3f} ms")
    words = [(f"Sunshine#Dragon{n}", ()) for n in range(10, 60)]
    print(f"words and two digits: {mean_ms(words):.3f} ms")
    classes = [key_facts(key, hints=hints, fingerprint_key=KEY).key_class for key, hints in fleet]
    print({kind: classes.count(kind) for kind in sorted({str(kind) for kind in classes})})
    print(f"hints: {statistics.median(len(hints) for _, hints in fleet):.0f} a key")


if __name__ == "__main__":
    main()
