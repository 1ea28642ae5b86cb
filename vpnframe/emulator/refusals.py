"""Define the documented errors with which the API refuses requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer of the API before it is encoded."""

    code: str  # the vendor's error code
    status: int  # HTTP status
    message: str  # the documented error message
    retry_after_ms: int | None = None  # sent as ``x-acs-retry-after``


class RefusalError(Exception):
    """Raised when the emulator refuses a request; ``refusal`` is the error answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


SIGNATURE_DOES_NOT_MATCH = Refusal(
    "SignatureDoesNotMatch", 400, "Specified signature is not matched with our calculation."
)
INCOMPLETE_SIGNATURE = Refusal(
    "IncompleteSignature", 400, "The request signature does not conform to Aliyun standards."
)
UNKNOWN_ACCESS_KEY = Refusal(
    "InvalidAccessKeyId.NotFound", 404, "Specified access key is not found."
)
EXPIRED_TIMESTAMP = Refusal(
    "InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired."
)
MALFORMED_TIMESTAMP = Refusal(
    "InvalidTimeStamp.Format", 400, "Specified time stamp or date value is not well formatted."
)
NONCE_USED = Refusal("SignatureNonceUsed", 400, "Specified signature nonce was used already.")
MISSING_TOKEN = Refusal("MissingSecurityToken", 400, "SecurityToken is mandatory for this action.")
MALFORMED_TOKEN = Refusal(
    "InvalidSecurityToken.Malformed", 400, "Specified SecurityToken is malformed."
)
MISMATCHED_TOKEN = Refusal(
    "InvalidSecurityToken.MismatchWithAccessKey",
    400,
    "Specified SecurityToken mismatch with the AccessKey.",
)
EXPIRED_TOKEN = Refusal("InvalidSecurityToken.Expired", 400, "Specified SecurityToken is expired.")
UNKNOWN_ACTION = Refusal(
    "InvalidAction.NotFound", 404, "Specified api is not found, please check your url and method."
)
UNKNOWN_VERSION = Refusal("InvalidVersion", 400, "Specified parameter Version is not valid.")
UNSUPPORTED_METHOD = Refusal("UnsupportedHTTPMethod", 403, "This http method is not supported.")
UNKNOWN_REGION = Refusal("InvalidRegionId.NotFound", 404, "The specified RegionId does not exist.")
UNKNOWN_CONNECTION = Refusal(
    "InvalidVpnConnectionInstanceId.NotFound",
    404,
    "The specified vpn connection instance id does not exist.",
)
UNKNOWN_GATEWAY = Refusal(
    "InvalidVpnGatewayInstanceId.NotFound",
    404,
    "The specified vpn gateway instance id does not exist.",
)
UNKNOWN_ROLE = Refusal("EntityNotExist.Role", 404, "The specified Role not exists.")


def missing_parameter(name: str) -> Refusal:
    """Return the error for a request without the mandatory parameter ``name``."""
    subject = f'The input parameter "{name}" that is mandatory for processing this request'
    return Refusal("MissingParameter", 400, f"{subject} is not supplied.")


def required_values(given: Mapping[str, str], *names: str) -> list[str]:
    """Return the values of mandatory parameters; raise RefusalError if one is absent or empty."""
    for name in names:
        if not given.get(name):
            raise RefusalError(missing_parameter(name))
    return [given[name] for name in names]


def invalid_parameter(name: str) -> Refusal:
    """Return the error for a request in which the parameter ``name`` is invalid."""
    return Refusal("InvalidParameter", 400, f'The specified parameter "{name}" is not valid.')


def throttled(retry_after_ms: int | None = None) -> Refusal:
    """Return the error for a request that exceeds its quota."""
    return Refusal(
        "Throttling.User", 400, "Request was denied due to user flow control.", retry_after_ms
    )
