"""Explain, without showing a secret, why the vendor's config files yield no usable credentials."""

from __future__ import annotations

import configparser
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vpnframe.model.files import MIB, read_file

CONFIG = "~/.aliyun/config.json"
_MAX_BYTES = 4 * MIB
_KEY = ("access_key_id", "access_key_secret")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "AK": _KEY,
    "StsToken": (*_KEY, "sts_token"),
    "RamRoleArn": (*_KEY, "ram_role_arn"),
    "ChainableRamRoleArn": ("source_profile", "ram_role_arn"),
    "EcsRamRole": (),
    "OIDC": ("ram_role_arn", "oidc_provider_arn", "oidc_token_file"),
    "CloudSSO": ("cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"),
    "OAuth": (),
    "External": ("process_command",),
}
# By profile type: the fields of the login token and of its expiry in Unix seconds.
_LOGINS = {
    "CloudSSO": ("access_token", "cloud_sso_access_token_expire"),
    "OAuth": ("oauth_refresh_token", "oauth_access_token_expire"),
}
_HOSTS = {
    **dict.fromkeys(("RamRoleArn", "ChainableRamRoleArn", "OIDC"), "sts.aliyuncs.com"),
    **dict.fromkeys(("CloudSSO", "OAuth"), "its sign-in host"),
    "EcsRamRole": "100.100.100.200",
}
_STEPS = (
    (r"failed to parse external command|has no attribute 'get'", "its command returned no JSON"),
    (r"access_key_id or access_key_secret is empty", "its command returned no access key"),
    (r"sts_token is empty", "its command returned no token"),
    (r"command process timed out", "its command took too long"),
    (r"failed to execute external command: exit status", "its command failed"),
    (r"failed to execute external command", "its command cannot be run"),
)
_HOST = re.compile(r"host='([A-Za-z0-9.-]{1,100})'")
_STATUS = re.compile(r"(?:http_code|status code): ([0-9]{3})\b")
_CODE = re.compile(r"""["']?Code["']?(?:\s*:\s*\\?["']|>)([A-Za-z.]{1,60})""")
_UNREACHED = re.compile(
    r"Max retries exceeded|ConnectionPool|Failed to resolve|[Tt]imed? ?out|Connection (?:refused|"
    r"reset|aborted)|ProxyError|SSLError|RetryError"
)


def why_no_credentials(profile: str | None, error_text: str) -> str | None:
    """Explain why a profile has no usable credentials; None if there is no profile to read."""
    from alibabacloud_credentials.utils import auth_util  # noqa: PLC0415

    path = _home() / ".aliyun" / "config.json"
    is_off = auth_util.environment_cli_profile_disabled.lower() == "true"
    if profile is None and (is_off or not os.path.lexists(path)):
        return None
    if is_off:
        return "ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true: no profile is read"
    config = _read_config(path)
    if isinstance(config, str):
        return f"{CONFIG} {config}"
    name = str(profile or auth_util.environment_profile_name or config.get("current"))
    chain = list(_chain(config, name))
    if not chain or not chain[-1]:
        missing = name if not chain[:-1] else chain[-2].get("source_profile")
        known = ", ".join(str(one.get("name"))[:60] for one in _profiles(config)) or "none"
        shown = str(missing)[:60]
        return f"{CONFIG} has no profile {shown!r}: there are {known}; {_making(shown)}"
    return next(filter(None, map(_own_problem, chain)), None) or _step(chain, error_text)


def _home() -> Path:
    from alibabacloud_credentials.utils import auth_constant  # noqa: PLC0415  see credentials.py

    return Path(auth_constant.HOME)


def _read_config(path: Path) -> dict[str, Any] | str:
    """Return the configuration; if the file cannot be used, return the problem as a string."""
    try:
        config = json.loads(read_file(path, limit=_MAX_BYTES))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (ValueError, RecursionError):
        return "is not JSON"
    return config if isinstance(config, dict) else "has no profiles"


