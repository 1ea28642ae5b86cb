"""The small client that the emulator's tests call it with, and its own tests.

It signs by the published description and shares nothing with the package's own signing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import State, handle

NOW = 1_900_000_000.0
HOST = "vpc.cn-hangzhou.aliyuncs.com"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def encode(parameters: dict[str, str]) -> str:
    """Write parameters as a canonical query."""
    return urlencode(sorted(parameters.items()), quote_via=quote, safe="-_.~")


def timestamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Signer:
    """Signs calls with one access key, each with a nonce of its own."""

    access_key_id: str
    access_key_secret: str
    security_token: str | None = None
    n_signed: int = field(default=0)

    def nonce(self) -> str:
        """Make a nonce that was not used before."""
        self.n_signed += 1
        return f"nonce-{self.n_signed}"

    def acs3(
        self,
        action: str,
        parameters: dict[str, str] | None = None,
        *,
        now: float = NOW,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> Request:
        """Sign a call the way the official SDK does today."""
        query = encode(parameters or {})
        signed = {
            "host": HOST,
            "x-acs-action": action,
            "x-acs-version": "2016-04-28",
            "x-acs-date": timestamp(now),
            "x-acs-signature-nonce": self.nonce(),
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "accept": "application/json",
        }
        if self.security_token is not None:
            signed["x-acs-security-token"] = self.security_token
        signed |= headers or {}
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        payload_hash = signed["x-acs-content-sha256"]
        canonical = f"{method}\n/\n{query}\n{lines}\n{names}\n{payload_hash}"
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.access_key_secret.encode(), text.encode(), "sha256").hexdigest()
        signed["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self.access_key_id},"
            f"SignedHeaders={names},Signature={signature}"
        )
        return Request(method, f"https://{HOST}/?{query}", signed, body)

    def v1(
        self, action: str, parameters: dict[str, str] | None = None, *, is_form: bool = False
    ) -> Request:
        """Sign a call the older way, with parameters in the query or in a form body."""
        method = "POST" if is_form else "GET"
        signed = {
            "Action": action,
            "Version": "2016-04-28",
            "Format": "JSON",
            "AccessKeyId": self.access_key_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": self.nonce(),
            "Timestamp": timestamp(NOW),
        }
        if self.security_token is not None:
            signed["SecurityToken"] = self.security_token
        signed |= parameters or {}
        text = f"{method}&%2F&{quote(encode(signed), safe='-_.~')}"
        digest = hmac.new(f"{self.access_key_secret}&".encode(), text.encode(), "sha1").digest()
        query = urlencode(signed | {"Signature": base64.b64encode(digest).decode()})
        if not is_form:
            return Request("GET", f"https://{HOST}/?{query}", {"host": HOST})
        form = {"host": HOST, "content-type": "application/x-www-form-urlencoded"}
        return Request("POST", f"https://{HOST}/", form, query.encode())


def signer_of(state: State, *, account: int = 0) -> Signer:
    """Make a signer for one of the emulator's accounts."""
    holder = state.fleet.accounts[account]
    return Signer(holder.access_key_id, holder.access_key_secret)


def ask(state: State, signer: Signer, action: str, **parameters: str) -> Any:
    """Call the emulator and read its JSON answer, or the error in it."""
    return json.loads(handle(state, signer.acs3(action, parameters), NOW).body)


def code_of(response: Response) -> tuple[int, str]:
    """Read status and code of a JSON error."""
    return response.status, json.loads(response.body).get("Code", "")


def test_encode_escapes_all_but_the_unreserved() -> None:
    """The client writes a canonical query as RFC 3986 has it."""
    assert encode({"b": "a*b~c/中", "a": "x y"}) == "a=x%20y&b=a%2Ab~c%2F%E4%B8%AD"


def test_acs3_gives_the_published_form() -> None:
    """The client's authorization names its key, its signed headers and a hex signature."""
    request = Signer("id", "secret").acs3("DescribeRegions")
    scheme, credential, names, signature = (
        request.headers["authorization"].replace(",", " ").split()
    )
    assert scheme == "ACS3-HMAC-SHA256"
    assert credential == "Credential=id"
    assert names.startswith("SignedHeaders=accept;host;x-acs-action")
    assert len(signature) == len("Signature=") + 64
