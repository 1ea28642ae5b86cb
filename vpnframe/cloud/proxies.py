"""Choose the proxy by HTTPS_PROXY and NO_PROXY; it tunnels TLS, so it sees only host names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from vpnframe.cloud.endpoints import is_loopback
from vpnframe.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy for requests of this process, and the hosts that are reached without it."""

    url: str | None = None  # may contain a password, so it is not shown
    exceptions: tuple[str, ...] = ()  # hosts, suffixes, addresses, CIDR blocks; ``*`` for all

    def __repr__(self) -> str:
        return f"Proxies({self.host}, exceptions={self.exceptions})"

    @property
    def host(self) -> str | None:
        """Host and port of the proxy, without user name and password."""
        return self.url and urlsplit(self.url).netloc.rpartition("@")[2]

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy for a URL; None for a direct connection."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or is_loopback(host):
            return None
        names = (host, f"{host}:{parts.port or 443}")
        is_excepted = any(_fits(one, name) for one in self.exceptions for name in names)
        return None if is_excepted else self.url


def read_proxies(environment: Mapping[str, str]) -> Proxies:
    """Read the proxy variables; a lower-case name overrides the upper-case name, as in curl."""
    named = [environment.get(name, "").strip() for name in ("https_proxy", "HTTPS_PROXY")]
    url = next(filter(None, named), None)
    without = [environment.get(name, "") for name in ("no_proxy", "NO_PROXY")]
    exceptions = re.split(r"[,\s]+", next(filter(str.strip, without), "").lower())
    return Proxies(url and _checked(url), tuple(filter(None, exceptions)))


def _checked(url: str) -> str:
    url = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        shown = url.rpartition("@")[2][:100]
        raise SettingsError(
            f"HTTPS_PROXY is {shown!r}, which is not the URL of a proxy: write http://host:port"
        )
    return url


def _fits(exception: str, host: str) -> bool:
    """Check whether an entry of NO_PROXY (host, domain suffix, address or block) fits a host."""
    name = exception.removeprefix("*").removeprefix(".")
    if exception == "*" or host.lower() == name or host.lower().endswith(f".{name}"):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(exception, strict=False)
    except ValueError:
        return False
