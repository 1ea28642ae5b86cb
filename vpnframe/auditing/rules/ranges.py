"""Rules on the address ranges of a connection's blocks: reserved, documentation, public."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vpnframe.addresses.ranges import SPECIAL_RANGES, find_covered_ranges, find_ranges
from vpnframe.auditing.fleet import Fleet
from vpnframe.auditing.logic import NO, UNKNOWN, YES, Mask, Positions, Truth
from vpnframe.auditing.masks import equals
from vpnframe.auditing.rules.selectors import block_texts, is_default_route, is_unread
from vpnframe.auditing.verdicts import (
    CRITICAL,
    HIGH,
    INFO,
    MEDIUM,
    Severities,
    Verdicts,
    judged,
)

METADATA = "100.100.100.200/32"
OTHER_METADATA = "169.254.169.254/32"
_SHARED = "100.64.0.0/10"
_UNUSABLE = ("loopback", "link-local", "multicast", "reserved", "broadcast")
_OF_TEXTS = ("documentation", "benchmarking")
_CIDRS = [special.cidr for special in SPECIAL_RANGES]


def selector_reserved(fleet: Fleet) -> Verdicts:
    """Fail blocks in or around special ranges that an end uses itself (such as loopback)."""
    inside, covered = _inside(fleet), _covered(fleet)
    is_link = _is_bgp_link(fleet, inside)
    is_shared = _touches(inside, covered, [_SHARED]) & equals(fleet.subnets["side"], "onprem")
    is_unusable = _touches(inside, covered, _of_kind(_UNUSABLE)) & ~is_link
    is_other = (inside == _CIDRS.index(OTHER_METADATA)) & ~is_link
    covers = covered[:, _CIDRS.index(METADATA)]
    severity = np.full(len(inside), HIGH, np.uint8)
    severity[is_other] = MEDIUM
    severity[covers] = CRITICAL
    return _on_blocks(fleet, is_shared | is_unusable | is_other | covers, severity=severity)


def selector_documentation(fleet: Fleet) -> Verdicts:
    """Fail blocks in ranges for documentation and benchmarking."""
    kinds = np.isin(_inside(fleet), [_CIDRS.index(cidr) for cidr in _of_kind(_OF_TEXTS)])
    return _on_blocks(fleet, kinds)


def selector_public(fleet: Fleet) -> Verdicts:
    """Fail public IPv4 blocks; global IPv6 addresses are normal in a VPC."""
    is_public = (_inside(fleet) == _CIDRS.index("0.0.0.0/0")) & ~is_default_route(fleet)
    is_vpc = equals(fleet.subnets["side"], "vpc")
    severity = np.where(is_vpc, MEDIUM, INFO).astype(np.uint8)
    return _on_blocks(fleet, is_public, severity=severity)


def _of_kind(kinds: tuple[str, ...]) -> list[str]:
    """Return the ranges of some kinds, except those that cover a whole address family."""
    return [
        special.cidr
        for special in SPECIAL_RANGES
        if special.kind in kinds and not special.cidr.endswith("/0")
    ]


def _inside(fleet: Fleet) -> Positions:
    """Return the narrowest special range around each block; -1 if there is no block."""
    found = np.full(len(fleet.subnets), -1, np.int64)
    found[fleet.parsed.row] = find_ranges(fleet.parsed)
    return found


def _covered(fleet: Fleet) -> npt.NDArray[np.bool_]:
    """Return which special ranges (columns) each block covers; a default route covers none."""
    block, special = find_covered_ranges(fleet.parsed)
    covered = np.zeros((len(fleet.subnets), len(_CIDRS)), bool)
    covered[fleet.parsed.row[block], special] = True
    covered[is_default_route(fleet)] = False
    return covered


def _touches(inside: Positions, covered: npt.NDArray[np.bool_], cidrs: list[str]) -> Mask:
    """Mark blocks that are inside one of some special ranges, or cover one."""
    places = [_CIDRS.index(cidr) for cidr in cidrs]
    found: Mask = np.isin(inside, places) | covered[:, places].any(1)
    return found


def _is_bgp_link(fleet: Fleet, inside: Positions) -> Mask:
    """Mark link-local prefixes from BGP: those of the tunnels themselves."""
    is_link: Mask = inside == _CIDRS.index("169.254.0.0/16")
    return equals(fleet.subnets["origin"], "bgp") & is_link


def _on_blocks(fleet: Fleet, is_bad: Mask, *, severity: Severities | None = None) -> Verdicts:
    """Return verdicts on all blocks, of selectors and of routes."""
    result: Truth = np.where(is_bad, YES, NO).astype(np.uint8)
    result[is_unread(fleet)] = UNKNOWN
    return judged(
        "subnets",
        result,
        column="cidr",
        severity=severity,
        facts={"value": block_texts(fleet, "cidr", where=result != NO)},
    )
