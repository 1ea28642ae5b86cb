"""Model of a peer's configuration, reduced to what a comparison needs, and of its results.

The structs of the configuration have no field for a secret, so no secret can reach a table, a log
or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from vpnframe.peers.selectors import DYNAMIC, Selector

Protocol = Literal["ike", "esp", "ah"]
Result = Literal["match", "mismatch", "works-until-rekey", "unverifiable", "info"]
IkeError = Literal[
    "none",
    "NO_PROPOSAL_CHOSEN",
    "AUTHENTICATION_FAILED",
    "TS_UNACCEPTABLE",
    "INVALID_KE_PAYLOAD",
    "INVALID_ID_INFORMATION",
]


@dataclass(frozen=True, slots=True)
class PeerProposal:
    """One proposal: the transforms that it offers of each kind, in order."""

    text: str  # normalized text of the proposal
    protocol: Protocol  # the kind of SA
    encryption: tuple[str, ...] = ()  # vpnframe's names, for example ``aes-256-cbc``
    integrity: tuple[str, ...] = ()
    prf: tuple[str, ...] = ()
    dh_groups: tuple[int, ...] = ()  # IANA numbers; 0 is none, as is no group of ESP and AH
    esn: tuple[bool, ...] = ()  # ESP: whether extended sequence numbers are offered
    unknown: tuple[str, ...] = ()  # words that only some versions know, with unknown meaning
    problem: str | None = None  # why an IKE daemon rejects it
    is_default: bool = False  # whether it is the daemon's default, which depends on its build


Proposals = tuple[PeerProposal, ...]  # in order of preference


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Lifetime of the keys of an SA, in seconds; None if not stated."""

    rekey_s: int | None = None  # when they are renewed; 0 is never
    hard_s: int | None = None  # when they expire if renewal fails


@dataclass(frozen=True, slots=True)
class PeerChild:
    """One child SA of a connection."""

    name: str  # its name in the file
    proposals: Proposals  # for ESP or for AH
    local_subnets: tuple[Selector, ...] = (DYNAMIC,)  # default: the end's own address
    remote_subnets: tuple[Selector, ...] = (DYNAMIC,)
    lifetime: Lifetime = Lifetime()  # of its keys
    mode: str = "tunnel"  # ``tunnel``, ``transport`` and others
    has_sha256_96: bool = False  # whether HMAC-SHA-256 is cut to 96 bits, against the standard


@dataclass(frozen=True, slots=True)
class PeerEnd:
    """One end of a connection, as written in the peer's file."""

    addresses: tuple[str, ...] = ("%any",)  # addresses, blocks, ranges or names; ``%any`` is any
    ike_id: str | None = None  # how it identifies itself; None is the default
    auth: str = "pubkey"  # ``psk``, ``pubkey`` and others; ``any`` accepts all
    has_virtual_ip: bool = False  # whether it requests a virtual IP


@dataclass(frozen=True, slots=True)
class PeerConnection:
    """One connection of the peer: an IKE SA and its child SAs."""

    name: str  # its name in the file
    ike_version: int | None = 0  # 1, 2, or 0 for both; None if unknown
    is_aggressive: bool | None = False  # IKEv1's aggressive mode; None if unknown
    local: PeerEnd = PeerEnd()  # the peer's own end
    remote: PeerEnd = PeerEnd()  # ours, from its view
    proposals: Proposals = ()  # for IKE, in order
    lifetime: Lifetime = Lifetime()  # of the IKE SA
    dpd_delay_s: int | None = 0  # seconds between dead peer checks; 0 is off
    forces_encap: bool = False  # whether ESP is always encapsulated in UDP
    children: tuple[PeerChild, ...] = ()  # in order
    refused: str | None = None  # why its daemon does not load it
    may_not_load: bool = False  # whether some versions of its daemon do not load it
    notes: tuple[str, ...] = ()  # what was not understood
    psk_fingerprint: str | None = None  # of the key, for connections of the fleet
    psk_fingerprint_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """The peer: every connection of its configuration.

    Parameters
    ----------
    source : str
        The file, or ``fleet``.
    syntax : {"swanctl.conf", "ipsec.conf", "fleet"}
        The kind of source.
    connections : tuple of PeerConnection
        In order.
    notes : tuple of str
        What was not followed or not understood in the file.
    """

    source: str
    syntax: str
    connections: tuple[PeerConnection, ...]
    notes: tuple[str, ...] = ()


class FieldOutcome(NamedTuple):
    """What a comparison found, one sentence why, and the error that IKE reports."""

    result: Result
    reason: str
    ike_error: IkeError = "none"


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of one tunnel, compared with the peer: both values as text, and the outcome."""

    field: str  # the column of ``tunnels``, or another subject
    ours: str | None
    theirs: str | None
    result: Result
    reason: str
    ike_error: IkeError = "none"
    child: str | None = None  # the peer's child SA, if it concerns one
