"""No pre-shared key, BGP key or access key secret stands in anything that a run leaves.

What is known of pre-shared keys stands where it is asked for by name: nowhere else is a length, a
number of bits or a fingerprint.
"""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest
from helpers import (
    FINGERPRINT_KEY,
    Answer,
    FakeSend,
    ManualClock,
    action_of,
    caller_of,
    crawl,
    inventory_of,
    response,
    slow_after,
)
from typer.testing import CliRunner

import vpnframe as vf
from vpnframe.cli import app
from vpnframe.cloud.answers import decode_download, decode_page
from vpnframe.cloud.credentials import GivenCredentials
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import EmulatedFleet, handle, make_fleet, make_state, serve_in_thread
from vpnframe.inventory import Inventory, read_inventory, write_inventory
from vpnframe.inventory.loading import load
from vpnframe.model.psk import KeyJudge
from vpnframe.schema.tables import STORED

PACKAGE = str(Path(vf.__file__).parent)
CANARY = 'Canary/unique+"key'
FOREIGN = 'Canary/Ünique+"key'
PLANTED = {
    "VpnConnectionConfig": {
        "LocalSubnet": "192.168.0.0/24",
        "IkeConfig": {"Psk": CANARY, "IkeEncAlg": "aes", "LocalId": "x"},
        "BgpConfigs": {"BgpConfig": [{"AuthKey": CANARY}]},
    }
}


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which a secret may be written down."""
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield secret.replace('"', '""').encode()  # CSV
    yield repr(secret)[1:-1].encode()
    yield secret.encode("utf-16-le")
    # Base64 of the text wherever it stands in a longer one: without the ends that its
    # neighbours share.
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret.encode())
        yield whole[4 if shift else 0 : len(whole) - 4]


def find_leaks(haystacks: Mapping[str, bytes | str], secrets: Iterable[str]) -> list[str]:
    """Name every haystack that holds a secret in any form."""
    needles = {form for secret in secrets for form in forms(secret) if len(form) >= 8}
    found = []
    for name, hay in haystacks.items():
        body = hay.encode("utf-8", "surrogateescape") if isinstance(hay, str) else hay
        if any(needle in body for needle in needles):
            found.append(name)
    return found


def secrets_of(fleet: EmulatedFleet) -> set[str]:
    """Every key that the emulated cloud holds."""
    tunnels = [tunnel for connection in fleet.connections for tunnel in connection.tunnels]
    found = {account.access_key_secret for account in fleet.accounts}
    found |= {tunnel.psk for tunnel in tunnels if tunnel.psk}
    found |= {tunnel.bgp.auth_key for tunnel in tunnels if tunnel.bgp and tunnel.bgp.auth_key}
    found |= {gateway.auth_key for gateway in fleet.customer_gateways if gateway.auth_key}
    return {secret for secret in found if len(secret) >= 8 and "****" not in secret}


FLEET = make_fleet(connections=80, regions=3, seed=9)
SECRETS = secrets_of(FLEET)
# What only tells something of a key that is known: columns, and what stands in them.
FACT_COLUMNS = ("psk_length", "psk_class", "psk_bits", "psk_fingerprint")
FINGERPRINTS = {
    FINGERPRINT_KEY.fingerprint(tunnel.psk)
    for connection in FLEET.connections
    for tunnel in connection.tunnels
    if tunnel.psk
}


def find_facts(
    haystacks: Mapping[str, bytes | str], fingerprints: Iterable[str] = FINGERPRINTS
) -> list[str]:
    """Name every haystack that holds a fingerprint or a column of key facts."""
    needles = [text.encode() for text in (*fingerprints, *FACT_COLUMNS)]
    found = []
    for name, hay in haystacks.items():
        body = hay.encode("utf-8", "surrogateescape") if isinstance(hay, str) else hay
        if any(needle in body for needle in needles):
            found.append(name)
    return found


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    """The fleet, read."""
    return inventory_of(make_state(FLEET, quotas=False))


def texts_of(inventory: Inventory, *, with_key_facts: bool = True) -> dict[str, bytes | str]:
    """Everything that an inventory shows or hands on."""
    shown: dict[str, bytes | str] = {"repr": repr(inventory)}
    if with_key_facts:
        shown["pickle"] = pickle.dumps(inventory)
    for name, table in inventory.tables(with_key_facts=with_key_facts).items():
        shown |= {
            f"{name} csv": table.to_csv(),
            f"{name} text": table.to_string(),
            f"{name} attrs": repr(table.attrs),
        }
    return shown


def files_of(folder: Path) -> dict[str, bytes | str]:
    """Every file's bytes, and the values of the Parquet files, which are compressed."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            found[str(path)] = path.read_bytes()
        if path.suffix == ".parquet":
            found[f"{path} values"] = repr(pq.ParquetFile(path).read().to_pylist())
    return found


