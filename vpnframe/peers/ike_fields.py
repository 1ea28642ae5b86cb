"""Compare the IKE settings (phase 1) of a tunnel with the IKE settings of its peer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vpnframe.peers import negotiating
from vpnframe.peers.identities import accepts, parse_identity
from vpnframe.peers.model import FieldComparison, FieldOutcome, PeerConnection
from vpnframe.peers.negotiating import ONE_WAY
from vpnframe.peers.selectors import read_address
from vpnframe.peers.tunnels import AUTH_CLASSES, OurTunnel

# RFC 1918 (private), RFC 6598 (shared), RFC 4193 (unique local)
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_VERSIONS: dict[int | None, str] = {0: "ikev1 or ikev2", 1: "ikev1", 2: "ikev2"}
_MODES = {True: "aggressive", False: "main", None: None}
_SWITCH = {True: "on", False: "off", None: None}
# By subject: the reasons of the results match, unverifiable and mismatch.
_REASONS = {
    "ike_mode": (
        "both ends use the same mode",
        "the mode of one end is not known",
        "each end rejects the mode of the other end",
    ),
    "auth_method": (
        "both ends use the same method",
        "the authentication method of one end is not known",
        "each end rejects a method that it does not expect",
    ),
    "psk": (
        "the fingerprints of both keys are equal",
        "the fingerprints were made with different fingerprint keys",
        "the fingerprints differ, so the pre-shared keys differ",
    ),
    "identity": (
        "the other end expects this identity",
        "whether the identities match is not known",
        "the other end expects another identity",
    ),
}


def ike_verdicts(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Yield the comparison of each phase 1 field, such as address, version, identity and cipher."""
    for field, mine, end in (
        ("vpn_gateway_ip", ours.vpn_gateway_ip, theirs.remote),
        ("customer_gateway_ip", ours.customer_gateway_ip, theirs.local),
    ):
        outcome = _of_address(mine, end.addresses, is_remote=field == "vpn_gateway_ip")
        yield FieldComparison(field, mine, ", ".join(end.addresses) or None, *outcome)
    version, other = _VERSIONS.get(ours.ike_version or None), _VERSIONS.get(theirs.ike_version)
    outcome = _of_versions(ours.ike_version, theirs.ike_version)
    yield FieldComparison("ike_version", version, other, *outcome)
    if ours.ike_version == 1 and theirs.ike_version != 2:
        mode, other = ours.ike_mode, _MODES[theirs.is_aggressive]
        is_same = None if mode is None or other is None else mode == other
        yield FieldComparison("ike_mode", mode, other, *_three_valued("ike_mode", is_same))
    yield _auth(ours, theirs)
    if ours.auth_method == "psk":
        yield FieldComparison("psk", None, None, *_of_keys(ours, theirs))
    yield from _identities(ours, theirs)
    yield from _proposals(ours, theirs)
    yield negotiating.compare_lifetimes("ike_lifetime_s", ours, theirs.lifetime)
    delay_s = theirs.dpd_delay_s
    delay = None if delay_s is None else f"every {delay_s} s" if delay_s else "off"
    reason = "each end checks on its own whether the other is alive, and both answer such checks"
    yield FieldComparison("dpd_enabled", _SWITCH[ours.dpd_enabled], delay, "info", reason)
    yield _nat(ours, theirs)


def covers(addresses: Sequence[str], address: str) -> bool | None:
    """Check whether ``addresses`` include an address; None if only a host name could match."""
    block = read_address(address)
    found: bool | None = False
    for one in addresses:
        networks = read_address(one)
        if networks is None:
            found = found if one.startswith("%") else None
        elif block and any(
            all(part.version == network.version and part.subnet_of(network) for part in block)  # type: ignore[arg-type]
            for network in networks
        ):
            return True
    return found


def accepts_any(addresses: Sequence[str]) -> bool:
    """Check whether a list of addresses allows every address, for example by ``%any``."""
    return any(one.startswith("%") for one in addresses)


def is_private(addresses: Sequence[str]) -> bool:
    """Check whether a peer must be behind NAT: it has addresses, and all of them are private."""
    return bool(addresses) and all(covers(_PRIVATE, one) for one in addresses)


def _three_valued(subject: str, answer: bool | None) -> FieldOutcome:
    """Return the outcome match for True, mismatch for False, and unverifiable for None."""
    match, unknown, mismatch = _REASONS[subject]
    return FieldOutcome.first(
        (answer is None, "unverifiable", unknown),
        (answer, "match", match),
        (True, "mismatch", mismatch, "AUTHENTICATION_FAILED"),
    )


def _of_address(ours: str | None, theirs: Sequence[str], *, is_remote: bool) -> FieldOutcome:
    if ours is None or not theirs:
        return FieldOutcome("unverifiable", "the address of one end is not known")
    answer, is_open = covers(theirs, ours), accepts_any(theirs)
    is_behind_nat = not is_remote and is_private(theirs)
    behind_nat = "the peer's address is private: the address that the cloud sees is not known"
    other = "neither end has a connection for the address of the other end"
    return FieldOutcome.first(
        (answer, "match", "both ends have this address"),
        (is_open and is_remote, "info", f"the peer accepts any address: {ONE_WAY}"),
        (is_open, "match", "the peer uses any of its own addresses"),
        (answer is None, "unverifiable", "the peer has a host name: its address is not known"),
        (is_behind_nat, "unverifiable", behind_nat),
        (True, "mismatch", other, "NO_PROPOSAL_CHOSEN"),
    )


