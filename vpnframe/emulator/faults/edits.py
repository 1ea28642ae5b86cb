"""Changes to an answer before it is encoded: members removed, replaced, added; rows changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from vpnframe.emulator.encoding import Json
from vpnframe.emulator.faults.effects import Tree

Change: TypeAlias = Callable[[Json], Json]

LIST_NAMES = (
    *("VpnConnections", "VpnGateways", "CustomerGateways", "VpnAttachments", "Regions"),
    *("Vpcs", "VpnRouteEntries", "VpnPbrRouteEntries", "VcoRouteEntries"),
)
IKE_NAMES = ("IkeConfig", "TunnelIkeConfig")
IPSEC_NAMES = ("IpsecConfig", "TunnelIpsecConfig")
_ID_NAMES = (
    *("VpnConnectionId", "VpnGatewayId", "CustomerGatewayId", "InstanceId", "RegionId"),
    *("VpcId", "RouteDest"),
)
_UNKNOWN: Mapping[str, Json] = {"Depth": [1, None, "two", {"Psk2": False}]}


def without(*names: str) -> Callable[[Tree], Tree]:
    """Return a change that removes every member with these names, at any depth.

    Examples
    --------
    >>> without("Psk")({"IkeConfig": {"Psk": "hidden", "IkePfs": "group2"}})
    {'IkeConfig': {'IkePfs': 'group2'}}
    """

    def members(tree: Mapping[str, Json]) -> Tree:
        return {n: _rebuilt(v, members) for n, v in tree.items() if n not in names}

    return members


def changed(change: Change, *names: str) -> Callable[[Tree], Tree]:
    """Return a change that applies ``change`` to every member with these names, at any depth.

    Examples
    --------
    >>> changed(lambda _value: "****", "Psk")({"IkeConfig": [{"Psk": "hidden"}]})
    {'IkeConfig': [{'Psk': '****'}]}
    """

    def members(tree: Mapping[str, Json]) -> Tree:
        return {n: change(v) if n in names else _rebuilt(v, members) for n, v in tree.items()}

    return members


def replaced(value: Json, *names: str) -> Callable[[Tree], Tree]:
    """Return a change that sets every member with these names to one value."""
    return changed(lambda _value: value, *names)


def counted_up(value: Json) -> Json:
    """Return a number plus one; return anything else unchanged."""
    return value + 1 if isinstance(value, int) else value


def with_unknown_members(tree: Tree) -> Tree:
    """Add members that no client knows, to every object.

    Examples
    --------
    >>> sorted(with_unknown_members({"Config": {}})["Config"])
    ['FutureBlock', 'FutureField']
    """

    def members(inner: Mapping[str, Json]) -> Tree:
        known = {n: _rebuilt(v, members) for n, v in inner.items()}
        return {"FutureField": "x", **known, "FutureBlock": _UNKNOWN}

    return members(tree)


def with_numbers_as_text(tree: Tree) -> Tree:
    """Convert every number to text, but not the booleans."""

    def as_text(value: Json) -> Json:
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return _rebuilt(value, lambda inner: {n: as_text(v) for n, v in inner.items()})

    return {name: as_text(value) for name, value in tree.items()}


def without_first_row(tree: Tree) -> Tree:
    """Remove the first row, and reduce the count by one."""
    fewer = on_rows(lambda rows: rows[1:])(tree)
    n_less = 0 if fewer == tree else 1
    count = fewer.get("TotalCount")
    return {**fewer, "TotalCount": count - n_less} if isinstance(count, int) else fewer


def on_rows(change: Callable[[list[Json]], list[Json]]) -> Callable[[Tree], Tree]:
    """Return a change of the rows of a list call; an answer without rows is unchanged.

    Examples
    --------
    >>> on_rows(lambda rows: rows[1:])({"Regions": {"Region": [1, 2]}})
    {'Regions': {'Region': [2]}}
    """

    def rows(value: Json) -> Json:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return change(list(value)) if value else value
        return value

    def outer(value: Json) -> Json:
        if isinstance(value, Mapping):
            return {name: rows(inner) for name, inner in value.items()}
        return rows(value)

    return lambda tree: {n: outer(v) if n in LIST_NAMES else v for n, v in tree.items()}


def without_first_id(rows: list[Json]) -> list[Json]:
    """Remove every id from the first row."""
    first = rows[0]
    if not isinstance(first, Mapping):
        return rows
    return [{n: v for n, v in first.items() if n not in _ID_NAMES}, *rows[1:]]


def _rebuilt(value: Json, members: Callable[[Mapping[str, Json]], Tree]) -> Json:
    """Apply a change to every object inside a value."""
    if isinstance(value, Mapping):
        return members(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rebuilt(item, members) for item in value]
    return value
