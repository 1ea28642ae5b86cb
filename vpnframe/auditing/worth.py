"""Overall strength of each connection in words: a fact shown beside findings, not a finding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import Mask, Positions, arrow, codes_of, equals, flags
from vpnframe.schema.tables.parts import COMPONENTS

ENOUGH_BITS = 112
CEILING_BITS = 128
_BEST_GROUP = 14
_NOT_KNOWN = 32_767  # sorts an unknown bound last


def strength_facts(fleet: Fleet) -> pd.DataFrame:
    """Return for each connection whether it has less than 112 bits, and its weakest component.

    Columns ``is_strength_low`` (null if a part is unknown), ``weakest_component`` and
    ``strength`` (words, if it is low), in the order of ``connections``. SM gateways are left
    out. The bits of a key are never stated.
    """
    rows = _weakest_tunnels(fleet)
    bound = fleet.strength["upper_bound_bits"].iloc[rows].reset_index(drop=True)
    is_low = flags(bound < ENOUGH_BITS) & ~fleet.is_sm[rows]
    is_open = np.zeros(fleet.n_connections, bool)
    is_open[fleet.of_tunnel[flags(fleet.strength["effective_bits"].isna())]] = True
    judged = pd.array(is_low, dtype="boolean")
    judged[(is_open & ~is_low) | fleet.is_sm[rows]] = pd.NA
    parts = fleet.strength["weakest_component"].astype("str").iloc[rows].reset_index(drop=True)
    parts = parts.mask(fleet.is_sm[rows])
    words = np.full(len(rows), None, object)
    words[is_low] = _sentences(fleet, rows[is_low])
    strength = pd.Series(words, dtype="str")
    return pd.DataFrame(
        {"is_strength_low": judged, "weakest_component": parts, "strength": strength}
    )


def is_at_ceiling(fleet: Fleet) -> Mask:
    """Mark tunnels limited to under 128 bits only by the best DH group on offer."""
    bits, weakest = fleet.strength["effective_bits"], fleet.strength["weakest_component"]
    is_between = flags((bits >= ENOUGH_BITS) & (bits < CEILING_BITS))
    is_best = equals(fleet.tunnels["ike_dh_group"], _BEST_GROUP)
    is_held = equals(weakest, "ike_dh_group")
    found: Mask = is_between & is_best & is_held & ~fleet.is_sm
    return found


def _weakest_tunnels(fleet: Fleet) -> Positions:
    """Return the tunnel of each connection with the smallest bound; the first of several."""
    bits = fleet.strength["upper_bound_bits"].fillna(_NOT_KNOWN).to_numpy(np.int64)
    order = np.lexsort((np.arange(len(bits)), bits))
    _, first = np.unique(fleet.of_tunnel[order], return_index=True)
    found: Positions = order[first]
    return found


def _sentences(fleet: Fleet, rows: Positions) -> list[str]:
    """Return a sentence on what bounds each tunnel, formatted once per distinct case."""
    table = fleet.strength.iloc[rows].reset_index(drop=True)
    part, bits = table["weakest_component"].astype("str"), table["upper_bound_bits"]
    worth = pd.Series([""] * len(rows), dtype="str")
    for name in COMPONENTS[1:]:
        values = fleet.tunnels[name].astype("str").iloc[rows].reset_index(drop=True)
        worth = worth.mask(part == name, values)
    lists = arrow(table["not_approved"], pa.list_(pa.string()))
    poor = pd.Series(pc.binary_join(lists, ", ").to_pandas()).fillna("")
    codes = codes_of([part, worth, bits, poor]) if len(rows) else np.empty(0, np.int64)
    _, first = np.unique(codes, return_index=True)
    texts = [
        _sentence(str(part[row]), str(worth[row]), int(bits[row]), str(poor[row]))
        for row in first.tolist()
    ]
    return [texts[code] for code in codes.tolist()]


def _sentence(part: str, value: str, bits: int, poor: str) -> str:
    """Return the sentence on what bounds a tunnel; the bits of a key are not stated."""
    told = f"; not approved: {poor}" if poor else ""
    if part == "psk":
        return f"under {ENOUGH_BITS} bits, bounded by the pre-shared key{told}"
    return f"{bits} bits, bounded by {part} {value}{told}"
