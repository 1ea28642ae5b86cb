"""Ask STS for the identity of an access key, and for credentials of a role it can assume."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from vpnframe.cloud.actions import STS_VERSION
from vpnframe.cloud.answers import decode_account_id
from vpnframe.cloud.credentials import HeldCredentials, Provider, check_credentials
from vpnframe.cloud.fields import Fields
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.permissions import naming_permission
from vpnframe.cloud.retries import Remedy, classify
from vpnframe.cloud.signing import Call, Credentials, sign
from vpnframe.cloud.trees import read_tree
from vpnframe.errors import RequestError, ResponseError, StatusError

_EARLY = timedelta(minutes=15)


def decode_identity(response: Response) -> tuple[str, str | None]:
    """Return the main account's id and the signer's ARN from a response of GetCallerIdentity."""
    return decode_account_id(response), Fields(read_tree(response)[0], []).text("Arn")


def decode_session(response: Response) -> tuple[Credentials, datetime]:
    """Return the credentials in a response of AssumeRole, and when they expire."""
    held = Fields(read_tree(response)[0], []).block("Credentials")
    names = ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    missing = [name for name in (*names, "Expiration") if held.text(name) is None]
    if missing:
        raise ResponseError(f"the answer of AssumeRole has no {missing[0]}")
    # No local variable contains a part of the credentials: a traceback may show local variables.
    credentials = Credentials(*(held.text(name) or "" for name in names))
    check_credentials(credentials)
    try:
        ends_at = datetime.fromisoformat(held.text("Expiration") or "")
    except ValueError:
        raise ResponseError("the Expiration in the answer of AssumeRole is not a time") from None
    return credentials, ends_at if ends_at.tzinfo else ends_at.replace(tzinfo=UTC)


@dataclass(eq=False, repr=False)
class AssumedRole(HeldCredentials):
    """Provide a role's credentials, and renew them 15 minutes before they expire."""

    role_arn: str
    _: KW_ONLY
    base: Provider
    send: Callable[[Request], Awaitable[Response]]
    base_url: str
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _clock_offset: timedelta = field(default=timedelta(0), init=False)

    def __post_init__(self) -> None:
        super().__init__(lambda: self._server_now().timestamp())

    def __repr__(self) -> str:
        return f"AssumedRole({self.role_arn!r})"

    def _server_now(self) -> datetime:
        return self.utc_now() + self._clock_offset

    async def _find(self) -> tuple[Credentials, float]:
        """Assume the role; retry once for a wrong clock, and once for expired base credentials."""
        tried: set[Remedy] = set()
        while True:
            credentials = await self.base.get(renew=Remedy.RENEW_CREDENTIALS in tried)
            response = await self.send(self._request(credentials))
            try:
                role, ends_at = decode_session(response)
                return role, (ends_at - _EARLY).timestamp()
            except StatusError as error:
                remedy, refusal = classify(error).remedy, _refusal(error, self.role_arn)
            except RequestError as error:
                raise error.with_traceback(None) from None
            if remedy in tried or remedy not in (Remedy.SET_CLOCK, Remedy.RENEW_CREDENTIALS):
                raise refusal
            tried.add(remedy)
            if remedy is Remedy.SET_CLOCK:
                self._clock_offset = clock_offset(response, self.utc_now()) or timedelta(0)

    def _request(self, credentials: Credentials) -> Request:
        params = {"RoleArn": self.role_arn, "RoleSessionName": "vpnframe"}
        params["DurationSeconds"] = "3600"
        call, nonce = Call(self.base_url, "AssumeRole", STS_VERSION, params), secrets.token_hex()
        return sign(call, credentials=credentials, now=self._server_now(), nonce=nonce)


def _refusal(error: StatusError, role_arn: str) -> StatusError:
    """Return an error that names the role and, if access was denied, the missing permission."""
    message = f"the role {role_arn} cannot be assumed: {error}"
    is_denied = classify(error).kind == "denied"
    return StatusError(
        naming_permission(message, "AssumeRole") if is_denied else message,
        code=error.code,
        http_status=error.http_status,
        request_id=error.request_id,
    )


def clock_offset(response: Response, now: datetime) -> timedelta | None:
    """Return how far the server's clock is ahead of ours, by the response's ``Date`` header."""
    try:
        return parsedate_to_datetime(response.headers["date"]) - now
    except (KeyError, TypeError, ValueError):
        return None
