"""Access keys from the vendor's default chain or the caller; resolved once, behind one lock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from vpnframe.cloud.profiles import why_no_credentials, why_no_ini
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import SettingsError

_HELD_S = 15 * 60
# The part of the chain's error message that concerns the command line tool's profile.
_OF_PROFILE = re.compile(
    r"CLIProfileCredentialsProvider: (.*?)(?:ProfileCred|EcsRam|URLCred|$)", re.DOTALL
)
_PLAIN = re.compile(r"[!-~]+")
REMEDY = (
    "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, run `aliyun configure`, "
    "or run on a machine with a RAM role"
)


class Provider(Protocol):
    """Interface of credential providers; ``renew`` requests new credentials after a refusal."""

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return the credentials to sign with."""
        ...


class GivenCredentials:
    """Provider of fixed credentials that the caller passes."""

    def __init__(self, credentials: Credentials) -> None:
        check_credentials(credentials)
        self._credentials = credentials

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return the credentials to sign with."""
        return self._credentials


class DefaultChain:
    """The vendor's default chain, resolved behind one lock and cached for 15 minutes.

    The chain's own asynchronous refresh holds a thread lock across an ``await``: concurrent first
    calls stall for seconds and refresh several times. So its blocking form runs once, in a thread,
    and concurrent callers wait for the result.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: Credentials | None = None
        self._held_until = 0.0

    async def get(self, *, renew: bool = False) -> Credentials:
        """Return the credentials to sign with."""
        refused = self._held if renew else None
        async with self._lock:
            # Of many calls refused together, the first renews and the others reuse its result.
            is_refused = refused is not None and self._held is refused
            if self._held is None or is_refused or self._clock() >= self._held_until:
                self._held = await asyncio.to_thread(self._find)
                self._held_until = self._clock() + _HELD_S
            return self._held

    def _find(self) -> Credentials:
        """Resolve the chain; this blocks."""
        return _resolve()


class ProfileChain(DefaultChain):
    """One profile of the vendor's ``~/.aliyun/config.json``, cached like the default chain."""

    def __init__(self, profile: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._profile = profile

    def _find(self) -> Credentials:
        return _resolve_profile(self._profile)


def check_credentials(credentials: Credentials) -> None:
    """Check that credentials can be sent: not empty, printable ASCII without spaces."""
    names = ["access_key_id", "access_key_secret"]
    names += ["security_token"] if credentials.security_token else []
    for name in names:
        if not _PLAIN.fullmatch(getattr(credentials, name)):
            raise SettingsError(
                f"the {name} is empty or holds a space, a line end or a non-ASCII character: "
                "set it again, without quotes"
            )


def _resolve() -> Credentials:
    """Resolve the vendor's chain; its errors may hold a secret, so their text is not kept."""
    # Imported late: the library reads the environment at import.
    from alibabacloud_credentials.client import Client  # noqa: PLC0415

    held, said = _asked(lambda: Client().get_credential())
    if held is None:
        of_chain = _OF_PROFILE.search(said or "")
        problems = [why_no_credentials(None, of_chain[1] if of_chain else ""), why_no_ini()]
        del said, of_chain
        told = "; ".join(filter(None, problems))
        if told:
            raise SettingsError(f"the Alibaba Cloud credentials cannot be used: {told}")
        raise SettingsError(f"no Alibaba Cloud credentials were found: {REMEDY}")
    check_credentials(held)
    return held


def _resolve_profile(profile: str) -> Credentials:
    """Read one profile; the library's errors may hold a secret, so their text is not kept."""
    from alibabacloud_credentials.provider.cli_profile import (  # noqa: PLC0415
        CLIProfileCredentialsProvider,
    )

    provider = CLIProfileCredentialsProvider
    held, said = _asked(lambda: provider(profile_name=profile).get_credentials())
    if held is None:
        why = why_no_credentials(profile, said or "")
        del said
        raise SettingsError(str(why))
    check_credentials(held)
    return held


def _asked(ask: Callable[[], Any]) -> tuple[Credentials | None, str | None]:
    """Return what ``ask`` finds, or the text of its error, which must never be shown."""
    said = None
    try:
        with _silenced():
            found = ask()
    except Exception as error:  # noqa: BLE001  the library raises bare exceptions of many kinds
        found, said = None, f"{type(error).__name__} {error}"
    return _held(found), said


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Silence the library's log: it contains a traceback for every probe that finds nothing."""
    logger = logging.getLogger("credentials")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled


def _held(found: Any) -> Credentials | None:
    """Convert the library's credentials to :class:`Credentials`; None if a part is missing."""
    names = ("access_key_id", "access_key_secret", "security_token")
    # One of its two classes has attributes for the parts, the other has getter methods.
    parts = [getattr(found, name, None) or _call(found, f"get_{name}") for name in names]
    if not parts[0] or not parts[1]:
        return None
    return Credentials(parts[0], parts[1], parts[2] or None)


def _call(found: Any, name: str) -> Any:
    method = getattr(found, name, None)
    return method() if method else None
