"""Find tunnels that use the same pre-shared key, and judge whether that is acceptable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import (
    Positions,
    Texts,
    codes_of,
    equals,
    flags,
    grouped,
    marked,
    n_distinct,
    objects,
)

# ALONE: one peer uses the key, or the two ends of one tunnel use it. FEW: several peers of one
# connection or of one site use it. MANY: peers of different sites use it.
ALONE, FEW, MANY = 0, 1, 2
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sharing:
    """How each tunnel shares its pre-shared key, in arrays with one item per tunnel."""

    how: npt.NDArray[np.uint8]  # ``ALONE`` (also if the key is unknown), ``FEW`` or ``MANY``
    others: Texts  # the ids of the other connections that use the key, as one string


def how_shared(fleet: Fleet) -> Sharing:
    """Find for each tunnel the other peers and connections that use its pre-shared key.

    Notes
    -----
    Equal keys have equal ``psk_fingerprint`` and ``psk_fingerprint_key_id``. Customer gateways are
    distinguished by address, because a device has a customer gateway in each region. A tunnel
    between two VPCs appears twice, once from each end; the two rows name each other by address or
    IKE identity and may use the same key. Connections of one routing domain that reach the same
    blocks are paths to one site.
    """
    keys = fleet.keys
    how = np.full(len(fleet.tunnels), ALONE, np.uint8)
    others = np.full(len(how), "", dtype=object)
    rows = np.flatnonzero(flags(keys["psk_fingerprint"].notna()) & fleet.has_psk)
    if not len(rows):
        return Sharing(how, others)
    key = codes_of([keys["psk_fingerprint"].iloc[rows], keys["psk_fingerprint_key_id"].iloc[rows]])
    address = fleet.tunnels["customer_gateway_ip"].astype("str")
    peer = codes_of([address.fillna(fleet.tunnels["customer_gateway_id"].astype("str"))])
    has_peers = (n_distinct(key, peer[rows]) > 1)[key]
    has_owners = (n_distinct(key, fleet.of_tunnel[rows]) > 1)[key]
    how[rows[has_peers & ~has_owners]] = FEW
    is_wide = has_peers & has_owners
    rows, key = rows[is_wide], pd.factorize(key[is_wide])[0]
    if len(rows):
        how[rows] = _judge(fleet, rows, key, peer[rows])
        ids = objects(fleet.connections["vpn_connection_id"])
        for members in grouped(key, rows):
            others[members] = _list_others(ids, fleet.of_tunnel[members])
    return Sharing(how, others)


def _judge(fleet: Fleet, rows: Positions, key: Positions, peer: Positions) -> Positions:
    """Return how widely each tunnel's pre-shared key is shared: ``ALONE``, ``FEW`` or ``MANY``."""
    owner = fleet.of_tunnel[rows]
    holder = codes_of([pd.Series(key), pd.Series(owner)])  # a connection that uses a key
    facing, mirrored = _mirrored(fleet, rows, key)
    loops = _components(holder[facing], holder[mirrored], holder)
    site = _sites(fleet)[owner]
    of_site = codes_of([pd.Series(key), pd.Series(np.where(site < 0, -1 - holder, site))])
    first = np.unique(of_site, return_index=True)[1]
    parts = _components(loops[first[of_site]], loops, loops)
    is_plain = ~marked(len(rows), mirrored) | (n_distinct(holder, peer) > 1)[holder]
    n_keys = int(key.max()) + 1
    is_pair = ~marked(n_keys, key[is_plain]) & (n_distinct(key, loops) == 1)
    shared = np.where(is_pair, ALONE, FEW)
    return np.where(n_distinct(key, parts) > 1, MANY, shared)[key]


def _mirrored(fleet: Fleet, rows: Positions, key: Positions) -> Positions:
    """Pair the positions in ``rows`` of tunnels with one key that name each other as peers."""
    pairs = []
    for name in ("ip", "ike_id"):
        here, there = (
            fleet.tunnels[f"{end}_gateway_{name}"].iloc[rows] for end in ("vpn", "customer")
        )
        columns = [pd.Series(np.tile(key, 2)), pd.concat([here, there]), pd.concat([there, here])]
        ends, turned = np.split(codes_of(columns), 2)
        given = np.flatnonzero(flags(here.notna() & there.notna() & (here != there)))
        first = np.full(2 * len(rows), -1)
        first[ends[given[::-1]]] = given[::-1]
        facing = first[turned[given]]
        pairs.append(np.stack([facing, given])[:, facing >= 0])
    return np.concatenate(pairs, axis=1)


def _components(one: Positions, other: Positions, nodes: Positions) -> Positions:
    """Return for each node the lowest node of its connected component.

    Edge ``i`` connects the nodes ``one[i]`` and ``other[i]``.
    """
    labels = np.arange(int(nodes.max()) + 1)
    while True:
        joined = labels.copy()
        least = np.minimum(labels[one], labels[other])
        np.minimum.at(joined, labels[one], least)
        np.minimum.at(joined, labels[other], least)
        joined = joined[joined]
        if (joined == labels).all():
            return labels[nodes]
        labels = joined


def _list_others(ids: Texts, owners: Positions) -> list[str]:
    """Name for each owner up to ``_NAMED`` other owners, and count those not named."""
    different = np.unique(owners)
    named = sorted({*ids[different].tolist()})[: _NAMED + 1]
    texts = []
    for own in ids[owners].tolist():
        listed = [one for one in named if one != own][:_NAMED]
        n_more = len(different) - 1 - len(listed)
        texts.append(", ".join(listed) + (f" and {n_more} more" if n_more > 0 else ""))
    return texts


def _sites(fleet: Fleet) -> Positions:
    """Return a number that identifies each connection's site; -1 for an unknown site.

    Connections have the same site if they have the same routing domain and the same on-premises
    blocks, apart from default routes.
    """
    subnets = fleet.subnets
    is_listed = equals(subnets["side"], "onprem") & flags(subnets["cidr"].notna())
    sets = fleet.sets_of_blocks(is_listed & ~flags(subnets["is_default_route"]))
    sites = codes_of([pd.Series(fleet.domain), pd.Series(sets)])
    return np.where((sets < 0) | (fleet.domain < 0), -1, sites)
