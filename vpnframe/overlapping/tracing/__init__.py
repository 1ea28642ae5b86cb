"""Which tunnel takes a packet, and why."""

from __future__ import annotations

from vpnframe.overlapping.tracing.answering import trace

__all__ = ["trace"]
