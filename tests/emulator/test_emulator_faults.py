"""Fault kinds by name: the table, when they strike, what they count, and the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from test_emulator_client import NOW, Signer, code_of, signer_of

from vpnframe.cloud.messages import Response
from vpnframe.emulator import State, handle, make_fleet, make_state
from vpnframe.emulator.faults import (
    KINDS,
    FaultPlan,
    FaultyResponse,
    fault,
    parse_fault,
)

FLEET = make_fleet(connections=6, regions=2)
REGIONS = [region.region_id for region in FLEET.regions]
GATEWAYS = "DescribeVpnGateways"
DOWNLOAD = "DownloadVpnConnectionConfig"


@pytest.fixture
def state() -> State:
    """Make an emulator that nobody has called."""
    return make_state(FLEET, quotas=False)


@pytest.fixture
def signer(state: State) -> Signer:
    """Make a signer for its account."""
    return signer_of(state)


def strikes(state: State, n_calls: int, action: str = "DescribeRegions") -> list[int]:
    """Call, and number the calls that were struck, from 1."""
    signer = signer_of(state)
    signer.n_signed = state.n_requests
    struck = []
    for number in range(1, n_calls + 1):
        request = signer.acs3(action, {"RegionId": REGIONS[0]})
        if isinstance(handle(state, request, NOW), FaultyResponse):
            struck.append(number)
    return struck


def test_there_are_enough_kinds() -> None:
    """The table has every kind once, under a name of lower-case words, with one line each."""
    assert len(KINDS) >= 60
    for name, kind in KINDS.items():
        assert name == kind.name
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert kind.line
        assert "\n" not in kind.line
        assert len(kind.line) <= 100
    assert len({kind.line for kind in KINDS.values()}) == len(KINDS)


def test_kinds_end_in_a_failure_that_the_table_knows() -> None:
    """Each kind of failure is the end of some kind of fault."""
    assert {kind.failure for kind in KINDS.values()} == {
        "throttled", "server", "network", "timeout", "malformed", "empty",
        "denied", "credentials", "gone", "unavailable", "unsupported", "parameter", None,
    }  # fmt: skip


def test_positions_are_exact(state: State) -> None:
    """A fault strikes the calls of its numbers and no other."""
    state.faults.append(fault("system-busy-503", positions=[1, 4, 9]))
    assert strikes(state, 12) == [1, 4, 9]
    assert state.struck == {"system-busy-503": 3}


def test_rate_is_honoured_and_repeats() -> None:
    """At 10 % about every tenth call is struck, and in a second run the same ones."""
    plan = fault("internal-error-500", rate=0.1, seed=3)
    first, second = (strikes_under(plan) for _ in range(2))
    assert first == second
    assert 60 <= len(first) <= 140
    assert strikes_under(fault("internal-error-500", rate=0.1, seed=4)) != first


def strikes_under(plan: FaultPlan) -> list[int]:
    state = make_state(FLEET, quotas=False)
    state.faults.append(plan)
    return strikes(state, 1000)


@pytest.mark.parametrize(("rate", "struck"), [(0.0, []), (1.0, [1, 2, 3])])
def test_rate_of_none_and_all(state: State, rate: float, struck: list[int]) -> None:
    """A rate of 0 strikes no call, a rate of 1 every call."""
    state.faults.append(fault("system-busy-503", rate=rate))
    assert strikes(state, 3) == struck


def test_action_and_region_narrow_what_is_counted(state: State, signer: Signer) -> None:
    """Only calls of the action, to the region, count for the position."""
    plan = fault("forbidden-ram", positions=[2], action=GATEWAYS, region=REGIONS[1])
    state.faults.append(plan)
    calls = [
        (GATEWAYS, REGIONS[1]),
        (GATEWAYS, REGIONS[0]),
        ("DescribeCustomerGateways", REGIONS[1]),
        (GATEWAYS, REGIONS[1]),
    ]
    codes = [
        code_of(handle(state, signer.acs3(action, {"RegionId": region}), NOW))[1]
        for action, region in calls
    ]
    assert codes == ["", "", "", "Forbidden.RAM"]
    assert state.n_matched[plan] == 2


def test_a_kind_counts_only_calls_that_it_can_happen_to(state: State) -> None:
    """A fault of downloads does not count list calls."""
    plan = fault("config-missing", rate=1.0)
    state.faults.append(plan)
    assert strikes(state, 3, GATEWAYS) == []
    assert state.n_matched[plan] == 0


def test_the_first_plan_acts_and_all_count(state: State, signer: Signer) -> None:
    """Of two plans for one call the first acts; the second counts the call all the same."""
    state.faults += [fault("no-permission", positions=[1]), fault("nonce-used", positions=[1, 2])]
    codes = [code_of(handle(state, signer.acs3("DescribeRegions"), NOW))[1] for _ in range(3)]
    assert codes == ["NoPermission", "SignatureNonceUsed", ""]


def test_callables_come_first_and_live_beside_plans(state: State) -> None:
    """A fault that a test writes answers before the kinds are asked, and they do not count it."""
    plan = fault("system-busy-503", rate=1.0)
    throttled = Response(400, {}, b'{"Code":"Throttling.User","Message":"..."}')
    state.faults += [plan, lambda _, number: throttled if number % 2 == 0 else None]
    assert strikes(state, 4) == [1, 3]
    assert state.n_matched[plan] == 2


def test_one_plan_serves_two_states() -> None:
    """What a plan counted stays with the state."""
    plan = fault("system-busy-503", positions=[1])
    for _ in range(2):
        state = make_state(FLEET)
        state.faults.append(plan)
        assert strikes(state, 2) == [1]


@pytest.mark.parametrize(
    ("kind", "n_counted"),
    [("reset-before", 1), ("bad-gateway-502", 1), ("truncated-json", 1), ("throttling-400", 0)],
)
def test_what_counts_against_the_quota(
    state: State, signer: Signer, kind: str, n_counted: int
) -> None:
    """A call that was served counts, even when no byte of the answer leaves; a refused one not."""
    state.faults.append(fault(kind, rate=1.0))
    handle(state, signer.acs3("DescribeRegions"), NOW)
    assert sum(state.calls.values()) == n_counted


@pytest.mark.parametrize("kind", ["reset-before", "internal-error-500", "throttling-user-400"])
def test_a_request_sent_again_verbatim_is_seen(state: State, signer: Signer, kind: str) -> None:
    """A struck call has used up its nonce."""
    state.faults.append(fault(kind, positions=[1]))
    request = signer.acs3("DescribeRegions")
    assert isinstance(handle(state, request, NOW), FaultyResponse)
    assert code_of(handle(state, request, NOW))[1] == "SignatureNonceUsed"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            {"kind": "no-such", "rate": 0.1},
            "is not a kind of fault; the kinds are throttling-400",
        ),
        ({"kind": "hang"}, "either a rate or positions"),
        ({"kind": "hang", "rate": 0.1, "positions": [1]}, "either a rate or positions"),
        ({"kind": "hang", "rate": 1.5}, "from 0 to 1, not 1.5"),
        ({"kind": "hang", "rate": float("nan")}, "from 0 to 1, not nan"),
        ({"kind": "hang", "positions": [0, 2]}, "one or more numbers above 0"),
        ({"kind": "hang", "positions": []}, "one or more numbers above 0"),
        (
            {"kind": "psk-masked", "rate": 1, "action": GATEWAYS},
            f"{DOWNLOAD}, not in {GATEWAYS}",
        ),
    ],
)
def test_a_wrong_plan_is_refused(arguments: dict[str, object], problem: str) -> None:
    """What cannot be is named."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        fault(**arguments)


