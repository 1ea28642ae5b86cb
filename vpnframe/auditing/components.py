"""Strength of each algorithm in bits, from ``strength.csv``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Component:
    """The strength of one algorithm value."""

    bits: int  # against classical computers
    quantum_bits: int  # against a quantum computer
    is_approved: bool  # by NIST


@cache
def components() -> Mapping[str, Mapping[str, Component]]:
    """Return the strength of every value, by component and value. The file is read once.

    Examples
    --------
    >>> components()["dh"]["14"].bits, components()["prf"]["hmac-md5"].is_approved
    (112, False)
    """
    return parse_components(
        files("vpnframe.auditing").joinpath("strength.csv").read_text(encoding="utf-8")
    )


def parse_components(text: str) -> Mapping[str, Mapping[str, Component]]:
    """Parse the table of strengths; rows with the bits ``inherit`` are left out."""
    found: dict[str, dict[str, Component]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["bits"] != "inherit":
            worth = Component(
                int(row["bits"]), int(row["quantum_bits"]), row["nist_approved"] == "1"
            )
            found.setdefault(row["component"], {})[row["value"]] = worth
    return MappingProxyType({name: MappingProxyType(worth) for name, worth in found.items()})
