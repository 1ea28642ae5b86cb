"""All errors of this package, with their base class.

::

    VpnframeError
    ├── RequestError            a call to the cloud failed
    │   ├── TransportError      no response: the connection, TLS or time limit failed
    │   ├── StatusError         the cloud answered with an error code
    │   └── ResponseError       the answer cannot be read
    ├── SettingsError           credentials, endpoint or options are wrong; the caller can fix it
    ├── AddressError            a string is not a CIDR block or address
    ├── SchemaError             a table does not match its schema; also a ValueError
    ├── InventoryError          a folder is not an inventory, or an inventory is damaged
    └── FindingsError           an audit has findings at or above a given severity

Three classes are warnings, not errors. :class:`IncompleteWarning` says that a result is based on
incomplete data, :class:`ClockWarning` that the newest snapshot is dated in the future, and
:class:`InputWarning` that a user's file was not used as written.

No message contains a secret, a signed URL or a body. ``ValueError`` and ``TypeError`` are used
for wrong arguments.
"""

from __future__ import annotations


class VpnframeError(Exception):
    """Base class of all errors that vpnframe raises on purpose."""


class RequestError(VpnframeError):
    """A call to the cloud failed."""


class TransportError(RequestError):
    """The cloud did not answer.

    Parameters
    ----------
    message : str
        The host, and what happened.
    is_timeout : bool
        Whether the call timed out; otherwise the connection failed.
    """

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.is_timeout = is_timeout


class StatusError(RequestError):
    """The cloud answered with an error code.

    Parameters
    ----------
    message : str
        The cloud's own message.
    code : str
        The cloud's error code, for example ``Throttling.User``; it classifies the error.
    http_status : int
        The HTTP status; the cloud sends different statuses with one error code.
    request_id : str or None
        Id of the request, for a support ticket.
    """

    def __init__(
        self, message: str, *, code: str, http_status: int, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.request_id = request_id


class ResponseError(RequestError):
    """A response cannot be read; for example it is truncated, or is an HTML page.

    Parameters
    ----------
    message : str
        What is wrong with the response.
    http_status : int or None
        The HTTP status.
    is_empty : bool
        Whether the response is complete but contains no readable value, so that a retry is useless.
    """

    def __init__(
        self, message: str, *, http_status: int | None = None, is_empty: bool = False
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.is_empty = is_empty


class SettingsError(VpnframeError):
    """Credentials, an endpoint or an option is missing or wrong."""


class AddressError(VpnframeError):
    """A string is not a CIDR block, or not an IP address where an address is needed.

    Parameters
    ----------
    message : str
        The string, and what is wrong with it.
    value : str
        The string as it was given.
    """

    def __init__(self, message: str, *, value: str) -> None:
        super().__init__(message)
        self.value = value


class SchemaError(VpnframeError, ValueError):
    """A table does not match its schema; it is also a ValueError, because the argument is wrong."""


class InventoryError(VpnframeError):
    """A folder is not an inventory, or a snapshot in it is missing or damaged."""


class FindingsError(VpnframeError):
    """An audit has open findings at or above a given severity.

    Parameters
    ----------
    message : str
        States the number of findings, and their rules.
    n_findings : int
        Number of these findings.
    """

    def __init__(self, message: str, *, n_findings: int) -> None:
        super().__init__(message)
        self.n_findings = n_findings


class IncompleteWarning(UserWarning):
    """A result covers only the data that was read; the message states how much is missing."""


class ClockWarning(UserWarning):
    """A snapshot is dated in the future; until that date it counts as the newest one."""


class InputWarning(UserWarning):
    """A user's file was not used as written; the message says what was changed or left out."""
