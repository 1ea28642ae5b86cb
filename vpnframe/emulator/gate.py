"""Check the access key, time, signature, security token and nonce of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vpnframe.cloud.messages import Request
from vpnframe.emulator import refusals
from vpnframe.emulator.refusals import RefusalError
from vpnframe.emulator.signatures import is_signed_by, read_claim

CLOCK_SKEW_S = 15 * 60
# A request is valid from one clock skew before its signing time to one clock skew after it.
_NONCE_LIFE_S = 2 * CLOCK_SKEW_S


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key. A temporary access key has a security token and an expiry time."""

    account_id: str
    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


class NonceLedger:
    """Remembers each nonce for as long as a request with this nonce could be valid."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def use(self, access_key_id: str, nonce: str, *, now: float) -> bool:
        """Mark a nonce as used; return False if it has been used before."""
        # Expired nonces come first, because nonces are inserted in the order of time.
        while self._seen and now - next(iter(self._seen.values())) > _NONCE_LIFE_S:
            del self._seen[next(iter(self._seen))]
        if (access_key_id, nonce) in self._seen:
            return False
        self._seen[access_key_id, nonce] = now
        return True


def authenticate(
    request: Request, credentials: Mapping[str, Credential], nonces: NonceLedger, *, now: float
) -> Credential:
    """Return the credential that signed a request; raise RefusalError if the request is invalid."""
    claim = read_claim(request)
    credential = credentials.get(claim.access_key_id)
    if credential is None:
        raise RefusalError(refusals.UNKNOWN_ACCESS_KEY)
    _check_clock(claim.timestamp, now)
    if not is_signed_by(request, credential.access_key_secret):
        raise RefusalError(refusals.SIGNATURE_DOES_NOT_MATCH)
    given, issued = claim.security_token, credential.security_token
    if given is None and issued is not None:
        raise RefusalError(refusals.MISSING_TOKEN)
    if given != issued:
        if any(given == other.security_token for other in credentials.values()):
            raise RefusalError(refusals.MISMATCHED_TOKEN)
        raise RefusalError(refusals.MALFORMED_TOKEN)
    if credential.expires_at is not None and now >= credential.expires_at:
        raise RefusalError(refusals.EXPIRED_TOKEN)
    if not nonces.use(claim.access_key_id, claim.nonce, now=now):
        raise RefusalError(refusals.NONCE_USED)
    return credential


def _check_clock(timestamp: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise RefusalError(refusals.MALFORMED_TIMESTAMP) from None
    if abs(now - signed_at.timestamp()) > CLOCK_SKEW_S:
        raise RefusalError(refusals.EXPIRED_TIMESTAMP)
