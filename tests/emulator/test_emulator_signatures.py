"""The emulator's own signature check, against the published and the computed vectors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from vpnframe.cloud.messages import Request
from vpnframe.emulator.signatures import is_signed_by

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "signing-vectors.json").read_text(encoding="utf-8")
)
ACS3 = [vector for vector in VECTORS if vector["scheme"].startswith("ACS3")]
V1 = [vector for vector in VECTORS if not vector["scheme"].startswith("ACS3")]


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def request_of(vector: dict[str, Any]) -> Request:
    """Write the request that a vector describes."""
    params = dict(vector["params"])
    host = vector.get("host", "vpc.aliyuncs.com")
    headers = {"host": host} | vector.get("headers", {})
    if "authorization" in vector:
        headers["authorization"] = vector["authorization"]
    else:
        params["Signature"] = vector["signature"]
    query = urlencode(params, quote_via=quote, safe="-_.~")
    return Request(vector["method"], f"https://{host}/?{query}", headers)


def changed(text: str, position: int) -> str:
    """Put another letter or digit where one stood."""
    other = "y" if text[position] != "y" else "z"
    return text[:position] + other + text[position + 1 :]


def test_there_are_nine_vectors_of_both_schemes() -> None:
    """No vector is lost on the way into the tests."""
    assert (len(ACS3), len(V1)) == (6, 3)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_vector_is_accepted(vector: dict[str, Any]) -> None:
    """Every vector's signature is what the verifier reckons."""
    assert is_signed_by(request_of(vector), vector["access_key_secret"])


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_another_secret_is_refused(vector: dict[str, Any]) -> None:
    """A secret that differs in one character did not sign."""
    assert not is_signed_by(request_of(vector), changed(vector["access_key_secret"], 0))


@pytest.mark.parametrize("vector", ACS3, ids=name_of)
def test_any_changed_character_of_a_signature_is_refused(vector: dict[str, Any]) -> None:
    """Each of the 64 characters of an ACS3 signature counts."""
    request = request_of(vector)
    text = vector["authorization"]
    for position in range(len(text) - 64, len(text)):
        headers = dict(request.headers) | {"authorization": changed(text, position)}
        assert not is_signed_by(replace(request, headers=headers), vector["access_key_secret"])


@pytest.mark.parametrize("vector", ACS3, ids=name_of)
def test_any_changed_character_of_a_signed_header_is_refused(vector: dict[str, Any]) -> None:
    """Each character of each signed header counts."""
    request = request_of(vector)
    for name, value in request.headers.items():
        if name == "authorization":
            continue
        for position in range(len(value)):
            headers = dict(request.headers) | {name: changed(value, position)}
            assert not is_signed_by(replace(request, headers=headers), vector["access_key_secret"])


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_any_changed_character_of_the_query_is_refused(vector: dict[str, Any]) -> None:
    """Each letter and digit of each parameter's name and value counts."""
    request = request_of(vector)
    start = request.url.index("?") + 1
    for position in range(start, len(request.url)):
        # A changed percent escape, or its case, can still mean the same character.
        if request.url[position].isalnum() and "%" not in request.url[position - 2 : position]:
            other = replace(request, url=changed(request.url, position))
            assert not is_signed_by(other, vector["access_key_secret"]), other.url


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_another_method_is_refused(vector: dict[str, Any]) -> None:
    """The method is part of the signature."""
    request = request_of(vector)
    other = replace(request, method="GET" if request.method == "POST" else "POST")
    assert not is_signed_by(other, vector["access_key_secret"])


@pytest.mark.parametrize("vector", ACS3, ids=name_of)
def test_another_body_is_refused(vector: dict[str, Any]) -> None:
    """The body has to have the hash that was signed."""
    other = replace(request_of(vector), body=b"x")
    assert not is_signed_by(other, vector["access_key_secret"])


@pytest.mark.parametrize("vector", V1, ids=name_of)
def test_v1_covers_the_form_body(vector: dict[str, Any]) -> None:
    """Under v1 a parameter added in the body breaks the signature."""
    request = request_of(vector)
    form = dict(request.headers) | {"content-type": "application/x-www-form-urlencoded"}
    other = replace(request, headers=form, body=b"PageSize=50")
    assert not is_signed_by(other, vector["access_key_secret"])


@pytest.mark.parametrize("vector", V1, ids=name_of)
def test_v1_reads_a_form_body_as_a_query(vector: dict[str, Any]) -> None:
    """Under v1 the same parameters in a form body bear the same signature."""
    request = request_of(vector)
    form = dict(request.headers) | {"content-type": "application/x-www-form-urlencoded"}
    body = request.query.encode()
    moved = replace(request, url="https://vpc.aliyuncs.com/", headers=form, body=body)
    assert is_signed_by(moved, vector["access_key_secret"])


def test_unsigned_request_is_refused() -> None:
    """A request without a signature was signed by nobody."""
    assert not is_signed_by(Request("GET", "https://vpc.aliyuncs.com/?Action=DescribeRegions"), "s")
