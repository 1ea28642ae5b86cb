"""Three canaries in five encodings on every surface: none; and a build that leaks is caught."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest
from leak_surfaces import CANARIES, every_surface


def raw(secret: str) -> Iterator[bytes]:
    """As it is."""
    yield secret.encode()


def percent(secret: str) -> Iterator[bytes]:
    """As in a URL."""
    yield quote(secret, safe="").encode()


def escaped(secret: str) -> Iterator[bytes]:
    """As in JSON, in ASCII or not, and as in a repr."""
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield repr(secret)[1:-1].encode()


def encoded(secret: str) -> Iterator[bytes]:
    """In base64, wherever it stands in a longer text."""
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret.encode())
        yield whole[4 if shift else 0 : len(whole) - 4]


def wide(secret: str) -> Iterator[bytes]:
    """In UTF-16, of either order."""
    yield secret.encode("utf-16-le")
    yield secret.encode("utf-16-be")


ENCODINGS = (raw, percent, escaped, encoded, wide)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where surfaces are written."""
    return tmp_path_factory.mktemp("surfaces")


def as_bytes(hay: bytes | str) -> bytes:
    """What is searched."""
    return hay.encode("utf-8", "surrogateescape") if isinstance(hay, str) else hay


@pytest.mark.slow
def test_no_canary_is_on_any_surface(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """How many were looked for is printed."""
    surfaces = every_surface(folder / "clean", caplog, leaks=False)
    checks = list(product(surfaces.items(), CANARIES.items(), ENCODINGS))
    found = [
        (surface, canary, encoding.__name__)
        for (surface, hay), (canary, secret), encoding in checks
        if any(needle in as_bytes(hay) for needle in encoding(secret))
    ]
    print(f"\n{len(checks):,} leak checks on {len(surfaces)} surfaces: {len(found)} found")
    assert found == []
    assert len(checks) >= 600


@pytest.mark.slow
def test_a_build_that_leaks_is_caught_on_every_surface(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By each canary, in one encoding at least."""
    surfaces = every_surface(folder / "leaking", caplog, leaks=True)
    missed = [
        (surface, canary)
        for (surface, hay), (canary, secret) in product(surfaces.items(), CANARIES.items())
        if not any(n in as_bytes(hay) for encoding in ENCODINGS for n in encoding(secret))
    ]
    print(f"\na leaking build is caught on {len(surfaces)} surfaces but {len(missed)}")
    assert missed == []


@pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda one: one.__name__)
def test_each_encoding_is_found(encoding) -> None:
    """In what other programs make of a text around it."""
    secret = 'Canary/unique+"kéy'
    around = f"xy{secret}xyz"
    wholes = {
        "raw": around.encode(),
        "percent": quote(around, safe="").encode(),
        "escaped": json.dumps({"k": around}).encode(),
        "encoded": base64.b64encode(around.encode()),
        "wide": around.encode("utf-16"),
    }
    assert any(needle in wholes[encoding.__name__] for needle in encoding(secret))
    assert not any(needle in b"something else altogether" for needle in encoding(secret))
