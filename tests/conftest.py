"""Settings of the whole test run, and the fixture for tools that Python does not bring."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from system_tools import find_tool

settings.register_profile(
    "vpnframe", deadline=None, max_examples=int(os.environ.get("VPNFRAME_EXAMPLES", "40"))
)
settings.load_profile("vpnframe")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every property: `make prove` runs them on more examples."""
    for item in items:
        if hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker(pytest.mark.proof)


@pytest.fixture
def system_tool(request: pytest.FixtureRequest) -> str:
    """The path of the tool named by the test's ``system_tool`` mark; without it the test skips."""
    mark = request.node.get_closest_marker("system_tool")
    assert mark is not None, "mark the test with pytest.mark.system_tool(name)"
    (name,) = mark.args
    return find_tool(name)
