"""Compare phase 1 of a tunnel with its peer: addresses, identities, key and algorithms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vpnframe.model import terms
from vpnframe.peers.identities import accepts, parse_identity
from vpnframe.peers.model import PeerConnection, PeerEnd
from vpnframe.peers.negotiating import choose, first_group, wanted_of
from vpnframe.peers.proposal_fields import ONE_WAY, lifetime_verdict, proposal_verdict
from vpnframe.peers.selector_syntax import read_address
from vpnframe.peers.selectors import Network, Networks
from vpnframe.peers.tunnels import OurTunnel, known
from vpnframe.peers.verdicts import FieldComparison, IkeError, Result

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_FIELDS = {
    "encryption": "ike_encryption",
    "integrity": "ike_integrity",
    "prf": "ike_prf",
    "dh_groups": "ike_dh_group",
}


def ike_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Compare all fields of the IKE SA."""
    yield from _addresses(ours, theirs)
    yield _version(ours, theirs)
    if ours.ike_version == 1 and theirs.ike_version != 2:
        yield _mode(ours, theirs)
    yield _auth(ours, theirs)
    if ours.auth_method == "psk":
        yield _key(ours, theirs)
    yield from _identities(ours, theirs)
    yield from _proposals(ours, theirs)
    yield _lifetime(ours, theirs)
    yield _dead_peers(ours, theirs)
    yield _nat(ours, theirs)


def covers(addresses: Sequence[str], address: str) -> bool | None:
    """Check whether an end's addresses include an address; None if a name decides.

    Examples
    --------
    >>> covers(["192.0.2.0/24"], "192.0.2.9"), covers(["hq.example"], "192.0.2.9")
    (True, None)
    """
    block = read_address(address)
    found: bool | None = False
    for one in addresses:
        networks = read_address(one)
        if networks is None:
            found = found if one.startswith("%") else None
        elif block and any(_contains(network, block) for network in networks):
            return True
    return found


def _contains(network: Network, blocks: Networks) -> bool:
    return all(
        one.version == network.version and one.subnet_of(network)  # type: ignore[arg-type]
        for one in blocks
    )


def is_private(addresses: Sequence[str]) -> bool:
    """Check whether an end has only private addresses, so that it is behind NAT.

    References
    ----------
    RFC 1918 (private), RFC 6598 (shared), RFC 4193 (unique local).

    Examples
    --------
    >>> is_private(["10.0.0.4"]), is_private(["10.0.0.4", "192.0.2.1"]), is_private([])
    (True, False, False)
    """
    return bool(addresses) and all(covers(_PRIVATE, one) for one in addresses)


