"""Vary the form of answers, as the cloud does, depending on the ids of resources."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.fleet.model import EmulatedConnection, Tag

CONNECTION_LEVEL_SHAPES = ("absent", "null", "empty", "blank", "zeros", "copy")


def pick(thing_id: str, what: str, n_ways: int) -> int:
    """Return a number from 0 to ``n_ways - 1``, computed from a hash of ``thing_id`` and ``what``.

    ``what`` names the choice, so that several choices for the same resource are independent.
    """
    return zlib.crc32(f"{what}:{thing_id}".encode()) % n_ways


def connection_level_shape(connection: EmulatedConnection, call: str) -> str:
    """Choose the form in which a call shows tunnel settings outside the list of tunnels."""
    at = pick(connection.vpn_connection_id, f"level-{call}", len(CONNECTION_LEVEL_SHAPES))
    return CONNECTION_LEVEL_SHAPES[at]


def shaped(name: str, shape: str, filled: Mapping[str, Json]) -> dict[str, Json]:
    """Return ``{name: filled}`` in one of the forms in ``CONNECTION_LEVEL_SHAPES``.

    The forms imitate how the API can send an object: complete, with unset values, empty, null or
    not at all.

    Examples
    --------
    >>> for shape in CONNECTION_LEVEL_SHAPES:
    ...     print(shaped("IkeConfig", shape, {"IkeVersion": "ikev2"}))
    {}
    {'IkeConfig': None}
    {'IkeConfig': {}}
    {'IkeConfig': {'IkeVersion': ''}}
    {'IkeConfig': {'IkeVersion': ''}}
    {'IkeConfig': {'IkeVersion': 'ikev2'}}
    """
    shapes: dict[str, dict[str, Json]] = {
        "absent": {},
        "null": {name: None},
        "empty": {name: {}},
        "blank": {name: dict.fromkeys(filled, "")},
        "zeros": {name: {n: 0 if isinstance(value, int) else "" for n, value in filled.items()}},
        "copy": {name: filled},
    }
    return shapes[shape]


def no_tunnels(
    connection: EmulatedConnection, call: str, outer: str, inner: str
) -> dict[str, Json]:
    """Return the tunnel list of a single-tunnel connection: it is left out, null or empty."""
    shapes: tuple[dict[str, Json], ...] = ({}, {outer: None}, {outer: {inner: []}})
    return shapes[pick(connection.vpn_connection_id, f"tunnels-{call}", len(shapes))]


def given(**fields: Json) -> dict[str, Json]:
    """Return the arguments as a dict of answer fields, without those that are None."""
    return {name: value for name, value in fields.items() if value is not None}


def tag_list(tags: Sequence[Tag]) -> list[dict[str, str]]:
    """Return tags as a list of objects with the members Key and Value."""
    return [{"Key": tag.key, "Value": tag.value} for tag in tags]


def tags_or_none(thing_id: str, tags: Sequence[Tag]) -> dict[str, Json] | None:
    """Return a resource's tags as an object, or None for half of the resources without tags."""
    return {"Tag": tag_list(tags)} if tags or pick(thing_id, "tags", 2) else None
