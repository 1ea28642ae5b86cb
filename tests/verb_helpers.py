"""Made-up lists of CIDR text with groups, for the verbs on blocks, and what they mean."""

from __future__ import annotations

import ipaddress

from address_helpers import Network, networks
from hypothesis import strategies as st

Rows = list[tuple[str | None, str | None]]

_texts = st.sampled_from([32, 128]).flatmap(networks).map(str)
_nested = st.sampled_from(
    [
        *["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.2.3/32"],
        *["::/0", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33", "2001:db8::1/128"],
    ]
)
rows_of_blocks: st.SearchStrategy[Rows] = st.lists(
    st.tuples(_texts | _nested | st.none(), st.sampled_from(["x", "y", None])), max_size=20
)


def network(text: str) -> Network:
    """The block."""
    return ipaddress.ip_network(text)


def holds(outer: str, inner: str) -> bool:
    """Whether one block is strictly larger than another and holds it."""
    a, b = network(outer), network(inner)
    return a.version == b.version and a != b and b.subnet_of(a)


def comparable(rows: Rows, i: int) -> list[int]:
    """Positions of the other blocks that share a group with block i, group by group alike."""
    _, group = rows[i]
    return [
        j
        for j, (text, other) in enumerate(rows)
        if j != i and text is not None and group is not None and other == group
    ]