def _addresses(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    yield _address("vpn_gateway_ip", ours.vpn_gateway_ip, theirs.remote)
    found = _address("customer_gateway_ip", ours.customer_gateway_ip, theirs.local)
    if found.result == "mismatch" and is_private(theirs.local.addresses):
        reason = "a private address behind NAT: the address that the cloud sees is not known"
        found = FieldComparison(found.field, "unverifiable", found.ours, found.theirs, reason)
    yield found


def _address(field: str, ours: str | None, end: PeerEnd) -> FieldComparison:
    theirs = ", ".join(end.addresses) or None
    if ours is None or theirs is None:
        return FieldComparison(field, "unverifiable", ours, theirs, "the address is not known")
    answer = covers(end.addresses, ours)
    if answer:
        return FieldComparison(field, "match", ours, theirs, "the other end has the same")
    if any(one.startswith("%") for one in end.addresses):
        is_remote = field == "vpn_gateway_ip"
        return FieldComparison(
            field,
            "info" if is_remote else "match",
            ours,
            theirs,
            f"it accepts any address, and {ONE_WAY}" if is_remote else "it uses any of its own",
        )
    if answer is None:
        return FieldComparison(
            field, "unverifiable", ours, theirs, "a name: its address is not known"
        )
    reason = "neither end has a connection for the address of the other"
    return FieldComparison(field, "mismatch", ours, theirs, reason, "NO_PROPOSAL_CHOSEN")


def _version(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    words = {0: "ikev1 or ikev2", 1: "ikev1", 2: "ikev2"}
    mine, other = (
        words.get(ours.ike_version or -1),
        words.get(-1 if theirs.ike_version is None else theirs.ike_version),
    )
    result: Result = "match"
    error: IkeError = "none"
    reason = "both use it"
    if mine is None or other is None:
        result, reason = "unverifiable", "a version is not known"
    elif theirs.ike_version == 0 and ours.ike_version == 1:
        result, error = "unverifiable", "NO_PROPOSAL_CHOSEN"
        reason = f"it accepts both and starts with ikev2: {ONE_WAY}"
    elif theirs.ike_version not in (0, ours.ike_version):
        result, error = "mismatch", "NO_PROPOSAL_CHOSEN"
        reason = "neither end has a connection for the version of the other"
    return FieldComparison("ike_version", result, mine, other, reason, error)


def _mode(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    modes = {True: "aggressive", False: "main", None: None}
    other = modes[theirs.is_aggressive]
    if ours.ike_mode is None or other is None:
        return FieldComparison(
            "ike_mode", "unverifiable", ours.ike_mode, other, "a mode is not known"
        )
    if ours.ike_mode == other:
        return FieldComparison(
            "ike_mode", "match", ours.ike_mode, other, "both use the same exchange"
        )
    reason = "an end that is set to one exchange rejects the other"
    return FieldComparison(
        "ike_mode", "mismatch", ours.ike_mode, other, reason, "AUTHENTICATION_FAILED"
    )


def _auth(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    wanted = {"psk": "psk", "certificate": "pubkey"}.get(ours.auth_method or "")
    local, remote = theirs.local.auth, theirs.remote.auth
    said = local if local == remote else f"{local}, and expects {remote} of the cloud"
    if wanted is None or local == "any":
        reason = "the authentication method of one end is not known"
        return FieldComparison("auth_method", "unverifiable", ours.auth_method, said, reason)
    if local == wanted and remote in {wanted, "any"}:
        return FieldComparison(
            "auth_method", "match", ours.auth_method, said, "both use the same method"
        )
    reason = "each end rejects a method that it does not expect"
    return FieldComparison(
        "auth_method", "mismatch", ours.auth_method, said, reason, "AUTHENTICATION_FAILED"
    )


def _key(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    mine = ours.psk_fingerprint_key_id
    if ours.psk_fingerprint is None or theirs.psk_fingerprint is None:
        reason = "keys are not compared: this needs the fingerprints of both"
        return FieldComparison("psk", "unverifiable", None, None, reason)
    if mine is None or mine != theirs.psk_fingerprint_key_id:
        reason = "the fingerprints were made under different keys"
        return FieldComparison("psk", "unverifiable", None, None, reason)
    if ours.psk_fingerprint == theirs.psk_fingerprint:
        return FieldComparison("psk", "match", None, None, "the fingerprints are equal")
    reason = "the fingerprints differ, and so do the keys"
    return FieldComparison("psk", "mismatch", None, None, reason, "AUTHENTICATION_FAILED")


def _identities(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Compare the identity of each end with the one that the other end expects."""
    mine = ours.vpn_gateway_ike_id or ours.vpn_gateway_ip
    expected = theirs.remote.ike_id or "%any"
    yield _identity("vpn_gateway_ike_id", mine, expected, mine, expected)
    awaited = ours.customer_gateway_ike_id or ours.customer_gateway_ip
    presented = theirs.local.ike_id
    if presented is None and len(theirs.local.addresses) == 1:
        own = theirs.local.addresses[0]
        presented = own if covers([own], own) and "/" not in own else None
    yield _identity("customer_gateway_ike_id", presented, awaited, awaited, presented)


def _identity(
    field: str, presented: str | None, expected: str | None, ours: str | None, theirs: str | None
) -> FieldComparison:
    if presented is None or expected is None:
        reason = "an end without an id uses its address, which is not known"
        return FieldComparison(field, "unverifiable", ours, theirs, reason)
    answer = accepts(parse_identity(expected), parse_identity(presented))
    if answer is None:
        return FieldComparison(
            field, "unverifiable", ours, theirs, "whether they match is not known"
        )
    if answer:
        return FieldComparison(field, "match", ours, theirs, "it is what the other end expects")
    reason = "it is not what the other end expects"
    return FieldComparison(field, "mismatch", ours, theirs, reason, "AUTHENTICATION_FAILED")


def _proposals(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    integrity = known(ours.ike_integrity, terms.INTEGRITY_WORDS)
    wanted = wanted_of(
        known(ours.ike_encryption, terms.ENCRYPTION_WORDS),
        integrity,
        prf=integrity,
        dh_groups=ours.ike_dh_group,
    )
    choice = choose(theirs.proposals, wanted, strips=ours.ike_version == 1)
    values = {
        "encryption": ours.ike_encryption,
        "integrity": ours.ike_integrity,
        "prf": ours.ike_integrity,
        "dh_groups": ours.ike_dh_group,
    }
    for kind in wanted:
        # The cloud has one word for integrity and PRF: one row covers both, unless results differ.
        if kind == "prf" and choice.taken["prf"] == choice.taken.get("integrity"):
            continue
        found = proposal_verdict(_FIELDS[kind], values[kind], kind, choice, theirs.proposals)
        yield _first_guess(found, ours, theirs) if kind == "dh_groups" else found


def _first_guess(
    found: FieldComparison, ours: OurTunnel, theirs: PeerConnection
) -> FieldComparison:
    """Adjust a matching group if the peer initiates with a different group."""
    group = first_group(theirs.proposals)
    if found.result != "match" or group in {None, ours.ike_dh_group}:
        return found
    if ours.ike_version != 1:
        reason = f"it starts with group {group}, retries with {ours.ike_dh_group}, and succeeds"
        return replace(found, result="info", reason=reason, ike_error="INVALID_KE_PAYLOAD")
    if theirs.is_aggressive:
        reason = f"aggressive mode starts with group {group} and cannot change it: {ONE_WAY}"
        return replace(found, result="unverifiable", reason=reason, ike_error="NO_PROPOSAL_CHOSEN")
    return found


def _lifetime(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    return lifetime_verdict(
        "ike_lifetime_s", ours.ike_lifetime_s, theirs.lifetime, ike_version=ours.ike_version
    )


def _dead_peers(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    delay_s = theirs.dpd_delay_s
    theirs_text = None if delay_s is None else f"every {delay_s} s" if delay_s else "off"
    reason = "each end detects a dead peer by itself, and answers the checks of the other"
    return FieldComparison("dpd_enabled", "info", _switch(ours.dpd_enabled), theirs_text, reason)


def _nat(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    is_behind = is_private(theirs.local.addresses)
    texts = {True: "forced", False: "where a NAT is detected"}
    theirs_text = "behind NAT" if is_behind else texts[theirs.forces_encap]
    mine = _switch(ours.nat_traversal_enabled)
    if ours.nat_traversal_enabled is False and (is_behind or theirs.forces_encap):
        reason = "it needs ESP in UDP, but the cloud's NAT traversal is off"
        return FieldComparison("nat_traversal_enabled", "unverifiable", mine, theirs_text, reason)
    reason = "ESP is encapsulated in UDP where either end detects a NAT"
    return FieldComparison("nat_traversal_enabled", "info", mine, theirs_text, reason)


def _switch(value: bool | None) -> str | None:
    return None if value is None else "on" if value else "off"