def story_of(error: BaseException) -> str:
    """The formatted traceback, with what the frames of our own modules hold."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True, compact=False)
    lines = []
    for one in _chain(told):
        lines += one.format_exception_only()
        lines += [
            f"{frame.name} {name} = {value}"
            for frame in one.stack
            if frame.filename.startswith(PACKAGE) and "/vpnframe/emulator/" not in frame.filename
            for name, value in (frame.locals or {}).items()
        ]
    return "\n".join(lines)


def _chain(told: Any) -> Iterator[Any]:
    """An exception with its causes, its context and the parts of a group."""
    if told is not None:
        yield told
        yield from _chain(told.__cause__)
        yield from _chain(told.__context__)
        for part in told.exceptions or ():
            yield from _chain(part)


def test_the_fleet_holds_secrets_of_every_kind() -> None:
    """Otherwise the tests below prove nothing."""
    assert len(SECRETS) > 80
    assert any(gateway.auth_key for gateway in FLEET.customer_gateways)


def test_the_answers_do_show_the_keys() -> None:
    """A positive control: the check finds them in what came over the wire."""
    state, now, bodies = make_state(FLEET, quotas=False), ManualClock().start.timestamp(), {}

    def keep(request: Request) -> None:
        action = action_of(request)
        bodies[action] = bodies.get(action, b"") + handle(state, request, now).body

    crawl(make_state(FLEET, quotas=False), fault=keep)
    assert set(find_leaks(bodies, SECRETS)) == {
        "DescribeCustomerGateways",
        "DescribeVpnConnections",
        "DownloadVpnConnectionConfig",
    }


def test_tables_reprs_and_pickles_are_clean(inventory: Inventory) -> None:
    """As CSV, as text, as a pickle, in attrs and in the inventory's own words."""
    assert find_leaks(texts_of(inventory), SECRETS) == []


def test_files_are_clean(inventory: Inventory, tmp_path: Path) -> None:
    """The Parquet bytes, their decoded values, and the commit record."""
    write_inventory(inventory, tmp_path)
    found = files_of(tmp_path)
    assert len(found) > 20
    assert find_leaks(found, SECRETS) == []
    assert find_leaks(texts_of(read_inventory(tmp_path)), SECRETS) == []


def test_key_facts_are_where_they_are_asked_for_alone(inventory: Inventory, tmp_path: Path) -> None:
    """Neither in repr, tables, attrs or any file, but in their own table and file."""
    write_inventory(inventory, tmp_path)
    facts = tmp_path / "private"
    files = files_of(tmp_path)
    apart = {name for name in files if name.startswith(str(facts))}
    assert find_facts(texts_of(inventory, with_key_facts=False)) == []
    # The commit record names the table, and has a checksum of its file.
    assert find_facts({name: files[name] for name in files.keys() - apart}) == []
    assert set(find_facts({name: files[name] for name in apart})) == apart
    assert {"key_facts csv", "key_facts text", "pickle"} <= set(find_facts(texts_of(inventory)))


def test_logs_at_debug_level_are_clean(caplog: pytest.LogCaptureFixture) -> None:
    """Of the whole run over a socket, our own and those of the libraries below."""
    caplog.set_level(logging.DEBUG)
    state = make_state(FLEET, quotas=False)
    state.faults.append(_fails_now_and_then)
    with serve_in_thread(state) as cloud:
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        fast = vf.FetchSettings(quotas={"DownloadVpnConnectionConfig": vf.Limit(1000, per_s=1)})
        fetched = vf.fetch(endpoint=cloud.endpoint, credentials=keys, settings=fast)
    assert "Describe" in caplog.text
    assert "DownloadVpnConnectionConfig" in caplog.text
    assert find_leaks({"log": caplog.text}, SECRETS) == []
    fingerprints = fetched.key_facts["psk_fingerprint"].dropna()
    assert len(fingerprints) > 80
    assert find_facts({"log": caplog.text}, fingerprints) == []


@pytest.mark.parametrize("style", slow_after(1, ["table", "csv", "jsonl", "markdown", "parquet"]))
def test_standard_output_is_clean(tmp_path: Path, style: str) -> None:
    """Every table that the command line prints of a fleet read by both calls."""
    write_inventory(inventory_of(make_state(FLEET, quotas=False)), tmp_path)
    commands = [["show", str(tmp_path), table, "-f", style] for table in STORED]
    commands += [["overlaps", str(tmp_path), "-f", style]]
    commands += [["stats", str(tmp_path), name, "-f", style] for name in ("summary", "algorithms")]
    commands += [["show", str(tmp_path), "key_facts", "--with-key-facts", "-f", style]]
    runs = [CliRunner().invoke(app, command) for command in commands]
    assert [run.exit_code for run in runs] == [0] * len(runs)
    printed = {
        " ".join(c): r.stdout_bytes + r.stderr_bytes for c, r in zip(commands, runs, strict=True)
    }
    assert find_leaks(printed, SECRETS) == []
    assert find_facts(printed) == [" ".join(commands[-1])]