@pytest.mark.parametrize("text", ["hang", "hang=", "hang=often", "hang@", "hang@1,x", "=0.1"])
def test_a_fault_that_cannot_be_read(text: str) -> None:
    """The text is in the message."""
    with pytest.raises(ValueError, match=r"not a kind|neither|whole numbers") as caught:
        parse_fault(text)
    assert repr(text) in str(caught.value) or repr("") in str(caught.value)


def test_a_callable_that_answers_nothing_spoils_nothing(state: State) -> None:
    """A callable is still all that a test needs for a fault of its own."""
    state.faults.append(lambda _request, _number: None)
    assert strikes(state, 2) == []


def run_emulator(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vpnframe", "emulator", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_command_line_lists_kinds() -> None:
    """--list-faults prints a line for every kind and stops."""
    done = run_emulator("--list-faults")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, len(KINDS))
    assert re.search(r"(?m)^hang +timeout +the server falls silent", done.stdout)


def test_command_line_refuses_an_unknown_kind() -> None:
    """An unknown kind is a usage error that names the known ones."""
    done = run_emulator("--fault", "hang=0.1", "--fault", "earthquake=0.1")
    assert done.returncode == 2
    assert "earthquake" in done.stderr
    assert "truncated-json" in done.stderr


def test_command_line_spoils_calls() -> None:
    """--fault strikes the calls of a running emulator."""
    options = ["--connections", "0", "--regions", "1", "--fault", "plain-500@1,3"]
    command = [sys.executable, "-m", "vpnframe", "emulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        where = urlsplit(json.loads(process.stdout.readline())["endpoint"])
        statuses = [status_at(where.netloc) for _ in range(3)]
        process.terminate()
    assert statuses == [500, 400, 500]
    assert process.returncode == 0


def status_at(host: str) -> int:
    client = HTTPConnection(host, timeout=10)
    client.request("GET", "/")
    response = client.getresponse()
    response.read()
    client.close()
    return response.status
