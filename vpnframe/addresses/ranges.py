"""List the special address ranges of IPv4 and IPv6, and find the ranges around or inside a block.

The ranges of kind ``private`` are fewer than those for which ``ipaddress`` returns ``is_private``,
because that also includes benchmarking, documentation and reserved ranges.

References
----------
IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190). Each row of
``SPECIAL_RANGES`` names the document that defines its range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.addresses.forest import find_longest
from vpnframe.addresses.nesting import WITHIN, find_pairs_between
from vpnframe.addresses.wide import Positions


@dataclass(frozen=True, slots=True)
class SpecialRange:
    """A special address range, its use, and the document that defines it."""

    cidr: str
    kind: str  # the kind of use, such as private or multicast; several ranges can share a kind
    description: str  # a short description of the use
    source: str  # the document that defines it


_ALIBABA_VPC = "Alibaba Cloud, VPC FAQ: CIDR blocks of a VPC"
_ALIBABA_ECS = "Alibaba Cloud, ECS user guide: instance metadata"

SPECIAL_RANGES = tuple(
    SpecialRange(*row)
    for row in (
        ("0.0.0.0/0", "public", "what no other range is for", "RFC 7020"),
        ("0.0.0.0/8", "unspecified", "this host on this network", "RFC 791 s3.2"),
        ("10.0.0.0/8", "private", "private use", "RFC 1918"),
        ("100.64.0.0/10", "shared", "carriers; here the cloud's own services", _ALIBABA_VPC),
        ("100.100.100.200/32", "metadata", "metadata of the cloud's servers", _ALIBABA_ECS),
        ("127.0.0.0/8", "loopback", "loopback", "RFC 1122 s3.2.1.3"),
        ("169.254.0.0/16", "link-local", "link-local; BGP tunnel links", "RFC 3927"),
        ("169.254.169.254/32", "metadata", "metadata of other clouds' servers", "AWS EC2 guide"),
        ("172.16.0.0/12", "private", "private use", "RFC 1918"),
        ("192.0.0.0/24", "protocol", "protocol assignments", "RFC 6890 s2.1"),
        ("192.0.2.0/24", "documentation", "TEST-NET-1", "RFC 5737"),
        ("192.88.99.0/24", "transition", "6to4 relays, deprecated", "RFC 7526"),
        ("192.168.0.0/16", "private", "private use", "RFC 1918"),
        ("198.18.0.0/15", "benchmarking", "benchmarking", "RFC 2544"),
        ("198.51.100.0/24", "documentation", "TEST-NET-2", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "TEST-NET-3", "RFC 5737"),
        ("224.0.0.0/4", "multicast", "multicast", "RFC 5771"),
        ("240.0.0.0/4", "reserved", "reserved", "RFC 1112 s4"),
        ("255.255.255.255/32", "broadcast", "limited broadcast", "RFC 919 s7"),
        ("::/0", "reserved", "what has no use yet", "RFC 4291 s4"),
        ("::/128", "unspecified", "unspecified address", "RFC 4291 s2.5.2"),
        ("::1/128", "loopback", "loopback", "RFC 4291 s2.5.3"),
        ("::ffff:0:0/96", "transition", "IPv4-mapped", "RFC 4291 s2.5.5.2"),
        ("64:ff9b::/96", "transition", "IPv4/IPv6 translation", "RFC 6052"),
        ("64:ff9b:1::/48", "transition", "IPv4/IPv6 translation, local", "RFC 8215"),
        ("100::/64", "discard", "discard-only", "RFC 6666"),
        ("2000::/3", "public", "global unicast", "RFC 4291 s2.4"),
        ("2001::/23", "protocol", "protocol assignments", "RFC 2928"),
        ("2001::/32", "transition", "Teredo", "RFC 4380"),
        ("2001:2::/48", "benchmarking", "benchmarking", "RFC 5180"),
        ("2001:db8::/32", "documentation", "documentation", "RFC 3849"),
        ("2002::/16", "transition", "6to4", "RFC 3056"),
        ("3fff::/20", "documentation", "documentation", "RFC 9637"),
        ("5f00::/16", "protocol", "segment routing identifiers", "RFC 9602"),
        ("fc00::/7", "private", "unique local", "RFC 4193"),
        ("fe80::/10", "link-local", "link-local", "RFC 4291 s2.5.6"),
        ("fec0::/10", "reserved", "site-local, deprecated", "RFC 3879"),
        ("ff00::/8", "multicast", "multicast", "RFC 4291 s2.7"),
    )
)


def find_ranges(blocks: ParsedCidrs) -> Positions:
    """Return for each of n blocks the narrowest special range that contains it: int64, shape (n,).

    The values are positions in ``SPECIAL_RANGES``. There always is such a range, because the list
    includes 0.0.0.0/0 and ::/0. To find the special ranges inside a block, use
    :func:`find_covered_ranges`.

    Examples
    --------
    >>> found = find_ranges(parse_cidrs(["172.31.0.0/16", "100.100.0.0/16", "8.8.8.8", "fd00::/8"]))
    >>> [SPECIAL_RANGES[i].kind for i in found]
    ['private', 'shared', 'public', 'private']
    """
    found = np.empty(len(blocks.row), np.int64)
    for rows, ranges in _special_ranges().by_family():
        asked = blocks.of_family(ranges.family)[1]
        found[blocks.family == ranges.family] = rows[find_longest(ranges, asked)]
    return found


def find_covered_ranges(blocks: ParsedCidrs) -> tuple[Positions, Positions]:
    """Find for each block the special ranges that are inside it or equal to it.

    Return two arrays with one value for each pair of a block and a range: the position of the
    block, ascending, and the position of the range in ``SPECIAL_RANGES``.
    """
    found = [np.empty((2, 0), np.int64)]
    for rows, ranges in _special_ranges().by_family():
        position = np.flatnonzero(blocks.family == ranges.family)
        # The limit is the largest possible number of pairs.
        asked = blocks.of_family(ranges.family)[1]
        pairs = find_pairs_between(asked, ranges, max_pairs=len(position) * len(rows))
        covers = pairs.relation != WITHIN
        found.append(np.stack([position[pairs.left[covers]], rows[pairs.right[covers]]]))
    block, special = np.concatenate(found, axis=1)
    order = np.lexsort((special, block))
    return block[order], special[order]


def _special_ranges() -> ParsedCidrs:
    return parse_cidrs(special.cidr for special in SPECIAL_RANGES)
