"""The class Inventory, which holds the tables of one fetch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from vpnframe import schema
from vpnframe.errors import SchemaError
from vpnframe.model.display import counted
from vpnframe.schema.checked import checked_table
from vpnframe.schema.tables import RESTRICTED, STORED

# absent (older snapshots): the region has no such product; skipped: left out on request.
_ACCOUNTED_FOR = ["complete", "absent", "skipped"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Inventory:
    """The tables of a fleet at one moment. Every table exists, even if it is empty.

    Parameters
    ----------
    tunnels, connections, subnets, gateways, routes, vpcs, tags : DataFrame
        The fleet; see :func:`vpnframe.schema.describe` for their columns.
    failures, coverage, disagreements : DataFrame
        What was not read, how much was read, and where the two API responses about a connection
        differ.
    key_facts : DataFrame
        Facts about the pre-shared keys; empty if the keys were not assessed. A list of weak keys is
        a list of targets, so this table is shown, exported and passed on only if it is requested by
        name.
    snapshot : str or None
        The id of the snapshot on disk; None if the inventory exists only in memory.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.model.records import Records
    >>> Inventory(**flattening.make_tables(Records()))
    Inventory(0 connections, 0 tunnels, 0 regions, nothing was read)
    """

    tunnels: pd.DataFrame
    connections: pd.DataFrame
    subnets: pd.DataFrame
    gateways: pd.DataFrame
    routes: pd.DataFrame
    vpcs: pd.DataFrame
    failures: pd.DataFrame
    coverage: pd.DataFrame
    disagreements: pd.DataFrame
    tags: pd.DataFrame = field(default_factory=partial(schema.empty, "tags"))
    key_facts: pd.DataFrame = field(default_factory=partial(schema.empty, "key_facts"))
    snapshot: str | None = None

    def tables(self, *, with_key_facts: bool = False) -> Mapping[str, pd.DataFrame]:
        """Return the tables by name; ``key_facts`` is included only on request."""
        names = (*STORED, *RESTRICTED) if with_key_facts else STORED
        return {name: getattr(self, name) for name in names}

    @property
    def is_complete(self) -> bool:
        """Whether everything that was requested was read."""
        statuses = self._coverage()["status"]
        return len(statuses) > 0 and bool(statuses.isin(_ACCOUNTED_FOR).all())

    def coverage_sentence(self) -> str:
        """Return one sentence that states how much of the fleet was read."""
        coverage = self._coverage()
        if coverage.empty:
            return "nothing was read"
        n_read, n_expected = int(coverage["n_read"].sum()), int(coverage["n_expected"].sum())
        n_loose = int(coverage["n_unattached"].sum())
        loose = f", {n_loose:,} attached to nothing" if n_loose else ""
        if self.is_complete:
            n_skipped = int((coverage["status"] == "skipped").sum())
            skipped = f", {counted(n_skipped, 'region')} skipped" if n_skipped else ""
            n_moved = int((~coverage["is_stable"]).sum())
            moved = f", {counted(n_moved, 'region')} changed while being read" if n_moved else ""
            return (
                f"coverage complete, {n_read:,} of {n_expected:,} connections read"
                f"{loose}{skipped}{moved}"
            )
        bad = coverage[~coverage["status"].isin(_ACCOUNTED_FOR)]
        first = bad.head(5)
        whose = first["account_id"] if "account_id" in first else first["region_id"]
        rows = zip(first["region_id"], whose, first["status"], strict=True)
        places = ", ".join(f"{_place(region, account)} {word}" for region, account, word in rows)
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return (
            f"coverage NOT COMPLETE, {n_read:,} of {n_expected:,} known connections read"
            f"{loose}: {places}{more}"
        )

    def _coverage(self) -> pd.DataFrame:
        needs = ("region_id", "status", "n_expected", "n_read", "is_stable")
        return checked_table("coverage", self.coverage, needs=needs)

    def __repr__(self) -> str:
        n_regions = self._coverage()["region_id"].nunique()
        return (
            f"Inventory({counted(len(self.connections), 'connection')}, "
            f"{counted(len(self.tunnels), 'tunnel')}, {counted(n_regions, 'region')}, "
            f"{self.coverage_sentence()})"
        )


def checked_inventory(inventory: object, names: Iterable[str] | None = None) -> Inventory:
    """Return an inventory in which all tables, or only ``names``, are cast to their schemas."""
    if not isinstance(inventory, Inventory):
        raise SchemaError(
            f"pass an Inventory, not {type(inventory).__name__}: use the result of vf.fetch, "
            f"vf.load or vf.read_inventory, not one of its tables"
        )
    chosen = (*STORED, *RESTRICTED) if names is None else names
    return replace(
        inventory, **{name: checked_table(name, getattr(inventory, name)) for name in chosen}
    )


def _place(region: object, account: object) -> str:
    """Return the id of a region; if it is null, name the account instead."""
    if isinstance(region, str):
        return region
    return f"account {account}" if isinstance(account, str) else "the account"
