"""Every error of this package, below one base.

::

    VpnframeError
    ├── RequestError            a call to the cloud failed
    │   ├── TransportError      no answer came: connection, TLS, time-out
    │   ├── StatusError         the cloud answered with an error code
    │   └── ResponseError       an answer came, and cannot be read
    ├── SettingsError           credentials, endpoint, options: the caller can mend it
    ├── AddressError            text that is no CIDR block
    ├── SchemaError             a table that is not what its schema says; a ValueError, too
    ├── InventoryError          a folder that is no inventory, or a damaged one
    └── FindingsError           an audit found what must not be there

:class:`IncompleteWarning` is no error: an answer was made of what is known, and that is not all.
Nor is :class:`ClockWarning`: the newest snapshot is dated in the future; nor
:class:`InputWarning`: something in a file of the user's was not taken as it is written.

No message holds a secret, a signed URL or a body. ``ValueError`` and ``TypeError`` stay for
wrong arguments.
"""

from __future__ import annotations


class VpnframeError(Exception):
    """Base of every error raised on purpose."""


class RequestError(VpnframeError):
    """A call to the cloud failed."""


class TransportError(RequestError):
    """No answer came.

    Parameters
    ----------
    message : str
        Which host, and what happened.
    is_timeout : bool
        Whether it took too long; otherwise the host could not be reached.
    """

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.is_timeout = is_timeout


class StatusError(RequestError):
    """The cloud answered with an error.

    Parameters
    ----------
    message : str
        The cloud's own message.
    code : str
        The cloud's error code, for example ``Throttling.User``; by this it is classified.
    http_status : int
        The HTTP status, which the cloud does not use consistently.
    request_id : str or None
        For a support ticket.
    """

    def __init__(
        self, message: str, *, code: str, http_status: int, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.request_id = request_id


class ResponseError(RequestError):
    """An answer came that cannot be read: truncated, HTML, or of another action.

    Parameters
    ----------
    message : str
        What is wrong with it.
    http_status : int or None
        The HTTP status.
    is_empty : bool
        Whether it is whole and holds nothing that can be read: asking again gives the same.
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
    """Text that is no CIDR block.

    Parameters
    ----------
    message : str
        Names the text and what is wrong with it.
    value : str
        The text as it came.
    """

    def __init__(self, message: str, *, value: str) -> None:
        super().__init__(message)
        self.value = value


class SchemaError(VpnframeError, ValueError):
    """A table is not what its schema says: a wrong argument, and so a ValueError, too."""


class InventoryError(VpnframeError):
    """A folder is no inventory, or a snapshot in it is missing or damaged."""


class FindingsError(VpnframeError):
    """An audit found what must not be there.

    Parameters
    ----------
    message : str
        How many findings, of which rules.
    n_findings : int
        How many.
    """

    def __init__(self, message: str, *, n_findings: int) -> None:
        super().__init__(message)
        self.n_findings = n_findings


class IncompleteWarning(UserWarning):
    """An answer is right for what was read, and more could not be judged: it says how much."""


class ClockWarning(UserWarning):
    """A snapshot is dated in the future: it counts as the newest until then, and maybe is not."""


class InputWarning(UserWarning):
    """Rows of a file were not taken as they are written: it says which, and how they were."""