def _profiles(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = config.get("profiles")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _chain(config: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield a profile, its source profile and so on; a missing profile is an empty dict."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        found = next((one for one in _profiles(config) if one.get("name") == name), {})
        yield found
        if found.get("mode") != "ChainableRamRoleArn" or not found.get("source_profile"):
            return
        name = str(found["source_profile"])


def _label(profile: Mapping[str, Any]) -> str:
    mode = str(profile.get("mode"))
    shown = mode if mode in _NEEDED else "of an unknown type"
    return f"the profile {str(profile.get('name'))[:60]!r} ({shown}) yields no credentials"


def _own_problem(profile: Mapping[str, Any]) -> str | None:
    """Explain what is wrong with a profile's fields; None if nothing is wrong."""
    mode, name = str(profile.get("mode")), str(profile.get("name"))[:60]
    if mode not in _NEEDED:
        return f"{_label(profile)}: the known types are {', '.join(_NEEDED)}; {_making(name)}"
    if mode in _LOGINS and _has_ended(profile, *_LOGINS[mode]):
        again = f"`aliyun configure --mode {mode} --profile {name}`"
        return f"{_label(profile)}: its login has expired, log in again: {again}"
    missing = ", ".join(field for field in _NEEDED[mode] if not profile.get(field))
    return f"{_label(profile)}: it has no {missing}; {_making(name)}" if missing else None


def _making(name: str) -> str:
    return f"`aliyun configure --profile {name}` creates it"


def _has_ended(profile: Mapping[str, Any], token: str, end: str) -> bool:
    """Check whether a login is missing or expired; only a CloudSSO login can expire."""
    at = profile.get(end)
    if not profile.get(token) or not isinstance(at, int | float):
        return True
    return token == "access_token" and at <= time.time()  # noqa: S105  a field's name


def _step(chain: list[dict[str, Any]], error_text: str) -> str:
    """Explain from an error's text which step of a chain of valid profiles failed."""
    asks = [one for one in chain if one["mode"] not in ("AK", "StsToken")]
    profile = asks[0] if asks else chain[0]
    label, mode = _label(profile), str(profile["mode"])
    if mode == "External":
        step = next((words for pattern, words in _STEPS if re.search(pattern, error_text)), None)
        return f"{label}: {step or 'its command returned no credentials'}"
    host = _HOST.search(error_text)
    where = host[1] if host else _HOSTS.get(mode, "the cloud")
    if status := _STATUS.search(error_text):
        code = f", {found[1]}" if (found := _CODE.search(error_text)) else ""
        ended = mode in _LOGINS and status[1] in ("400", "401", "403")
        more = f", log in again: `aliyun configure --mode {mode}`" if ended else ""
        return f"{label}: {where} refuses the request (HTTP {status[1]}{code}){more}"
    if host or _UNREACHED.search(error_text):
        return f"{label}: {where} cannot be reached"
    if mode == "OIDC" and not os.access(str(profile.get("oidc_token_file")), os.R_OK):
        return f"{label}: its token file cannot be read"
    return f"{label}: {where} returned no credentials"


def why_no_ini() -> str | None:
    """Explain why the vendor's INI file has no usable credentials; None if there is no file."""
    from alibabacloud_credentials.utils import auth_util  # noqa: PLC0415

    named = auth_util.environment_credentials_file
    path = Path(named) if named else _home() / ".alibabacloud" / "credentials.ini"
    label = f"{path} (ALIBABA_CLOUD_CREDENTIALS_FILE)" if named else str(path)
    if not named and not os.path.lexists(path):
        return None
    parser = configparser.ConfigParser()
    try:
        parser.read_string(read_file(path, limit=_MAX_BYTES).decode())
    except OSError as error:
        return f"{label} cannot be read: {error.strerror}"
    except (ValueError, configparser.Error):
        return f"{label} is not an INI file"
    section = auth_util.client_type
    if section not in parser:
        return f"{label} has no section [{section}]"
    return f"the section [{section}] of {label} yields no credentials"
