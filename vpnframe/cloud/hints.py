"""Collect, only if a pre-shared key is judged, names and ids from which it may be derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vpnframe.cloud.fields import Fields

# Fields of a connection or tunnel from which its pre-shared key may be derived.
_NAMES = (
    *("VpnConnectionId", "Name", "VpnGatewayId", "CustomerGatewayId", "TransitRouterId"),
    *("TransitRouterName", "AttachInstanceId", "InternetIp", "TunnelId", "Local", "Remote"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Hints:
    """Names and ids from which the pre-shared keys of a connection may be derived."""

    row: Fields
    tunnels: list[Fields]
    connection_id: str | None = None  # set for a download, whose response does not contain it

    def __iter__(self) -> Iterator[str]:
        names = [self.connection_id, *_words_of(self.row), *self.row.apart().tags("Tag")]
        for tunnel in self.tunnels:
            names += _words_of(tunnel)
        different = list(dict.fromkeys(filter(None, names)))
        judge = self.row.judge
        return iter(judge.words_of(*different) if judge else different)


def _words_of(part: Fields) -> list[str | None]:
    quiet = part.apart()  # malformed values are already noted
    blocks = [quiet.block(name) for name in ("IkeConfig", "TunnelIkeConfig")]
    ids = [block.text(name) for block in blocks for name in ("LocalId", "RemoteId")]
    return [*map(quiet.text, _NAMES), *ids]
