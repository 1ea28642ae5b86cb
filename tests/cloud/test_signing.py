"""Signing, against the vectors, the official SDK's signer and the emulator's verifier."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpnframe.cloud.messages import Request
from vpnframe.cloud.signing import (
    EMPTY_SHA256,
    Call,
    Credentials,
    authorization,
    canonical_query,
    sign,
)
from vpnframe.emulator.signatures import is_signed_by

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "signing-vectors.json").read_text(encoding="utf-8")
)
ACS3 = [vector for vector in VECTORS if vector["scheme"].startswith("ACS3")]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BASE_URL = "https://vpc.cn-shanghai.aliyuncs.com"
PARAMS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))
)


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def credentials_of(vector: dict[str, Any]) -> Credentials:
    return Credentials(vector["access_key_id"], vector["access_key_secret"])


def request_of(vector: dict[str, Any]) -> Request:
    """Build a vector's request with our own query, still unsigned."""
    url = f"https://{vector['host']}/?{canonical_query(vector['params'])}"
    return Request(vector["method"], url, {"host": vector["host"], **vector["headers"]})


def signed(params: dict[str, str], *, nonce: str = "1", token: str | None = None) -> Request:
    call = Call(BASE_URL, "DescribeVpnConnections", "2016-04-28", params)
    return sign(call, credentials=Credentials("id", "secret", token), now=NOW, nonce=nonce)


def sdk_authorization(request: Request, params: dict[str, str]) -> str:
    """Sign the same request with the official SDK."""
    from alibabacloud_tea_openapi.utils import Utils  # noqa: PLC0415  it takes long to import

    headers = {n: v for n, v in request.headers.items() if n != "authorization"}
    same = SimpleNamespace(method="POST", pathname="/", query=params, headers=headers)
    return str(Utils.get_authorization(same, "ACS3-HMAC-SHA256", EMPTY_SHA256, "id", "secret"))


@pytest.mark.parametrize("vector", ACS3, ids=name_of)
def test_acs3_vector_authorization(vector: dict[str, Any]) -> None:
    """The header that we compute is the vector's."""
    request = request_of(vector)
    assert authorization(request, credentials=credentials_of(vector)) == vector["authorization"]


@pytest.mark.parametrize("vector", ACS3, ids=name_of)
def test_acs3_vector_canonical_request(vector: dict[str, Any]) -> None:
    """Method, path, query and headers are the pieces of the vector's canonical request."""
    method, path, query, *rest = vector["canonical_request"].split("\n")
    request = request_of(vector)
    assert (request.method, request.path, request.query) == (method, path, query)
    assert rest[-1] == request.headers["x-acs-content-sha256"] == EMPTY_SHA256
    digest = hashlib.sha256(vector["canonical_request"].encode()).hexdigest()
    assert digest == vector["canonical_request_sha256"]


@pytest.mark.parametrize("token", [None, "STS.token"])
@pytest.mark.parametrize(
    "params",
    [{}, {"RegionId": "cn-shanghai"}, {"Tag.1.Key": "env name", "Tag.1.Value": "a*b~c/中+&="}],
    ids=["none", "plain", "reserved"],
)
def test_sign_agrees_with_the_official_sdk(params: dict[str, str], token: str | None) -> None:
    """Two signers that share no code give one header."""
    request = signed(params, token=token)
    assert request.headers["authorization"] == sdk_authorization(request, params)


@given(params=PARAMS)
def test_sign_is_accepted_by_the_emulator(params: dict[str, str]) -> None:
    """Whatever the parameters, a verifier of its own finds the signature right."""
    request = signed(params)
    assert is_signed_by(request, "secret")
    assert not is_signed_by(request, "another secret")


@given(params=PARAMS)
def test_query_decodes_to_the_parameters(params: dict[str, str]) -> None:
    """Nothing is lost or added by encoding, non-ASCII text included."""
    pairs = parse_qsl(signed(params).query, keep_blank_values=True, strict_parsing=bool(params))
    assert dict(pairs) == params
    assert len(pairs) == len(params)


@pytest.mark.parametrize("token", [None, "STS.token"])
def test_every_header_is_signed(token: str | None) -> None:
    """What is sent and what is signed are the same headers."""
    headers = signed({"RegionId": "cn-shanghai"}, token=token).headers
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert names == sorted(set(headers) - {"authorization"})


def test_headers_of_a_call() -> None:
    """The documented ones, and our own User-Agent."""
    headers = signed({}, nonce="n-1").headers
    assert headers["host"] == "vpc.cn-shanghai.aliyuncs.com"
    assert headers["user-agent"].startswith("vpnframe/")
    assert headers["x-acs-action"] == "DescribeVpnConnections"
    assert headers["x-acs-date"] == "2026-01-02T03:04:05Z"
    assert headers["x-acs-signature-nonce"] == "n-1"
    assert "x-acs-security-token" not in headers


def test_a_security_token_is_sent_with_its_key_id() -> None:
    """Temporary credentials need both headers."""
    headers = signed({}, token="STS.token").headers
    assert headers["x-acs-security-token"] == "STS.token"
    assert headers["x-acs-accesskey-id"] == "id"


def test_the_nonce_changes_the_signature() -> None:
    """The same call signed again is another request."""
    first, second = signed({}, nonce="1"), signed({}, nonce="2")
    assert first.headers["authorization"] != second.headers["authorization"]


def test_a_port_stands_in_the_signed_host() -> None:
    """An endpoint with a port is signed as it is called."""
    call = Call("http://127.0.0.1:8080", "DescribeRegions", "2016-04-28", {})
    request = sign(call, credentials=Credentials("id", "secret"), now=NOW, nonce="1")
    assert request.url == "http://127.0.0.1:8080/"
    assert request.headers["host"] == "127.0.0.1:8080"


def test_percent_encoding_leaves_the_unreserved_alone() -> None:
    """RFC 3986: letters, digits, hyphen, underscore, dot, tilde."""
    text, encoded = "AZaz09-_.~ +*/=&%中", "AZaz09-_.~%20%2B%2A%2F%3D%26%25%E4%B8%AD"
    assert canonical_query({text: text}) == f"{encoded}={encoded}"


def test_credentials_hide_their_secrets() -> None:
    """Neither repr nor str shows secret, token or the whole id."""
    shown = Credentials("LTAI5tExample", "canary-secret", "canary-token")
    assert "canary" not in f"{shown!r} {shown} {[shown]}"
    assert "Example" not in repr(shown)


def test_a_request_hides_its_signature() -> None:
    """A signed request may stand in a log."""
    assert "Signature" not in repr(signed({"VpnConnectionId": "vco-1"}))
