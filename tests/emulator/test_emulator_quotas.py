"""The emulator's quotas, on a clock that the test turns."""

from __future__ import annotations

import json

import pytest
from test_emulator_client import NOW, Signer, signer_of

from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.quotas import QuotaMeter

KEY = ("1234", "cn-hangzhou", "DownloadVpnConnectionConfig")


def admitted(meter: QuotaMeter, times: list[float]) -> list[float]:
    """Give the times at which a call was admitted."""
    return [now for now in times if meter.admit(KEY, now=now) is None]


def test_thirty_downloads_a_minute() -> None:
    """The published number of downloads is admitted, and none more."""
    meter = QuotaMeter()
    assert len(admitted(meter, [0.0] * 40)) == 30


def test_short_window_keeps_the_number() -> None:
    """A window of two seconds admits as many calls as one of sixty."""
    meter = QuotaMeter(window_s=2.0)
    assert len(admitted(meter, [0.0] * 40 + [2.0] * 40)) == 60


def test_sliding_window_looks_back() -> None:
    """A sliding window admits a call only when an old one leaves it."""
    meter = QuotaMeter(window_s=60.0, limits={KEY[2]: 2})
    assert admitted(meter, [50.0, 59.0, 61.0, 109.9, 110.0, 111.0, 119.0]) == [
        *(50.0, 59.0),
        *(110.0, 119.0),
    ]


def test_fixed_window_starts_anew() -> None:
    """A fixed window admits everything again at its next start."""
    meter = QuotaMeter(window_s=60.0, mode="fixed", limits={KEY[2]: 2})
    assert admitted(meter, [50.0, 59.0, 59.9, 60.0, 61.0, 62.0]) == [50.0, 59.0, 60.0, 61.0]


@pytest.mark.parametrize(("mode", "wait_s"), [("sliding", 50.0), ("fixed", 40.0)])
def test_wait(mode: str, wait_s: float) -> None:
    """A refusal knows when the next call would be admitted."""
    meter = QuotaMeter(mode=mode, limits={KEY[2]: 1})
    meter.admit(KEY, now=10.0)
    assert meter.admit(KEY, now=20.0) == wait_s


def test_keys_do_not_share() -> None:
    """Another account, region or action has a quota of its own."""
    meter = QuotaMeter(limits={KEY[2]: 1, "Other": 1})
    keys = [KEY, ("5678", *KEY[1:]), (KEY[0], "cn-beijing", KEY[2]), (*KEY[:2], "Other")]
    assert [meter.admit(key, now=0.0) for key in keys] == [None] * 4
    assert meter.admit(KEY, now=0.0) is not None


def test_other_calls_have_six_hundred() -> None:
    """Every other action is admitted 600 times."""
    meter, key = QuotaMeter(), (*KEY[:2], "DescribeVpnConnections")
    assert sum(meter.admit(key, now=0.0) is None for _ in range(700)) == 600


@pytest.mark.parametrize("settings", [{"mode": "leaky"}, {"window_s": 0.0}])
def test_bad_settings(settings: dict[str, object]) -> None:
    """A word or a number that means nothing is refused."""
    with pytest.raises(ValueError, match="quota"):
        QuotaMeter(**settings)  # type: ignore[arg-type]


def throttled_state(*, has_retry_after: bool = False) -> tuple[State, Signer]:
    """An emulator that answers one list call a minute."""
    fleet = make_fleet(connections=0, regions=1)
    quotas = {"DescribeVpnGateways": 1}
    state = make_state(fleet, quotas=quotas, has_retry_after=has_retry_after)
    signer = signer_of(state)
    handle(state, signer.acs3("DescribeVpnGateways", {"RegionId": "cn-hangzhou"}), NOW)
    return state, signer


def test_throttling_answer() -> None:
    """A call over its quota gets the documented error, and is counted as such."""
    state, signer = throttled_state()
    request = signer.acs3("DescribeVpnGateways", {"RegionId": "cn-hangzhou"})
    response = handle(state, request, NOW + 1)
    assert response.status == 400
    assert json.loads(response.body)["Code"] == "Throttling.User"
    assert "x-acs-retry-after" not in response.headers
    key = (state.fleet.accounts[0].account_id, "cn-hangzhou", "DescribeVpnGateways")
    assert (state.calls[key], state.throttled[key]) == (1, 1)


def test_retry_after() -> None:
    """On demand the refusal says in milliseconds when to come again, and it is true."""
    state, signer = throttled_state(has_retry_after=True)
    parameters = {"RegionId": "cn-hangzhou"}
    response = handle(state, signer.acs3("DescribeVpnGateways", parameters), NOW + 1)
    wait_ms = int(response.headers["x-acs-retry-after"])
    assert 58_000 < wait_ms <= 59_001
    again = NOW + 1 + wait_ms / 1000
    assert handle(state, signer.acs3("DescribeVpnGateways", parameters), again).status == 200


def test_quota_comes_before_parameters() -> None:
    """A call that is wrong besides is throttled all the same."""
    state, signer = throttled_state()
    parameters = {"RegionId": "cn-hangzhou", "PageSize": "51"}
    response = handle(state, signer.acs3("DescribeVpnGateways", parameters), NOW)
    assert json.loads(response.body)["Code"] == "Throttling.User"


def test_quotas_off() -> None:
    """Without quotas nothing is ever throttled."""
    meter = QuotaMeter(is_on=False)
    assert len(admitted(meter, [0.0] * 1000)) == 1000
