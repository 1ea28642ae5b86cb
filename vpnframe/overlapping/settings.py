"""What the user knows beyond the fleet's own tables, and what part of it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.overlapping.nat import Nat
from vpnframe.overlapping.scopes import Topology


@dataclass(frozen=True, slots=True)
class OverlapSettings:
    """What the user knows beyond the fleet's own tables, and what part of it is asked about.

    Parameters
    ----------
    topology : Topology or None
        What else is joined; see :func:`vpnframe.read_topology`.
    nat : sequence of Nat
        What is translated; see :func:`vpnframe.read_nat`.
    owner_tag : str or None
        The tag whose value names the owner of a connection.
    only : str or None
        Look at one routing domain alone: its name, or the id of any VPN gateway, VPC or transit
        router in it.

    Examples
    --------
    >>> OverlapSettings(owner_tag="team").nat
    ()
    """

    topology: Topology | None = None
    nat: Sequence[Nat] = ()
    owner_tag: str | None = None
    only: str | None = None
