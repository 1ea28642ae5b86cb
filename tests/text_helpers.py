"""Made-up CIDR texts, good, nearly good and bad."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterator

from hypothesis import strategies as st

NASTY = [
    *["", " ", "/", "/8", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0//8", "a", "\n", "\ud800", "()"],
    *["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/008", "10.0.0.0/8 "],
    *[" 10.0.0.0/8", "10.0.0.0 /8", "10.0.0.0/8\n", "10.0.0.0/8\x00", "10.0.0.0/8,10.0.0.0/8"],
    *["256.0.0.0/8", "010.0.0.0/8", "10.00.0.0/8", "10.0.0/8", "10/8", "10.0.0.0.0/8", "1..0.0/8"],
    *["10.0.0.1/8", "10.0.0.0", "0.0.0.0/0", "255.255.255.255/32", "255.255.255.255", "1.0.0.0/0"],
    *["10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "10.0.0.0/255.0.255.0", "10.0.0.0/0x8"],
    *[
        "\uff11\uff10.0.0.0/8",
        "10.0.0.0/\uff18",
        "10\u30020.0.0/8",
        "1\u0660.0.0.0/8",
        "1e1.0.0.0/8",
        "1.2.3.4/3 2",
    ],
    *["10.0.0.256/32", "300.1.1.1", "10.256.0.0", "10.0.0.0/32 ", "1.2.3.4/", "1.2.3.4/5/"],
    *["::/0", "::", "::1/128", "::1/127", "2001:DB8::/32", "2001:0db8::/032", "2001:db8::/129"],
    *["fe80::%1/64", "fe80::1%eth0/128", "::ffff:10.0.0.0/104", "::ffff:10.0.0/104", ":::/8"],
    *["1:2:3:4:5:6:7:8:9/64", "12345::/16", "2001:db8::/ffff::", "0:0:0:0:0:0:0:0/0", "1.2.3.4:/8"],
    *[
        "99999999999999999999.0.0.0/8",
        "10.0.0.0/99999999999999999999",
        "10.0.0.0\r/8",
        "1.1.1.1/3\n2",
    ],
]

addresses = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n))),
    st.integers(0, 255).map(lambda n: f"{n}.0.0.0"),
    st.integers(0, 2**128 - 1).map(lambda n: str(ipaddress.IPv6Address(n))),
    st.lists(st.integers(0, 400).map(str), min_size=3, max_size=5).map(".".join),
)
prefixes = st.one_of(st.integers(0, 130).map(str), st.sampled_from(["", "08", "255.0.0.0", "x"]))
plausible = st.builds("{}/{}".format, addresses, prefixes)
mutated = st.builds(
    lambda text, at, mark: text[:at] + mark + text[at + 1 :],
    plausible,
    st.integers(0, 20),
    st.sampled_from([*"0123456789./: %,\n\t", "", "\uff10", "é"]),
)
any_texts = st.one_of(plausible, mutated, st.sampled_from(NASTY), st.text(max_size=12))

_MARKS = [
    *"0123456789abcdefABCDEF.:/:./%, \n\t\0-+x",
    "::",
    "\uff10",
    "\u0661",
    "é",
    "\ud800",
    "、",
]


def made_up_texts(n: int, *, seed: int = 1, at_once: int = 10_000) -> Iterator[list[str]]:
    """So many texts, in lists: blocks in every spelling, some with a few characters changed."""
    rng = random.Random(seed)
    for start in range(0, n, at_once):
        yield [_text(rng) for _ in range(min(at_once, n - start))]


def _text(rng: random.Random) -> str:
    text = rng.choice((_ipv4, _ipv4, _ipv6, _ipv6, _mapped))(rng)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 3))):
        text = _mutated(rng, text)
    return text


def _mutated(rng: random.Random, text: str) -> str:
    """One character left out, put in, replaced, or written twice."""
    at = rng.randrange(len(text) + 1)
    mark = rng.choice((rng.choice(_MARKS), text[at : at + 1], ""))
    return text[:at] + mark + text[at + rng.choice((0, 1)) :]


def _ipv4(rng: random.Random) -> str:
    length = rng.randrange(33)
    network = ipaddress.IPv4Network((rng.getrandbits(32), length), strict=False)
    written = [str(length), str(length), str(network.netmask), str(network.hostmask), "", "33"]
    address = network.network_address + rng.choice((0, 0, 0, 0, 1))
    octets = [int(octet) for octet in str(address).split(".")]
    text = ".".join(
        f"{octet:{rng.choice(('d', 'd', 'd', 'd', 'd', 'd', '03d'))}}" for octet in octets
    )
    return _with_length(rng, text, written)


def _ipv6(rng: random.Random) -> str:
    length = rng.randrange(129)
    number = rng.getrandbits(128) & rng.choice((rng.getrandbits(128), 2**128 - 2**64, 2**16 - 1))
    network = ipaddress.IPv6Network((number, length), strict=False)
    address = network.network_address + rng.choice((0, 0, 0, 0, 1))
    text = rng.choice((str(address), address.exploded, str(address).upper(), _zeros(rng, address)))
    zone = rng.choice(("",) * 9 + ("%eth0",))
    return _with_length(rng, text + zone, [str(length)] * 5 + [f"{length:03d}", "129", "ffff::"])


def _zeros(rng: random.Random, address: ipaddress.IPv6Address) -> str:
    """Groups with "::" for some zeros, or for what is none."""
    groups = [f"{int(group, 16):x}" for group in address.exploded.split(":")]
    start = rng.randrange(9)
    stop = rng.randrange(start, 9)
    while rng.random() < 0.9 and any(group != "0" for group in groups[start:stop]):
        stop -= 1
    return f"{':'.join(groups[:start])}::{':'.join(groups[stop:])}"


def _mapped(rng: random.Random) -> str:
    tail = ipaddress.IPv4Address(rng.getrandbits(32))
    text = rng.choice(("::ffff:", "::", "64:ff9b::", "::ffff:0:", "1:2:3:4:5:6:", "1:2:3:4:5:6:7:"))
    return _with_length(rng, f"{text}{tail}", ["128", "128", "104", "96"])


def _with_length(rng: random.Random, address: str, written: list[str]) -> str:
    length = rng.choice(written)
    return f"{address}/{length}" if rng.random() < 0.9 else address
