"""Our signature against OpenSSL's, computed from the canonical request alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "signing-vectors.json").read_text())
ACS3 = [vector for vector in VECTORS if vector["scheme"] == "ACS3-HMAC-SHA256"]


def digest(tool: str, text: str, *options: str) -> str:
    """The hex digest that openssl prints for a text."""
    done = subprocess.run(
        [tool, "dgst", "-sha256", *options], input=text.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().split()[-1]


@pytest.mark.system_tool("openssl")
@pytest.mark.parametrize("vector", ACS3, ids=lambda vector: vector["name"])
def test_openssl_computes_the_same_signature(vector, system_tool):
    """The vectors' canonical request, hashed and signed by another implementation."""
    hashed = digest(system_tool, vector["canonical_request"])
    assert hashed == vector["canonical_request_sha256"]
    text = f"ACS3-HMAC-SHA256\n{hashed}"
    signature = digest(system_tool, text, "-hmac", vector["access_key_secret"])
    assert signature == vector["signature"]
