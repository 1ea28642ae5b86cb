"""Read the query, form body and headers of a request to determine its API call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from vpnframe.cloud.messages import Request

Pairs = list[tuple[str, str]]

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """One API call, as read from a request."""

    # action, version: empty if the request does not name one
    action: str
    version: str
    parameters: Mapping[str, str]  # query and form body together
    wants_json: bool  # the API answers in XML unless JSON is requested

    @property
    def region_id(self) -> str:
        """The requested region, or an empty string if the call names no region."""
        return self.parameters.get("RegionId", "")


def query_pairs(request: Request) -> Pairs:
    """Return the decoded names and values of the query parameters in their original order.

    A plus sign is decoded as a space, because the official SDK signs ``%20`` but sends ``+``. A
    literal plus sign must be sent as ``%2B``.
    """
    return parse_qsl(request.query, keep_blank_values=True, errors="surrogateescape")


def form_pairs(request: Request) -> Pairs:
    """Return the decoded names and values of a form body, or [] for any other body."""
    if not request.headers.get("content-type", "").lower().startswith(_FORM):
        return []
    text = request.body.decode("utf-8", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def read_call(request: Request) -> ReceivedCall:
    """Return the API call of a request; ACS3 names the action in a header, v1 in a parameter."""
    parameters = dict(query_pairs(request)) | dict(form_pairs(request))
    named_format = parameters.get("Format", "").lower()
    accepts_json = "application/json" in request.headers.get("accept", "").lower()
    return ReceivedCall(
        action=parameters.get("Action") or request.headers.get("x-acs-action", ""),
        version=parameters.get("Version") or request.headers.get("x-acs-version", ""),
        parameters=parameters,
        wants_json=named_format == "json" or (not named_format and accepts_json),
    )
