"""Find the routing domains of a fleet; an overlap can affect routing only inside one domain.

A topology file declares which gateways, VPCs and transit routers are joined outside the VPN::

    [[domain]]
    name = "core"                                     # a CEN, a peering, a firewall
    members = ["vpc-1", "vpc-2", "tr-9", "vpn-3"]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pyarrow as pa

from vpnframe.errors import SettingsError
from vpnframe.model.toml_tables import Form, read_toml_tables
from vpnframe.schema.codes import NULL, Coded, Codes, sort_rows

ROUTING_DOMAIN = "routing_domain"
ROUTERS = ("vpn_gateway_id", "vpc_id", "transit_router_id")


@dataclass(frozen=True, slots=True)
class Domain:
    """VPN gateways, VPCs and transit routers that are joined into one routing domain.

    Parameters
    ----------
    name : str
        The name of the domain, chosen by the user.
    members : tuple of str
        The ids of the gateways, VPCs and transit routers.
    """

    name: str
    members: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class Topology:
    """The user's list of gateways, VPCs and transit routers that are joined outside the VPN.

    Parameters
    ----------
    domains : tuple of Domain
        The domains. The members of each domain become one routing domain. If two domains have the
        same name, SettingsError is raised.
    """

    domains: tuple[Domain, ...] = ()

    def __post_init__(self) -> None:
        names = [domain.name for domain in self.domains]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"topology: two domains have the name {name!r}: rename one")


def read_topology(path: str | Path) -> Topology:
    r"""Read from a file which gateways, VPCs and transit routers are joined outside the VPN.

    Parameters
    ----------
    path : str or Path
        A TOML file with a table ``[[domain]]`` per domain. The keys of the table are ``name`` and
        ``members``, a list of ids.

    Returns
    -------
    Topology
        The domains in the order of the file.

    Raises
    ------
    SettingsError
        If the file cannot be read, a key is unknown, missing or of the wrong type, or two domains
        have the same name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "topology.toml")
    ...     _ = path.write_text('[[domain]]\nname = "core"\nmembers = ["vpc-1", "tr-9"]\n')
    ...     read_topology(path).domains[0].members
    ('vpc-1', 'tr-9')
    """
    valid = {"members": "a list of ids of VPN gateways, VPCs and transit routers"}
    return Topology(tuple(read_toml_tables(path, Form("domain", Domain, valid))))


def routing_domains(routers: Sequence[Coded], topology: Topology | None = None) -> Coded:
    """Return the routing domain of each row: the connected routers that it belongs to.

    A router is a VPN gateway, a VPC or a transit router. Routers are connected if a row or the
    topology joins them, directly or through other routers.
    """
    words = routers[0].words.to_pylist()
    known = {word: code for code, word in enumerate(words)}
    given = () if topology is None else topology.domains
    joined = [_members(domain, known) for domain in given]
    order, starts = sort_rows([column.codes for column in routers])
    distinct = order[starts]
    named = zip(*(column.codes[distinct].tolist() for column in routers), strict=True)
    paths = [*([code for code in row if code >= 0] for row in named), *joined]
    edges = [edge for path in paths for edge in pairwise(path)]
    root = connected(len(words), edges)
    name_of = {int(node): words[node] for node in np.unique(root).tolist()}
    for domain, members in sorted(zip(given, joined, strict=True), key=lambda g: g[0].name)[::-1]:
        name_of[int(root[members[0]])] = domain.name
    for node, name in name_of.items():
        if name in known and root[known[name]] != node:
            raise SettingsError(
                f"topology: {name!r} is the name of a domain, but also the id of a VPN gateway, "
                f"VPC or transit router that is not in the domain: give the domain another name"
            )
    names = sorted(name_of, key=name_of.__getitem__)
    rank = np.full(len(words) + 1, NULL)  # the last entry is for a row without any router
    rank[names] = np.arange(len(names))
    router = np.full(len(routers[0].codes), NULL)
    for column in reversed(routers):
        router = np.where(column.codes >= 0, column.codes, router)
    node = np.append(root, len(words))[router]
    return Coded(rank[node], pa.array([name_of[n] for n in names], pa.large_string()))


def _members(domain: Domain, known: Mapping[str, int]) -> list[int]:
    for member in domain.members:
        if member not in known:
            raise SettingsError(
                f"topology, domain {domain.name!r}: {member!r} is not a VPN gateway, VPC or "
                f"transit router of this fleet: correct the id, or remove it from the list"
            )
    return [known[member] for member in domain.members]


def connected(n: int, edges: Iterable[tuple[int, int]]) -> Codes:
    """Return for each of n nodes the smallest node of its connected component."""
    parent = list(range(n))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in edges:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return np.array([root(node) for node in range(n)], np.int64)
