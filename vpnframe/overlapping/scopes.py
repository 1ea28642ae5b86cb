"""Inside which an overlap can matter: the scope of each row of a fleet."""

from __future__ import annotations

import pandas as pd

ROUTING_DOMAIN = "routing_domain"
ROUTERS = ["vpn_gateway_id", "vpc_id", "transit_router_id"]


def scope_ids(subnets: pd.DataFrame, scope: str | None) -> pd.Series[str]:
    """Each row's scope, missing where it has none."""
    if scope is None:
        return pd.Series(None, index=subnets.index, dtype="str")
    if scope != ROUTING_DOMAIN:
        return subnets[scope].astype("str")
    routers = subnets[ROUTERS].astype("str")
    domains = _routing_domains(routers.drop_duplicates())
    gateway, vpc, transit_router = (routers[column] for column in ROUTERS)
    # A row's routers are all of one domain: any of them tells which.
    return gateway.fillna(vpc).fillna(transit_router).map(domains).astype("str")


def _routing_domains(routers: pd.DataFrame) -> dict[str, str]:
    """Domain of each router id, named by its smallest: routers of one row are connected."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for row in routers.to_numpy(dtype=object):
        present = [node for node in row if isinstance(node, str)]
        for node in present:
            # The smaller id stays root, so that a root is the name of its domain.
            low, high = sorted((root(present[0]), root(node)))
            parent[high] = low
    return {node: root(node) for node in list(parent)}
