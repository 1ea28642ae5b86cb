"""Requests and responses, and what they do not show."""

from __future__ import annotations

import dataclasses

import pytest

from vpnframe.cloud.messages import Request, Response


def test_request_parts_come_from_the_url_as_sent() -> None:
    """Nothing is decoded on the way."""
    request = Request("GET", "https://vpc.aliyuncs.com:8443/?a=%2F%20&b=1")
    assert (request.host, request.path, request.query) == (
        "vpc.aliyuncs.com:8443",
        "/",
        "a=%2F%20&b=1",
    )


def test_path_without_one_is_a_slash() -> None:
    """A URL of scheme and host alone asks for the root."""
    assert Request("GET", "https://vpc.aliyuncs.com").path == "/"


@pytest.mark.parametrize(
    "message",
    [
        Request("GET", "https://h/?Signature=canary", {"authorization": "canary"}, b"canary"),
        Response(200, {"x": "canary"}, b"canary"),
    ],
)
def test_repr_hides_query_headers_and_body(message: object) -> None:
    """Neither a signature nor a key is shown."""
    assert "canary" not in f"{message!r} {message}"


def test_messages_are_frozen() -> None:
    """A signed request is never changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Request("GET", "https://h/").url = "https://elsewhere/"  # type: ignore[misc]


def test_repr_shows_the_host_and_the_length() -> None:
    """Enough for a log."""
    assert repr(Request("GET", "https://vpc.aliyuncs.com/?a=b")) == "Request(GET vpc.aliyuncs.com)"
    assert repr(Response(200, {}, b'{"Psk":"hidden"}')) == "Response(200, 16 bytes)"
