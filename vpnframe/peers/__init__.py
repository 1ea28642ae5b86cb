"""Read the configuration of a tunnel's peer without its secrets, and compare it with the fleet."""

from __future__ import annotations

from vpnframe.peers.comparing import compare_peer
from vpnframe.peers.model import Peer
from vpnframe.peers.reading import read_peer

__all__ = ["Peer", "compare_peer", "read_peer"]
