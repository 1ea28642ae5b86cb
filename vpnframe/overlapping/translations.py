"""Match NAT declarations of the VPC side with blocks that come from table ``vpcs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpnframe.addresses.cidr import ParsedCidrs, parse_cidrs
from vpnframe.overlapping.nat import Nat
from vpnframe.schema.codes import Coded, Codes, Mask


@dataclass(frozen=True, slots=True)
class Translation:
    """One declaration: its position, the connections it applies to, and the blocks within it."""

    position: int
    connections: Codes
    is_within: Mask  # by distinct block


def translations_of(
    nats: Sequence[Nat], name: Coded, gateway: Coded, blocks: ParsedCidrs
) -> tuple[Translation, ...]:
    """Match each VPC-side declaration with connections and blocks, smallest real block first."""
    found = []
    for position, nat in enumerate(nats):
        if nat.side == "vpc":
            wanted = nat.connection if nat.connection is not None else nat.vpn_gateway
            column = name if nat.connection is not None else gateway
            is_its = np.append([word == wanted for word in column.words.to_pylist()], False)
            real = parse_cidrs([nat.real])
            found.append(
                (
                    -int(real.prefix_length[0]),
                    Translation(
                        position, np.flatnonzero(is_its[column.codes]), _within(blocks, real)
                    ),
                )
            )
    return tuple(translation for _, translation in sorted(found, key=lambda one: one[0]))


def _within(blocks: ParsedCidrs, outer: ParsedCidrs) -> Mask:
    """Check which blocks lie within ``outer``."""
    length = int(outer.prefix_length[0])
    size = 32 if outer.family[0] == 4 else 128
    shift_low = np.uint64(min(size - length, 63))
    shift_high = np.uint64(min(max(size - length - 64, 0), 63))
    within: Mask = (blocks.family == outer.family[0]) & (blocks.prefix_length >= length)
    if size == 32 or length > 64:
        within &= blocks.low >> shift_low == outer.low[0] >> shift_low
    if size == 128 and length:
        within &= blocks.high >> shift_high == outer.high[0] >> shift_high
    return within
