"""Provide credentials that the caller passes or that the vendor's default chain finds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol

from vpnframe.cloud.profiles import why_no_credentials, why_no_ini
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import SettingsError

_HELD_S = 15 * 60
# The part of the default chain's error message about the profile of the command ``aliyun``.
_OF_PROFILE = re.compile(
    r"CLIProfileCredentialsProvider: (.*?)(?:ProfileCred|EcsRam|URLCred|$)", re.DOTALL
)
_PLAIN = re.compile(r"[!-~]+")
REMEDY = (
    "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, run `aliyun configure`, "
    "or run on a machine with a RAM role"
)


class Provider(Protocol):
    """Interface of the classes that provide credentials."""

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return credentials; set ``renew`` to replace credentials that the cloud refused."""


class GivenCredentials:
    """Provide fixed credentials that the caller passes."""

    def __init__(self, credentials: Credentials) -> None:
        check_credentials(credentials)
        self._credentials = credentials

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return the credentials to sign requests with."""
        return self._credentials


class HeldCredentials(ABC):
    """Base class that caches credentials; one task at a time renews old credentials."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now  # in seconds
        self._lock = asyncio.Lock()
        self._held: Credentials | None = None
        self._held_until = 0.0

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return cached credentials, or new ones if the cached ones are old or were refused."""
        refused = self._held if renew else None
        async with self._lock:
            # If many calls are refused at once, the first one renews the credentials for all.
            is_refused = refused is not None and self._held is refused
            if self._held is None or is_refused or self._now() >= self._held_until:
                self._held, self._held_until = await self._find()
            return self._held

    @abstractmethod
    async def _find(self) -> tuple[Credentials, float]:
        """Return new credentials, and the time at which they must be renewed."""


class DefaultChain(HeldCredentials):
    """Provide credentials of the vendor's default chain or of one profile of its config file.

    The SDK's asynchronous refresh is not used, because it holds a thread lock across an ``await``:
    concurrent first calls would stall for seconds. Instead, its blocking method runs in a thread.
    """

    def __init__(
        self, profile: str | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(clock)
        self._profile = profile

    async def _find(self) -> tuple[Credentials, float]:
        return await asyncio.to_thread(_resolve, self._profile), self._now() + _HELD_S


def check_credentials(credentials: Credentials) -> None:
    """Check that each part of the credentials is non-empty, printable ASCII without spaces."""
    token = ["security_token"] if credentials.security_token else []
    for name in ("access_key_id", "access_key_secret", *token):
        if not _PLAIN.fullmatch(getattr(credentials, name)):
            raise SettingsError(
                f"the {name} is empty or contains a space, a line end or a non-ASCII character: "
                "set it again, without quotes"
            )


def _resolve(profile: str | None) -> Credentials:
    """Return credentials from the vendor's SDK, or raise SettingsError; the call blocks."""
    held, error_text = _asked(profile)
    if held is not None:
        check_credentials(held)
        return held
    if profile is None:
        of_profile = _OF_PROFILE.search(error_text)
        error_text = of_profile[1] if of_profile else ""
        del of_profile
    problem = why_no_credentials(profile, error_text)
    del error_text  # the error text may contain a secret
    if profile is not None:
        raise SettingsError(str(problem))
    if problems := "; ".join(filter(None, [problem, why_no_ini()])):
        raise SettingsError(f"the Alibaba Cloud credentials cannot be used: {problems}")
    raise SettingsError(f"no Alibaba Cloud credentials were found: {REMEDY}")


def _asked(profile: str | None) -> tuple[Credentials | None, str]:
    """Return the credentials and the SDK's error text. The text may contain a secret."""
    # Imported here, because the SDK reads environment variables when it is imported.
    from alibabacloud_credentials import client  # noqa: PLC0415
    from alibabacloud_credentials.provider import cli_profile  # noqa: PLC0415

    try:
        with _silenced():
            if profile is None:
                found = client.Client().get_credential()
            else:
                provider = cli_profile.CLIProfileCredentialsProvider(profile_name=profile)
                found = provider.get_credentials()
    except Exception as error:  # noqa: BLE001  the SDK raises exceptions of many types
        return None, f"{type(error).__name__} {error}"
    names = ("access_key_id", "access_key_secret", "security_token")
    # One credential class of the SDK has attributes for the parts, the other has getter methods.
    parts = [getattr(found, n, None) or getattr(found, f"get_{n}", str)() for n in names]
    return Credentials(parts[0], parts[1], parts[2] or None) if all(parts[:2]) else None, ""


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Disable the SDK's logger, which logs a traceback for each place without credentials."""
    logger = logging.getLogger("credentials")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled
