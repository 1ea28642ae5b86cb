"""What is kept of another end's configuration: what it takes to compare it, and no key.

These structs have no field for a secret, so that none can reach a table, a log or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vpnframe.peers.selectors import DYNAMIC, Selector

Protocol = Literal["ike", "esp", "ah"]


@dataclass(frozen=True, slots=True)
class PeerProposal:
    """One proposal: what it offers of each kind of transform, in order."""

    text: str  # as it was written
    protocol: Protocol  # for which SA
    # encryption, integrity, prf: in the field's words, for example ``aes-256-cbc`` and ``hmac-
    # sha256``
    encryption: tuple[str, ...] = ()
    integrity: tuple[str, ...] = ()
    prf: tuple[str, ...] = ()
    # IANA numbers; 0 is none. ESP and AH without any offer none, too
    dh_groups: tuple[int, ...] = ()
    esn: tuple[bool, ...] = ()  # of ESP: whether extended sequence numbers are offered
    # Words that some versions know: what they stand for cannot be judged
    unknown: tuple[str, ...] = ()
    problem: str | None = None  # why an IKE daemon refuses it
    # Whether it stands for what a daemon offers of its own; that depends on how it was built
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long the keys of an SA live, in seconds; None where nothing is said."""

    rekey_s: int | None = None  # when they are renewed; 0 never
    hard_s: int | None = None  # when they end if that fails


@dataclass(frozen=True, slots=True)
class PeerChild:
    """One child SA of a connection."""

    name: str  # its name in the file
    proposals: tuple[PeerProposal, ...]  # for ESP, or for AH
    # local_subnets, remote_subnets: traffic selectors as the daemon reads them; by default the
    # end's own address
    local_subnets: tuple[Selector, ...] = (DYNAMIC,)
    remote_subnets: tuple[Selector, ...] = (DYNAMIC,)
    lifetime: Lifetime = field(default_factory=Lifetime)  # of its keys
    mode: str = "tunnel"  # ``tunnel``, ``transport`` and others
    has_sha256_96: bool = False  # whether HMAC-SHA-256 is cut to 96 bits, against the standard


@dataclass(frozen=True, slots=True)
class PeerEnd:
    """One end of a connection, as the peer's file has it."""

    addresses: tuple[str, ...] = ("%any",)  # addresses, blocks, ranges or names; ``%any`` is any
    ike_id: str | None = None  # how it identifies itself; None is the default
    auth: str = "pubkey"  # ``psk``, ``pubkey`` and others; ``any`` takes what comes
    has_virtual_ip: bool = False  # whether it asks for an address to be assigned


@dataclass(frozen=True, slots=True)
class PeerConnection:
    """One connection of the other end: an IKE SA and its child SAs."""

    name: str  # its name in the file
    ike_version: int | None = 0  # 1, 2, or 0 for both; None where it is not known
    is_aggressive: bool | None = False  # IKEv1's aggressive mode; None where it is not known
    # local, remote: its own end, and ours as it sees it
    local: PeerEnd = field(default_factory=PeerEnd)
    remote: PeerEnd = field(default_factory=PeerEnd)
    proposals: tuple[PeerProposal, ...] = ()  # for IKE, in order
    lifetime: Lifetime = field(default_factory=Lifetime)  # of the IKE SA
    dpd_delay_s: int | None = 0  # seconds between dead peer checks; 0 is none
    forces_encap: bool = False  # whether ESP is put into UDP always
    children: tuple[PeerChild, ...] = ()  # in order
    refused: str | None = None  # why its daemon does not load it
    may_not_load: bool = False  # whether some versions of its daemon do not load it
    notes: tuple[str, ...] = ()  # what in it was not understood
    # psk_fingerprint, psk_fingerprint_key_id: of a connection of the fleet: the keyed fingerprint
    # of its key, and under which key
    psk_fingerprint: str | None = None
    psk_fingerprint_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end: every connection that its configuration names.

    Parameters
    ----------
    source : str
        The file, or ``fleet``.
    syntax : {"swanctl.conf", "ipsec.conf", "fleet"}
        What it was read from.
    connections : tuple of PeerConnection
        In order.
    notes : tuple of str
        What in the file was not followed or not understood.
    """

    source: str
    syntax: str
    connections: tuple[PeerConnection, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot be read: a line and a sentence that shows nothing of the file."""

    line: int
    message: str
