"""What the audit's data must say, once more and written otherwise."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# How bad each rule is where a row has no other severity.
SEVERITY_NAMES = {
    "critical": "ike-des ipsec-des ike-dh-1 psk-published psk-derived encryption-none",
    "high": "ike-aggressive-mode ipsec-3des ipsec-block-limit sm-profile psk-weak psk-reused "
    "ike-shared-peer-mismatch bgp-down gateway-expiring gateway-locked no-live-path "
    "overlap-own-sides overlap-onprem overlap-selector-pair overlap-route-domain "
    "overlap-other-vpc selector-ikev1-multi selector-reserved",
    "medium": "ike-version-1 ike-3des ike-md5 ipsec-md5 ike-dh-2 ike-dh-5 ike-dh-24 ipsec-pfs-off "
    "all-defaults tunnels-differ id-any id-equal id-fqdn-main-mode bgp-parameters "
    "health-check-failing single-tunnel not-established standby-down route-unpublished "
    "route-next-hop-down gateway-not-active state-not-active witness-conflict waiver-expired "
    "overlap-duplicate",
    "low": "rekey-storm gateway-unused orphan one-zone dpd-off health-check-off natt-off "
    "selector-wide selector-redundant selector-documentation",
    "info": "ike-sha1 ipsec-sha1 ipsec-pfs-weak ipsec-lifetime-long lifetime-order bgp-no-auth "
    "strength-low gateway-connections-quota gateway-routes-quota subnets-quota value-unknown "
    "lifetime-zero psk-unavailable coverage overlap-not-judged selector-multi-ts selector-public "
    "selector-invalid",
}
# The rules whose references were read with the text at hand; others are to be seen, not proof.
VERIFIED = {
    *("vpn-ike-version-1", "vpn-all-defaults", "vpn-sm-profile", "vpn-bgp-parameters"),
    *("vpn-route-unpublished", "vpn-overlap-selector-pair", "vpn-selector-ikev1-multi"),
}
_LINE = re.compile(r"(\w+) \((\w+)\): (.+)")


def severities() -> dict[str, str]:
    """What was agreed on, by rule."""
    return {f"vpn-{name}": word for word, names in SEVERITY_NAMES.items() for name in names.split()}


@cache
def verdicts() -> dict[str, dict[str, tuple[str, dict[str, str]]]]:
    """Profile, column, then how that is known and the verdicts; a range by its first number."""
    found: dict[str, dict[str, tuple[str, dict[str, str]]]] = {}
    text = Path(__file__).parent.joinpath("data", "verdicts.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            profile = found.setdefault(line.strip("[]"), {})
        elif line:
            column, basis, pairs = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
            profile[column] = (basis, dict(pair.split(" ") for pair in pairs.split(", ")))
    return found
