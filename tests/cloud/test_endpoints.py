"""Where requests may go."""

from __future__ import annotations

import pytest

from vpnframe.cloud.endpoints import cloud_url, named_url
from vpnframe.errors import SettingsError


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("vpc.aliyuncs.com", "https://vpc.aliyuncs.com"),
        ("vpc.cn-shanghai.aliyuncs.com", "https://vpc.cn-shanghai.aliyuncs.com"),
        ("VPC.cn-Shanghai.AliyunCS.com", "https://vpc.cn-shanghai.aliyuncs.com"),
    ],
)
def test_hosts_of_the_cloud(host: str, url: str) -> None:
    """They are asked over TLS."""
    assert cloud_url(host) == url


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "aliyuncs.com",
        ".aliyuncs.com",
        "example.net",
        "vpc.aliyuncs.com.example.net",
        "vpcaliyuncs.com",
        "evil-aliyuncs.com",
        "example.net/.aliyuncs.com",
        "example.net?.aliyuncs.com",
        "example.net#.aliyuncs.com",
        "user@vpc.aliyuncs.com",
        "vpc.aliyuncs.com:8443",
        "vpc.aliyuncs.com/path",
        "vpc.aliyuncs.com\n",
        "vpc..aliyuncs.com",
        "vpc.aliyuncs.com.",
        "http://vpc.aliyuncs.com",
    ],
)
def test_strangers_get_no_request(host: str | None) -> None:
    """A signed request goes to the cloud alone."""
    assert cloud_url(host) is None


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("https://vpn.example.net", "https://vpn.example.net"),
        ("https://vpn.example.net:8443/", "https://vpn.example.net:8443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://LOCALHOST", "http://LOCALHOST"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_endpoints_that_a_user_may_name(endpoint: str, url: str) -> None:
    """TLS to anywhere, plain HTTP to this machine alone."""
    assert named_url(endpoint) == url


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://vpn.example.net",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost.example.net",
        "http://127.0.0.1.example.net",
        "http://[::2]",
        "http://2130706433",
    ],
)
def test_plain_http_elsewhere_is_refused(endpoint: str) -> None:
    """The message says why, and what to write."""
    with pytest.raises(SettingsError, match=r"plain HTTP to .* is refused.*https://"):
        named_url(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    ["", "vpn.example.net", "127.0.0.1:8080", "ftp://h", "https://", "https://[::1", "https://h:x"],
)
def test_what_is_no_url_is_refused_by_name(endpoint: str) -> None:
    """The text is named, and what to write instead."""
    with pytest.raises(SettingsError, match="is not a URL: write https://host") as caught:
        named_url(endpoint)
    assert repr(endpoint) in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://h:65536",
        "https://h:-1",
        "https://h/path",
        "https://h/?a=b",
        "https://h#f",
        "https://h:",
        "https://a b",
        "https://h\\x",
        "https://中.example.net",
        "https://h%2e.example.net",
    ],
)
def test_more_than_host_and_port_is_refused(endpoint: str) -> None:
    """Paths, queries, odd ports and odd characters."""
    with pytest.raises(SettingsError, match=r"is not a URL|scheme, a host and a port"):
        named_url(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://user:canary@h",
        "https://:canary@h",
        "https://canary@h",
        "http://canary@127.0.0.1",
        "user:canary@h",
        "https://canary@h:x",
        "https://h/?Signature=canary",
        "h?Signature=canary",
    ],
)
def test_secrets_of_an_endpoint_are_not_shown(endpoint: str) -> None:
    """What stands before an @ may be a password, and behind a ? a signature."""
    with pytest.raises(SettingsError) as caught:
        named_url(endpoint)
    assert "canary" not in str(caught.value)