def _fails_now_and_then(request: Request, number: int) -> Response | None:
    body = b'{"Code":"ServiceUnavailable","Message":"busy"}'
    return Response(503, {}, body) if number % 3 == 0 else None


def test_records_are_clean() -> None:
    """No struct has a field for a secret."""
    records = crawl(make_state(FLEET, quotas=False))
    shown = {"repr": repr(records), "str": f"{records.connections[0].tunnels}"}
    assert find_leaks(shown | {"pickle": pickle.dumps(records)}, SECRETS) == []
    assert find_facts(shown) == []
    assert "KeyFacts(...)" in shown["repr"]


def test_a_planted_key_leaves_no_trace_in_decoding() -> None:
    """Neither in the statement nor in the notes about odd fields beside it."""
    odd = {"VpnConnectionConfig": PLANTED["VpnConnectionConfig"] | {"IkeConfig": CANARY}}
    for body in (PLANTED, odd):
        answer = response(body)
        assert isinstance(answer, Response)
        judge = KeyJudge(FINGERPRINT_KEY)
        statement = decode_download(answer, vpn_connection_id="vco-1", judge=judge)
        assert find_leaks({"repr": repr(statement), "answer": repr(answer)}, [CANARY]) == []


def test_keys_of_saved_answers_are_dropped_too(tmp_path: Path) -> None:
    """The same allow-list holds for files, read or refused."""
    (tmp_path / "vco-1.json").write_text(json.dumps(PLANTED))
    (tmp_path / "vco-2.json").write_text(json.dumps(PLANTED)[:-3])
    (tmp_path / "vco-3.json").write_text(json.dumps({"Code": "Odd", "Psk": CANARY}))
    assert find_leaks(texts_of(load(tmp_path)), [CANARY]) == []


def test_what_carries_a_key_does_not_show_it() -> None:
    """Credentials, caller, request and response, by repr and by str."""
    credentials = vf.Credentials("LTAI-id", CANARY, security_token=CANARY)
    request = Request("GET", f"https://vpc.test/?k={quote(CANARY)}", {"a": CANARY}, CANARY.encode())
    caller = caller_of(FakeSend([]), provider=GivenCredentials(credentials))
    carriers = (credentials, caller, caller.provider, request, Response(200, {}, CANARY.encode()))
    shown = {
        f"{type(one).__name__} {show.__name__}": show(one)
        for one in carriers
        for show in (repr, str)
    }
    assert find_leaks(shown, [CANARY]) == []


