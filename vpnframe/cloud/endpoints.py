"""Decide to which URLs requests may go: the cloud's own hosts, or the endpoint the user set."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from vpnframe.errors import SettingsError

_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")
_CLOUD_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com")


def cloud_url(host: str | None) -> str | None:
    """Return the HTTPS URL of a cloud host; None for any other host."""
    known = host is not None and _CLOUD_HOST.fullmatch(host.lower())
    return f"https://{host.lower()}" if known and host else None


def named_url(endpoint: str) -> str:
    """Check an endpoint that the user set, and return its scheme, host and port as a URL."""
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    # The text before an @ may be a password, the text after a ? a signature.
    shown = endpoint.partition("?")[0].rpartition("@")[2]
    if parts.scheme not in ("http", "https") or not host:
        unset = "" if endpoint.strip() else "; is a variable unset?"
        raise SettingsError(
            f"the endpoint {shown!r} is not a URL: write https://host or https://host:port{unset}"
        )
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if not is_bare or not _AUTHORITY.fullmatch(parts.netloc):
        raise SettingsError(f"the endpoint {shown!r} may only have a scheme, a host and a port")
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsError(
            f"plain HTTP to {host} is refused: answers contain pre-shared keys. Use https://"
        )
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Check whether a host is a loopback address or ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
