"""Check ACS3-HMAC-SHA256 and v1 (HMAC-SHA1) signatures, independently of the signing module."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from vpnframe.cloud.messages import Request
from vpnframe.emulator.parameters import Pairs, form_pairs, query_pairs
from vpnframe.emulator.refusals import INCOMPLETE_SIGNATURE, RefusalError, required_values

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,\s]+), ?"
    r"SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The access key id, signing time, nonce and security token of a request, not yet verified."""

    access_key_id: str
    timestamp: str
    nonce: str
    security_token: str | None = field(repr=False)


def read_claim(request: Request) -> Claim:
    """Return the unverified key id, time, nonce and token of a request, or raise RefusalError."""
    headers = request.headers
    if not (authorization := headers.get("authorization")):
        return _read_v1_claim(dict(_all_pairs(request)))
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        raise RefusalError(INCOMPLETE_SIGNATURE)
    date, nonce, _ = required_values(
        headers, "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"
    )
    must_be_signed = {"host", *(name for name in headers if name.startswith("x-acs-"))}
    if not must_be_signed <= set(found["headers"].split(";")):
        raise RefusalError(INCOMPLETE_SIGNATURE)
    return Claim(found["key"], date, nonce, headers.get("x-acs-security-token"))


def _read_v1_claim(given: Mapping[str, str]) -> Claim:
    key_id, date, nonce, method, _ = required_values(
        given, "AccessKeyId", "Timestamp", "SignatureNonce", "SignatureMethod", "Signature"
    )
    if (method, given.get("SignatureVersion")) != ("HMAC-SHA1", "1.0"):
        raise RefusalError(INCOMPLETE_SIGNATURE)
    return Claim(key_id, date, nonce, given.get("SecurityToken"))


def is_signed_by(request: Request, secret: str) -> bool:
    """Check whether a request was signed with this secret, regardless of time, nonce and token."""
    if found := _AUTHORIZATION.fullmatch(request.headers.get("authorization", "")):
        expected = _acs3_signature(request, found["headers"].split(";"), secret)
        digest = hashlib.sha256(request.body).hexdigest()
        is_intact = hmac.compare_digest(digest, request.headers.get("x-acs-content-sha256", ""))
        return hmac.compare_digest(expected, found["signature"]) and is_intact
    pairs = _all_pairs(request)
    given = dict(pairs).get("Signature", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(_v1_signature(request.method, pairs, secret), given)


def _all_pairs(request: Request) -> Pairs:
    return query_pairs(request) + form_pairs(request)


def _escaped(text: str) -> str:
    """Percent-encode all characters except the unreserved characters of RFC 3986."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def _joined(pairs: Pairs) -> str:
    """Return the parameters as a canonical query string, sorted by name."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))


def _acs3_signature(request: Request, names: list[str], secret: str) -> str:
    query = _joined(query_pairs(request))
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in sorted(names))
    payload_hash = request.headers.get("x-acs-content-sha256", "")
    parts = (request.method, request.path, query, lines, ";".join(names), payload_hash)
    canonical = "\n".join(parts)
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"ACS3-HMAC-SHA256\n{digest}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _v1_signature(method: str, pairs: Pairs, secret: str) -> bytes:
    signed = [(name, value) for name, value in pairs if name != "Signature"]
    text = f"{method}&%2F&{_escaped(_joined(signed))}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest)
