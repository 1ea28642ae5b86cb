"""Settings of overlap analysis: facts beyond the fleet's tables, and blocks to leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.addresses.cidr import parse_cidrs
from vpnframe.errors import SettingsError
from vpnframe.overlapping.nat import Nat
from vpnframe.overlapping.scopes import Topology

_LONGEST = 128


@dataclass(frozen=True, slots=True)
class OverlapSettings:
    """Settings of overlap analysis: facts beyond the fleet's tables, and blocks to leave out.

    Parameters
    ----------
    topology : Topology or None
        Gateways, VPCs and transit routers that are joined outside the VPN; see
        :func:`vpnframe.read_topology`.
    nat : sequence of Nat
        Address translations; see :func:`vpnframe.read_nat`.
    owner_tag : str or None
        The tag whose value names the owner of a connection.
    only : str or None
        Restrict the analysis to one routing domain: its name, or the id of any VPN gateway, VPC or
        transit router in it.
    ignore : sequence of str
        Blocks of the fleet to leave out on both sides, such as aggregates that are used only in
        part. Smaller blocks inside them are not left out. A string that is not a block raises
        SettingsError.
    ignore_shorter_than : int or None
        Leave out every block of the fleet whose prefix is shorter than this length, 0 to 128.
    """

    topology: Topology | None = None
    nat: Sequence[Nat] = ()
    owner_tag: str | None = None
    only: str | None = None
    ignore: Sequence[str] = ()
    ignore_shorter_than: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.ignore, str):
            raise TypeError(f"ignore is {self.ignore!r}, a single string: give a list of blocks")
        parsed = parse_cidrs(list(self.ignore))
        if parsed.failed_texts:
            text, reason = parsed.failed_texts[0], parsed.failed_reasons[0]
            raise SettingsError(f"ignore: {text!r} is not a CIDR block: {reason}")
        length = self.ignore_shorter_than
        if length is not None and not 0 <= length <= _LONGEST:
            raise SettingsError(f"ignore_shorter_than must be from 0 to {_LONGEST}, not {length}")
