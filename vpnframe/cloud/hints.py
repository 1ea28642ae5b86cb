"""Hints on the owner of a key: words of an answer that the key may be derived from.

They are collected only when a key is judged: most keys of downloads were already in the list.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpnframe.cloud.fields import Fields

# Fields that identify the owner of a key, in a connection and in its tunnels.
_NAMES = (
    *("VpnConnectionId", "Name", "VpnGatewayId", "CustomerGatewayId", "TransitRouterId"),
    *("TransitRouterName", "AttachInstanceId", "InternetIp", "TunnelId", "Local", "Remote"),
)


class HintsOfRow:
    """Hints on the keys of a list row, from the row and from the resources that it names."""

    def __init__(self, row: Fields, tunnels: list[Fields]) -> None:
        self._row = row
        self._tunnels = tunnels

    def __iter__(self) -> Iterator[str]:
        quiet = self._row.apart()  # malformed values are already noted
        names = [*_words_of(quiet, "IkeConfig"), *quiet.tags("Tag")]
        for tunnel in self._tunnels:
            names += _words_of(tunnel.apart(), "TunnelIkeConfig")
        return iter(_with_what_is_known(self._row, names))


class HintsOfDownload:
    """Hints on the keys of a download, which names only its two ends."""

    def __init__(self, config: Fields, tunnels: list[Fields], vpn_connection_id: str) -> None:
        self._parts = (config, *tunnels)
        self._id = vpn_connection_id

    def __iter__(self) -> Iterator[str]:
        names = [self._id]
        for part in self._parts:
            names += _words_of(part.apart(), "IkeConfig")
        return iter(_with_what_is_known(self._parts[0], names))


def _with_what_is_known(fields: Fields, names: list[str]) -> list[str]:
    different = list(dict.fromkeys(names))
    return fields.judge.words_of(*different) if fields.judge else different


def _words_of(part: Fields, ike_name: str) -> list[str]:
    ike = part.block(ike_name)
    told = [*map(part.text, _NAMES), ike.text("LocalId"), ike.text("RemoteId")]
    return [text for text in told if text]
