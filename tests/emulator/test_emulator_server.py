"""The emulator on loopback, called through the standard library's HTTP client."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import time
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from test_emulator_client import Signer

from vpnframe.cloud.messages import Request
from vpnframe.emulator import (
    RunningEmulator,
    ServerSettings,
    announcement,
    make_fleet,
    make_state,
    serve_in_thread,
    serving,
)

FLEET = make_fleet(connections=3, regions=1, accounts=2)


def signer_for(running: RunningEmulator) -> Signer:
    return Signer(running.access_key_id, running.access_key_secret)


def send(
    running: RunningEmulator, request: Request, *, context: ssl.SSLContext | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a signed request to where the emulator is, under the host it was signed for."""
    where = urlsplit(running.endpoint)
    assert where.hostname is not None
    if context is None:
        client = HTTPConnection(where.hostname, where.port, timeout=10)
    else:
        client = HTTPSConnection(where.hostname, where.port, timeout=10, context=context)
    try:
        target = f"/?{request.query}"
        client.request(request.method, target, request.body, dict(request.headers))
        response = client.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()
    finally:
        client.close()


def test_answers_over_a_socket() -> None:
    """A signed request gets its answer, with the clock of now."""
    with serve_in_thread(make_state(FLEET)) as running:
        request = signer_for(running).acs3("DescribeRegions", now=time.time())
        status, headers, body = send(running, request)
    assert status == 200
    assert headers["content-type"] == "application/json;charset=utf-8"
    assert json.loads(body)["Regions"]["Region"][0]["RegionId"] == "cn-hangzhou"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_reserved_characters_arrive_as_signed(method: str) -> None:
    """A query with every kind of character is not decoded on its way to the check."""
    parameters = {
        "RegionId": "cn-hangzhou",
        "Tag.1.Key": "env name+x",
        "Tag.1.Value": "a*b~c/中%2F&=?",
    }
    with serve_in_thread(make_state(FLEET)) as running:
        signer = signer_for(running)
        request = signer.acs3("DescribeVpnGateways", parameters, now=time.time(), method=method)
        status, _, body = send(running, request)
    assert (status, json.loads(body)["TotalCount"]) == (200, 0)


def test_state_can_be_watched() -> None:
    """A test sees in the state what was called."""
    with serve_in_thread(make_state(FLEET)) as running:
        send(running, signer_for(running).acs3("DescribeRegions", now=time.time()))
        assert sum(running.state.calls.values()) == 1


def test_clock_is_the_settings() -> None:
    """The server's clock is what the settings say, for signatures and for Date."""
    settings = ServerSettings(clock=lambda: 1_900_000_000.0)
    with serve_in_thread(make_state(FLEET), settings) as running:
        status, headers, _ = send(running, signer_for(running).acs3("DescribeRegions"))
    assert (status, headers["date"]) == (200, "Sun, 17 Mar 2030 17:46:40 GMT")


def test_latency() -> None:
    """A latency is waited for before the answer."""
    with serve_in_thread(make_state(FLEET), ServerSettings(latency_ms=30.0)) as running:
        started = time.perf_counter()
        send(running, signer_for(running).acs3("DescribeRegions", now=time.time()))
        assert time.perf_counter() - started >= 0.03


def test_tls() -> None:
    """Under TLS a client that trusts the file named gets an answer; the file goes afterwards."""
    with serve_in_thread(make_state(FLEET), ServerSettings(is_tls=True)) as running:
        assert running.ca_file is not None
        assert running.endpoint.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(running.ca_file))
        request = signer_for(running).acs3("DescribeRegions", now=time.time())
        assert send(running, request, context=context)[0] == 200
    assert not running.ca_file.exists()


def test_tls_is_not_trusted_by_others() -> None:
    """A client with the usual authorities refuses the emulator's certificate."""
    with serve_in_thread(make_state(FLEET), ServerSettings(is_tls=True)) as running:
        request = signer_for(running).acs3("DescribeRegions", now=time.time())
        with pytest.raises(ssl.SSLCertVerificationError):
            send(running, request, context=ssl.create_default_context())


def test_port_is_free_afterwards() -> None:
    """The port can be taken again at once."""
    with serve_in_thread(make_state(FLEET)) as running:
        port = urlsplit(running.endpoint).port
        assert port is not None
    with serve_in_thread(make_state(FLEET), ServerSettings(port=port)) as again:
        assert again.endpoint == running.endpoint


def test_taken_port_is_an_error() -> None:
    """A port that somebody has is an OSError, not a hang."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServerSettings(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"), serve_in_thread(make_state(FLEET), settings):
            pass


def test_async_code_can_serve_too() -> None:
    """Inside a running loop the emulator is an async context manager."""

    async def use() -> int:
        async with serving(make_state(FLEET)) as running:
            request = signer_for(running).acs3("DescribeRegions", now=time.time())
            status, _, _ = await asyncio.to_thread(send, running, request)
            return status

    assert asyncio.run(use()) == 200


def announced(*, is_tls: bool) -> dict[str, Any]:
    with serve_in_thread(make_state(FLEET), ServerSettings(is_tls=is_tls)) as running:
        return json.loads(json.dumps(announcement(running)))


def test_announcement_lists_every_account() -> None:
    """The announcement names the endpoint and every account's key, the first one's on top."""
    line = announced(is_tls=False)
    assert set(line) == {"endpoint", "access_key_id", "access_key_secret", "accounts"}
    assert len(line["accounts"]) == 2
    first = line["accounts"][0]
    assert set(first) == {"account_id", "access_key_id", "access_key_secret"}
    assert first["access_key_secret"] == line["access_key_secret"]


def test_announcement_names_the_authority() -> None:
    """Under TLS the announcement says which file to trust."""
    assert Path(announced(is_tls=True)["ca_file"]).name == "ca.pem"


def test_repr_hides_the_secret() -> None:
    """What a notebook shows of a running emulator holds no secret."""
    with serve_in_thread(make_state(FLEET)) as running:
        assert running.endpoint in repr(running)
        assert running.access_key_secret not in repr(running)
