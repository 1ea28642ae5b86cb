"""Classes for a peer's settings and for comparison results; no field may hold a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from vpnframe.peers.selectors import DYNAMIC, Selector

Protocol = Literal["ike", "esp", "ah"]
Result = Literal["match", "mismatch", "works-until-rekey", "unverifiable", "info"]
IkeError = Literal[
    "none", "NO_PROPOSAL_CHOSEN", "AUTHENTICATION_FAILED", "TS_UNACCEPTABLE", "INVALID_KE_PAYLOAD",
    "INVALID_ID_INFORMATION",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeerProposal:
    """A proposal for IKE, ESP or AH: the algorithms of each kind, in order of preference."""

    text: str  # the proposal as written, without blanks
    protocol: Protocol  # the protocol of the SA that it is for
    encryption: tuple[str, ...] = ()  # names in vpnframe, for example ``aes-256-cbc``
    integrity: tuple[str, ...] = ()
    prf: tuple[str, ...] = ()
    dh_groups: tuple[int, ...] = ()  # IANA numbers; 0 means no group, as does () for ESP and AH
    esn: tuple[bool, ...] = ()  # ESP: whether extended sequence numbers are offered
    unknown: tuple[str, ...] = ()  # keywords that vpnframe does not know
    problem: str | None = None  # why the daemon rejects the proposal; None if it is valid
    is_default: bool = False  # whether it is the daemon's default, which depends on the build


Proposals = tuple[PeerProposal, ...]  # in order of preference


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Lifetime of an SA's keys in seconds; a time is None if the configuration does not set it."""

    rekey_s: int | None = None  # when the keys are renewed; 0 means never
    hard_s: int | None = None  # when the keys expire if they are not renewed


@dataclass(frozen=True, slots=True)
class PeerChild:
    """A child SA of a connection, as the peer's configuration describes it."""

    name: str  # name in the file
    proposals: Proposals  # ESP or AH proposals
    local_subnets: tuple[Selector, ...] = (DYNAMIC,)  # default: the end's own address
    remote_subnets: tuple[Selector, ...] = (DYNAMIC,)
    lifetime: Lifetime = Lifetime()  # lifetime of its keys
    mode: str = "tunnel"  # ``tunnel``, ``transport`` and others
    has_sha256_96: bool = False  # whether HMAC-SHA-256 is cut to 96 bits, against the standard


@dataclass(frozen=True, slots=True)
class PeerEnd:
    """One end (local or remote) of a connection, as the peer's configuration describes it."""

    addresses: tuple[str, ...] = ("%any",)  # IP addresses, CIDR blocks, ranges, names or ``%any``
    ike_id: str | None = None  # identity that the end presents; None means the default
    auth: str = "pubkey"  # ``psk``, ``pubkey`` and others; ``any`` accepts every method
    has_virtual_ip: bool = False  # whether the end requests a virtual IP address


@dataclass(frozen=True, slots=True)
class PeerConnection:
    """A connection in the peer's configuration: the settings of an IKE SA and its child SAs."""

    name: str  # name in the file
    ike_version: int | None = 0  # 1, 2, or 0 for both; None if unknown
    is_aggressive: bool | None = False  # IKEv1's aggressive mode; None if unknown
    local: PeerEnd = PeerEnd()  # the peer's own end
    remote: PeerEnd = PeerEnd()  # our end, as the peer's file describes it
    proposals: Proposals = ()  # IKE proposals, in order of preference
    lifetime: Lifetime = Lifetime()  # lifetime of the IKE SA
    dpd_delay_s: int | None = 0  # seconds between dead peer checks; 0 means off
    forces_encap: bool = False  # whether ESP is always encapsulated in UDP
    children: tuple[PeerChild, ...] = ()  # child SAs, in the order of the file
    refused: str | None = None  # why the daemon does not load the connection
    may_not_load: bool = False  # whether some daemons do not load the connection
    notes: tuple[str, ...] = ()  # what vpnframe did not understand
    psk_fingerprint: str | None = None  # of the pre-shared key; only for a fleet as peer
    psk_fingerprint_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """The configuration of a peer, with all its connections.

    Parameters
    ----------
    source : str
        Path of the file, or ``fleet``.
    syntax : {"swanctl.conf", "ipsec.conf", "fleet"}
        Syntax of the file, or ``fleet``.
    connections : tuple of PeerConnection
        The connections, in the order of the file.
    notes : tuple of str
        Parts of the file that were not read or not understood.
    """

    source: str
    syntax: str
    connections: tuple[PeerConnection, ...]
    notes: tuple[str, ...] = ()


class FieldOutcome(NamedTuple):
    """How a setting compares: the result, the reason, and the error that IKE would report."""

    result: Result
    reason: str
    ike_error: IkeError = "none"

    @classmethod
    def first(
        cls, *cases: tuple[object, Result, str] | tuple[object, Result, str, IkeError]
    ) -> FieldOutcome:
        """Return the outcome of the first case (condition, result, reason, error) that is true."""
        return next(cls(*outcome) for condition, *outcome in cases if condition)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """The comparison of a field of a tunnel: the cloud's value, the peer's value, the result."""

    field: str  # a column of ``tunnels``, or another subject
    ours: str | None
    theirs: str | None
    result: Result
    reason: str
    ike_error: IkeError = "none"
    child: str | None = None  # name of the peer's child SA, if the field belongs to one
