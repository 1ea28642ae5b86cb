"""The error tree."""

from __future__ import annotations

import inspect

import pytest

from vpnframe import errors

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass)]


def test_every_error_is_in_the_tree() -> None:
    """One base catches everything raised on purpose, and the docstring draws all of it."""
    raised = [one for one in CLASSES if not issubclass(one, Warning)]
    assert all(issubclass(one, errors.VpnframeError) for one in raised)
    drawn = inspect.getdoc(errors) or ""
    assert [one.__name__ for one in CLASSES if one.__name__ not in drawn] == []


@pytest.mark.parametrize("name", ["TransportError", "StatusError", "ResponseError"])
def test_failed_calls_share_one_base(name: str) -> None:
    """A crawl catches RequestError and nothing else."""
    assert issubclass(getattr(errors, name), errors.RequestError)


def test_status_error_carries_its_data_beside_the_message() -> None:
    """Code, status and request id are fields."""
    error = errors.StatusError("slow", code="Throttling", http_status=400, request_id="R")
    assert (str(error), error.code, error.http_status, error.request_id) == (
        "slow",
        "Throttling",
        400,
        "R",
    )


def test_transport_error_says_whether_it_was_time() -> None:
    """A time-out is told from an unreachable host."""
    assert errors.TransportError("late", is_timeout=True).is_timeout
    assert not errors.TransportError("gone").is_timeout


def test_address_error_keeps_the_text() -> None:
    """The value stands as it came."""
    assert errors.AddressError("no", value="10.0.0.0/33").value == "10.0.0.0/33"
