"""Check signatures: ACS3-HMAC-SHA256 and the older HMAC-SHA1 (v1).

Written from the published descriptions; it shares no code with the signing module.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import quote

from vpnframe.cloud.messages import Request
from vpnframe.emulator.parameters import Pairs, form_pairs, query_pairs
from vpnframe.emulator.refusals import INCOMPLETE_SIGNATURE, Refusal, missing_parameter

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,\s]+), ?"
    r"SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_ACS3_HEADERS = ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256")
_V1_PARAMETERS = ("AccessKeyId", "Timestamp", "SignatureNonce", "SignatureMethod")


@dataclass(frozen=True, slots=True)
class Claim:
    """The signer and the signing time that a request claims."""

    access_key_id: str
    timestamp: str
    nonce: str
    security_token: str | None = field(repr=False)


def read_claim(request: Request) -> Claim | Refusal:
    """Read the claim of a request; return a refusal if it is missing or incomplete."""
    authorization = request.headers.get("authorization", "")
    if authorization:
        return _read_acs3_claim(request, authorization)
    return _read_v1_claim(dict(_all_pairs(request)))


def is_signed_by(request: Request, secret: str) -> bool:
    """Check whether the signature of a request was made with a secret.

    It does not check clock, nonce or access key id.

    Examples
    --------
    >>> is_signed_by(Request("GET", "http://127.0.0.1/?Action=DescribeRegions"), "secret")
    False
    """
    if found := _AUTHORIZATION.fullmatch(request.headers.get("authorization", "")):
        names = found["headers"].split(";")
        expected = _acs3_signature(request, names, secret)
        return hmac.compare_digest(expected, found["signature"]) and _is_body_intact(request)
    pairs = _all_pairs(request)
    given = dict(pairs).get("Signature", "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(_v1_signature(request.method, pairs, secret), given)


def _read_acs3_claim(request: Request, authorization: str) -> Claim | Refusal:
    found = _AUTHORIZATION.fullmatch(authorization)
    if found is None:
        return INCOMPLETE_SIGNATURE
    headers = request.headers
    for name in _ACS3_HEADERS:
        if not headers.get(name):
            return missing_parameter(name)
    must_be_signed = {"host", *(name for name in headers if name.startswith("x-acs-"))}
    if not must_be_signed <= set(found["headers"].split(";")):
        return INCOMPLETE_SIGNATURE
    return Claim(
        access_key_id=found["key"],
        timestamp=headers["x-acs-date"],
        nonce=headers["x-acs-signature-nonce"],
        security_token=headers.get("x-acs-security-token"),
    )


def _read_v1_claim(parameters: dict[str, str]) -> Claim | Refusal:
    for name in (*_V1_PARAMETERS, "Signature"):
        if not parameters.get(name):
            return missing_parameter(name)
    if parameters["SignatureMethod"] != "HMAC-SHA1":
        return INCOMPLETE_SIGNATURE
    if parameters.get("SignatureVersion") != "1.0":
        return INCOMPLETE_SIGNATURE
    return Claim(
        access_key_id=parameters["AccessKeyId"],
        timestamp=parameters["Timestamp"],
        nonce=parameters["SignatureNonce"],
        security_token=parameters.get("SecurityToken"),
    )


def _all_pairs(request: Request) -> Pairs:
    return query_pairs(request) + form_pairs(request)


def _escaped(text: str) -> str:
    """Percent-encode all but the unreserved characters of RFC 3986."""
    return quote(text, safe="-_.~", errors="surrogateescape")


def _joined(pairs: Pairs) -> str:
    """Return pairs as a canonical query, sorted by name."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))


def _acs3_signature(request: Request, names: list[str], secret: str) -> str:
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in sorted(names))
    canonical = "\n".join(
        (
            request.method,
            request.path,
            _joined(query_pairs(request)),
            lines,
            ";".join(names),
            request.headers.get("x-acs-content-sha256", ""),
        )
    )
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"ACS3-HMAC-SHA256\n{digest}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _is_body_intact(request: Request) -> bool:
    """Check whether the body has the hash that was signed."""
    claimed = request.headers.get("x-acs-content-sha256", "")
    return hmac.compare_digest(hashlib.sha256(request.body).hexdigest(), claimed)


def _v1_signature(method: str, pairs: Pairs, secret: str) -> bytes:
    signed = [(name, value) for name, value in pairs if name != "Signature"]
    text = f"{method}&%2F&{_escaped(_joined(signed))}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest)
