"""What is kept of another end's configuration: what it takes to compare it, and no key.

These structs have no field for a secret, so that none can reach a table, a log or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from vpnframe.peers.selectors import DYNAMIC, Selector

Protocol = Literal["ike", "esp", "ah"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal: what it offers of each kind of transform, in order.

    Parameters
    ----------
    text : str
        As it was written.
    protocol : {"ike", "esp", "ah"}
        For which SA.
    encryption, integrity, prf : tuple of str
        In the field's words, for example ``aes-256-cbc`` and ``hmac-sha256``.
    dh_groups : tuple of int
        IANA numbers; 0 is none. ESP and AH without any offer none, too.
    esn : tuple of bool
        Of ESP: whether extended sequence numbers are offered.
    unknown : tuple of str
        Words that some versions know: what they stand for cannot be judged.
    problem : str or None
        Why an IKE daemon refuses it.
    is_default : bool
        Whether it stands for what a daemon offers of its own; that depends on how it was built.
    """

    text: str
    protocol: Protocol
    encryption: tuple[str, ...] = ()
    integrity: tuple[str, ...] = ()
    prf: tuple[str, ...] = ()
    dh_groups: tuple[int, ...] = ()
    esn: tuple[bool, ...] = ()
    unknown: tuple[str, ...] = ()
    problem: str | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long the keys of an SA live, in seconds; None where nothing is said.

    Parameters
    ----------
    rekey_s : int or None
        When they are renewed; 0 never.
    hard_s : int or None
        When they end if that fails.
    """

    rekey_s: int | None = None
    hard_s: int | None = None


@dataclass(frozen=True, slots=True)
class PeerChild:
    """One child SA of a connection.

    Parameters
    ----------
    name : str
        Its name in the file.
    proposals : tuple of Proposal
        For ESP, or for AH.
    local_subnets, remote_subnets : tuple of Selector
        Traffic selectors as the daemon reads them; by default the end's own address.
    lifetime : Lifetime
        Of its keys.
    mode : str
        ``tunnel``, ``transport`` and others.
    has_sha256_96 : bool
        Whether HMAC-SHA-256 is cut to 96 bits, against the standard.
    """

    name: str
    proposals: tuple[Proposal, ...]
    local_subnets: tuple[Selector, ...] = (DYNAMIC,)
    remote_subnets: tuple[Selector, ...] = (DYNAMIC,)
    lifetime: Lifetime = field(default_factory=Lifetime)
    mode: str = "tunnel"
    has_sha256_96: bool = False


@dataclass(frozen=True, slots=True)
class PeerEnd:
    """One end of a connection, as the peer's file has it.

    Parameters
    ----------
    addresses : tuple of str
        Addresses, blocks, ranges or names; ``%any`` is any.
    ike_id : str or None
        How it identifies itself; None is the default.
    auth : str
        ``psk``, ``pubkey`` and others; ``any`` takes what comes.
    has_virtual_ip : bool
        Whether it asks for an address to be assigned.
    """

    addresses: tuple[str, ...] = ("%any",)
    ike_id: str | None = None
    auth: str = "pubkey"
    has_virtual_ip: bool = False


@dataclass(frozen=True, slots=True)
class PeerConnection:
    """One connection of the other end: an IKE SA and its child SAs.

    Parameters
    ----------
    name : str
        Its name in the file.
    ike_version : int or None
        1, 2, or 0 for both; None where it is not known.
    is_aggressive : bool or None
        IKEv1's aggressive mode; None where it is not known.
    local, remote : PeerEnd
        Its own end, and ours as it sees it.
    proposals : tuple of Proposal
        For IKE, in order.
    lifetime : Lifetime
        Of the IKE SA.
    dpd_delay_s : int or None
        Seconds between dead peer checks; 0 is none.
    forces_encap : bool
        Whether ESP is put into UDP always.
    children : tuple of PeerChild
        In order.
    refused : str or None
        Why its daemon does not load it.
    may_not_load : bool
        Whether some versions of its daemon do not load it.
    notes : tuple of str
        What in it was not understood.
    psk_fingerprint, psk_fingerprint_key_id : str or None
        Of a connection of the fleet: the keyed fingerprint of its key, and under which key.
    """

    name: str
    ike_version: int | None = 0
    is_aggressive: bool | None = False
    local: PeerEnd = field(default_factory=PeerEnd)
    remote: PeerEnd = field(default_factory=PeerEnd)
    proposals: tuple[Proposal, ...] = ()
    lifetime: Lifetime = field(default_factory=Lifetime)
    dpd_delay_s: int | None = 0
    forces_encap: bool = False
    children: tuple[PeerChild, ...] = ()
    refused: str | None = None
    may_not_load: bool = False
    notes: tuple[str, ...] = ()
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