def _of_versions(ours: int | None, theirs: int | None) -> FieldOutcome:
    is_unknown = ours not in {1, 2} or theirs not in {0, 1, 2}
    one_way = f"the peer accepts both versions and starts with IKEv2: {ONE_WAY}"
    other = "neither end has a connection for the IKE version of the other end"
    return FieldOutcome.first(
        (is_unknown, "unverifiable", "the IKE version of one end is not known"),
        (theirs == 0 and ours == 1, "unverifiable", one_way, "NO_PROPOSAL_CHOSEN"),
        (theirs in {0, ours}, "match", "both ends use this version"),
        (True, "mismatch", other, "NO_PROPOSAL_CHOSEN"),
    )


def _auth(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    wanted = AUTH_CLASSES.get(ours.auth_method or "")
    local, remote = theirs.local.auth, theirs.remote.auth
    text = local if local == remote else f"{local}, and expects {remote} of the cloud"
    is_known = wanted is not None and local != "any"
    is_same = local == wanted and remote in {wanted, "any"} if is_known else None
    outcome = _three_valued("auth_method", is_same)
    return FieldComparison("auth_method", ours.auth_method, text, *outcome)


def _of_keys(ours: OurTunnel, theirs: PeerConnection) -> FieldOutcome:
    if ours.psk_fingerprint is None or theirs.psk_fingerprint is None:
        reason = "the keys are not compared, because that needs the fingerprints of both"
        return FieldOutcome("unverifiable", reason)
    key_id = ours.psk_fingerprint_key_id
    is_comparable = key_id is not None and key_id == theirs.psk_fingerprint_key_id
    is_same = ours.psk_fingerprint == theirs.psk_fingerprint
    return _three_valued("psk", is_same if is_comparable else None)


def _identities(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    """Compare the IKE identity that each end presents with the one that the other end expects."""
    mine = ours.vpn_gateway_ike_id or ours.vpn_gateway_ip
    expected = theirs.remote.ike_id or "%any"
    yield FieldComparison("vpn_gateway_ike_id", mine, expected, *_of_identity(mine, expected))
    awaited = ours.customer_gateway_ike_id or ours.customer_gateway_ip
    presented = theirs.local.ike_id
    if presented is None and len(theirs.local.addresses) == 1:
        own = theirs.local.addresses[0]
        presented = own if covers([own], own) and "/" not in own else None
    outcome = _of_identity(presented, awaited)
    yield FieldComparison("customer_gateway_ike_id", awaited, presented, *outcome)


def _of_identity(presented: str | None, expected: str | None) -> FieldOutcome:
    if presented is None or expected is None:
        reason = "an end without an IKE id uses its address, which is not known"
        return FieldOutcome("unverifiable", reason)
    return _three_valued("identity", accepts(parse_identity(expected), parse_identity(presented)))


def _proposals(ours: OurTunnel, theirs: PeerConnection) -> Iterator[FieldComparison]:
    cipher, integrity, group = ours.algorithms("ike")
    wanted = negotiating.wanted_of(cipher, integrity, prf=integrity, dh_groups=group)
    choice = negotiating.choose(theirs.proposals, wanted, strips=ours.ike_version == 1)
    for kind in wanted:
        # The cloud has one value for integrity and PRF: one row shows both, unless results differ.
        if kind == "prf" and choice.taken["prf"] == choice.taken.get("integrity"):
            continue
        field = "ike_dh_group" if kind == "dh_groups" else f"ike_{kind}"
        mine = getattr(ours, "ike_integrity" if kind == "prf" else field)
        found = negotiating.compare_algorithm(field, mine, kind, choice, theirs.proposals)
        yield _first_guess(found, ours, theirs) if kind == "dh_groups" else found


def _first_guess(
    found: FieldComparison, ours: OurTunnel, theirs: PeerConnection
) -> FieldComparison:
    """Replace the result ``match`` of the DH group if the peer starts with another group.

    Under IKEv2 the result becomes ``info``, because the peer retries with our group. Under IKEv1 it
    becomes ``unverifiable`` in aggressive mode, and remains ``match`` in main mode.
    """
    group, wanted = negotiating.first_group(theirs.proposals), ours.ike_dh_group
    if found.result != "match" or group in {None, wanted}:
        return found
    if ours.ike_version != 1:
        reason = f"the peer starts with group {group}, retries with {wanted}, and succeeds"
        return replace(found, result="info", reason=reason, ike_error="INVALID_KE_PAYLOAD")
    if theirs.is_aggressive:
        reason = f"in aggressive mode the peer cannot change its first group, {group}: {ONE_WAY}"
        return replace(found, result="unverifiable", reason=reason, ike_error="NO_PROPOSAL_CHOSEN")
    return found


def _nat(ours: OurTunnel, theirs: PeerConnection) -> FieldComparison:
    is_behind = is_private(theirs.local.addresses)
    text = "forced" if theirs.forces_encap else "where a NAT is detected"
    outcome = FieldOutcome("info", "ESP is encapsulated in UDP where either end detects a NAT")
    if ours.nat_traversal_enabled is False and (is_behind or theirs.forces_encap):
        reason = "the peer needs ESP in UDP, but the cloud's NAT traversal is off"
        outcome = FieldOutcome("unverifiable", reason)
    mine = _SWITCH[ours.nat_traversal_enabled]
    text = "behind NAT" if is_behind else text
    return FieldComparison("nat_traversal_enabled", mine, text, *outcome)
