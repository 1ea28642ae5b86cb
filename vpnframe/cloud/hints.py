"""Whose key it is: the words of an answer that a key may have been made of.

They are looked for where a key is judged, and not before: most keys of downloads were in the list.
"""

from __future__ import annotations

from collections.abc import Iterator

from vpnframe.cloud.fields import Fields

# What tells whose key it is, of a connection and of its tunnels.
_NAMES = (
    *("VpnConnectionId", "Name", "VpnGatewayId", "CustomerGatewayId", "TransitRouterId"),
    *("TransitRouterName", "AttachInstanceId", "InternetIp", "TunnelId", "Local", "Remote"),
)


class HintsOfRow:
    """What a list row, and whoever it names, tell of whose keys stand in it."""

    def __init__(self, row: Fields, tunnels: list[Fields]) -> None:
        self._row = row
        self._tunnels = tunnels

    def __iter__(self) -> Iterator[str]:
        quiet = self._row.apart()  # what is odd has been noted
        names = [*_words_of(quiet, "IkeConfig"), *quiet.tags("Tag")]
        for tunnel in self._tunnels:
            names += _words_of(tunnel.apart(), "TunnelIkeConfig")
        return iter(_with_what_is_known(self._row, names))


class HintsOfDownload:
    """The same of a download, which names its two ends alone."""

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