def test_a_key_that_cannot_be_judged_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure in judging is a row for each key, and none of them holds it."""

    def fail(key: str, **_: Any) -> None:
        raise RuntimeError(key)

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("vpnframe.model.psk.judge_key", fail)
    inventory = inventory_of(make_state(FLEET, quotas=False))
    told = inventory.failures[inventory.failures["message"].str.contains("cannot be judged")]
    assert len(told) > 80
    assert inventory.key_facts["psk_bits"].isna().all()
    assert find_leaks(texts_of(inventory) | {"log": caplog.text}, SECRETS) == []


TRUNCATED = json.dumps(PLANTED)[:-5].encode()
PAGE = f"<html><body>{CANARY}</body></html>".encode()


def all_answered_by(answer: Response) -> Callable[[Request, int], Response]:
    return lambda request, number: answer


@pytest.mark.parametrize(
    ("answer", "secret"),
    [
        (None, CANARY),
        (Response(200, {}, TRUNCATED), None),
        (Response(200, {}, PAGE), None),
        (
            Response(400, {}, b'{"Code":"Forbidden.RAM","Message":"no","Psk":"' + CANARY.encode()),
            None,
        ),
        (Response(200, {}, json.dumps(PLANTED).encode()), None),
    ],
    ids=["wrong secret", "truncated", "html", "error", "another answer"],
)
def test_failing_runs_tell_no_key(
    answer: Answer | None, secret: str | None, monkeypatch: Any
) -> None:
    """Neither the error nor the locals of our own frames, which crash reporters collect."""
    monkeypatch.setattr("vpnframe.cloud.retries.backoff_s", lambda *_, **__: 0.0)
    state = make_state(FLEET, quotas=False)
    if isinstance(answer, Response):
        state.faults.append(all_answered_by(answer))
    with serve_in_thread(state) as cloud:
        keys = vf.Credentials(cloud.access_key_id, secret or cloud.access_key_secret)
        with pytest.raises(vf.RequestError) as caught:
            vf.fetch(endpoint=cloud.endpoint, credentials=keys)
    story = story_of(caught.value)
    assert "_fetch" in story
    assert find_leaks({"story": story, "error": repr(caught.value)}, {*SECRETS, CANARY}) == []


@pytest.mark.parametrize("body", [TRUNCATED, PAGE, b"", json.dumps([PLANTED]).encode()])
def test_decoding_errors_hold_no_body(body: bytes) -> None:
    """Also where a decoder is called directly."""
    for decode in (
        lambda answer: decode_download(
            answer, vpn_connection_id="vco-1", judge=KeyJudge(FINGERPRINT_KEY)
        ),
        lambda answer: decode_page(
            answer, action="DescribeVpnConnections", judge=KeyJudge(FINGERPRINT_KEY)
        ),
    ):
        with pytest.raises(vf.ResponseError) as caught:
            decode(Response(200, {}, body))
        assert find_leaks({"story": story_of(caught.value)}, [CANARY]) == []


def test_nothing_loaded_tells_no_key(tmp_path: Path) -> None:
    """The error of a load that read nothing, and its frames."""
    (tmp_path / "vco-1.json").write_bytes(TRUNCATED)
    with pytest.raises(vf.ResponseError) as caught:
        load(tmp_path)
    assert find_leaks({"story": story_of(caught.value)}, [CANARY]) == []


def leaky(inventory: Inventory) -> Inventory:
    """The inventory with a key in one cell."""
    tables = {name: table.copy() for name, table in inventory.tables().items()}
    names = tables["tunnels"]["connection_name"].copy()
    names.iloc[0] = f"key {CANARY}!"
    tables["tunnels"]["connection_name"] = names
    return Inventory(**tables)


def test_the_check_finds_a_leak_in_tables_and_files(inventory: Inventory, tmp_path: Path) -> None:
    """A positive control: one cell is found in CSV, text, pickle and Parquet."""
    spoiled = leaky(inventory)
    write_inventory(spoiled, tmp_path)
    found = find_leaks(texts_of(spoiled) | files_of(tmp_path), [CANARY])
    assert {name for name in found if not name.startswith("/")} == {
        "pickle",
        "tunnels csv",
        "tunnels text",
    }
    assert sum(name.endswith("values") for name in found) == 1


@pytest.mark.parametrize("secret", [CANARY, FOREIGN])
@pytest.mark.parametrize(
    "write",
    [
        lambda secret: f"a {secret} b",
        lambda secret: f"k={quote(secret, safe='')}&",
        lambda secret: json.dumps({"k": secret}),
        lambda secret: json.dumps({"k": secret}, ensure_ascii=False),
        lambda secret: repr([secret, "'"]),
        lambda secret: secret.encode("utf-16"),
        lambda secret: base64.b64encode(f"x{secret}y".encode()),
        lambda secret: base64.b64encode(f"xy{secret}".encode()),
        lambda secret: base64.b64encode(f"xyz{secret}xyz".encode()),
    ],
)  # fmt: skip
def test_the_check_finds_every_form(write: Any, secret: str) -> None:
    """Raw, percent-encoded, JSON-escaped, in a repr, UTF-16 and base64 at any offset."""
    assert find_leaks({"hay": write(secret)}, [secret]) == ["hay"]
    assert find_leaks({"hay": write("something else altogether")}, [secret]) == []


def test_the_check_finds_a_leak_in_a_frame() -> None:
    """A positive control: a local variable of one of our modules."""
    source = "def leak(psk):\n    kept = psk\n    raise ValueError('no')\n"
    scope: dict[str, Any] = {}
    exec(compile(source, f"{PACKAGE}/leaky.py", "exec"), scope)  # noqa: S102
    with pytest.raises(ValueError, match="no") as caught:
        scope["leak"](CANARY)
    assert find_leaks({"story": story_of(caught.value)}, [CANARY]) == ["story"]


def test_the_check_finds_a_leak_in_logs_and_causes(caplog: pytest.LogCaptureFixture) -> None:
    """A positive control: a log line, and the cause behind an error."""
    logging.getLogger("vpnframe").warning("the key is %s", CANARY)
    with pytest.raises(ValueError, match="no") as caught:
        _raise_from(KeyError(CANARY))
    shown = {"log": caplog.text, "story": story_of(caught.value)}
    assert find_leaks(shown, [CANARY]) == ["log", "story"]


def _raise_from(cause: Exception) -> None:
    raise ValueError("no") from cause
