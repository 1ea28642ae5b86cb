"""Sign requests with ACS3-HMAC-SHA256 (Alibaba Cloud, "V3 request structure and signature")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode, urlsplit

from vpnframe._version import __version__
from vpnframe.cloud.messages import Request

ALGORITHM = "ACS3-HMAC-SHA256"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
USER_AGENT = f"vpnframe/{__version__}"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An access key; a temporary key also has a security token.

    Parameters
    ----------
    access_key_id : str
        Public part of the access key.
    access_key_secret : str
        Secret part of the access key; never shown.
    security_token : str or None
        Token of an assumed role.

    Examples
    --------
    >>> Credentials("LTAI-example", "secret")
    Credentials('LTAI…')
    """

    access_key_id: str
    access_key_secret: str
    security_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials('{self.access_key_id[:4]}…')"


@dataclass(frozen=True, slots=True)
class Call:
    """One API call before it is signed."""

    base_url: str  # scheme and host, for example ``https://vpc.cn-shanghai.aliyuncs.com``
    action: str  # the API action
    version: str  # the API version of its product
    params: Mapping[str, str]  # all go into the query string


def canonical_query(params: Mapping[str, str]) -> str:
    """Return the query string, sorted and percent-encoded (all but letters, digits, ``-_.~``)."""
    return urlencode(sorted(params.items()), quote_via=quote)


def authorization(request: Request, *, credentials: Credentials) -> str:
    """Compute the ``Authorization`` header of a request whose other headers are complete."""
    headers, names = request.headers, sorted(request.headers)
    signed = ";".join(names)
    listed = "".join([f"{name}:{headers[name].strip()}\n" for name in names])
    start = f"{request.method}\n{request.path}\n{request.query}"
    canonical = f"{start}\n{listed}\n{signed}\n{headers['x-acs-content-sha256']}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key, text = credentials.access_key_secret.encode(), f"{ALGORITHM}\n{digest}".encode()
    signature = hmac.digest(key, text, "sha256").hex()
    return (
        f"{ALGORITHM} Credential={credentials.access_key_id},"
        f"SignedHeaders={signed},Signature={signature}"
    )


def sign(call: Call, *, credentials: Credentials, now: datetime, nonce: str) -> Request:
    """Return the signed request for a call; send the request only once, and unchanged."""
    headers = {
        "accept": "application/json",
        "host": urlsplit(call.base_url).netloc,
        "user-agent": USER_AGENT,
        "x-acs-action": call.action,
        "x-acs-content-sha256": EMPTY_SHA256,
        "x-acs-date": now.replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": call.version,
    }
    if credentials.security_token:
        headers["x-acs-accesskey-id"] = credentials.access_key_id
        headers["x-acs-security-token"] = credentials.security_token
    query = canonical_query(call.params)
    url = f"{call.base_url}/?{query}" if query else f"{call.base_url}/"
    unsigned = Request("POST", url, headers)
    headers["authorization"] = authorization(unsigned, credentials=credentials)
    return Request("POST", url, headers)
