"""What the user knows beyond the fleet's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vpnframe.overlapping.nat import Nat
from vpnframe.overlapping.scopes import Topology


@dataclass(frozen=True, slots=True)
class OverlapSettings:
    """What the user knows beyond the fleet's own tables.

    Parameters
    ----------
    topology : Topology or None
        What else is joined; see :func:`vpnframe.read_topology`.
    nat : sequence of Nat
        What is translated; see :func:`vpnframe.read_nat`.
    owner_tag : str or None
        The tag whose value names the owner of a connection.

    Examples
    --------
    >>> OverlapSettings(owner_tag="team").nat
    ()
    """

    topology: Topology | None = None
    nat: Sequence[Nat] = ()
    owner_tag: str | None = None
