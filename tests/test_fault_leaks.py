"""No key in the checkpoint, the log, the progress or the exceptions, whatever fault strikes.

Nor what is known of keys, but in the checkpoint, which is for its owner alone.

The fleet's own keys are what is looked for, in every form that :mod:`test_leaks` knows.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from helpers import (
    FINGERPRINT_KEY,
    DeliveringSend,
    ManualClock,
    action_of,
    caller_of,
    crawl_account,
    keys_of,
    run_virtual,
    slow_after,
)
from test_leaks import find_facts, find_leaks, forms, secrets_of, story_of

from vpnframe.cloud.answers import decode_account_id, decode_download, decode_page
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import make_fleet, make_state
from vpnframe.emulator.faults import KINDS, fault
from vpnframe.errors import RequestError
from vpnframe.fetching.checkpoint import checkpoint_path, open_checkpoint
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.events import Event
from vpnframe.fetching.progress import ProgressBar
from vpnframe.model.psk import KeyJudge

FLEET = make_fleet(connections=6, regions=1, seed=9)
SECRETS = secrets_of(FLEET)
FINGERPRINTS = [
    FINGERPRINT_KEY.fingerprint(tunnel.psk)
    for connection in FLEET.connections
    for tunnel in connection.tunnels
    if tunnel.psk
]


class Terminal(io.StringIO):
    """A stream on which a progress bar shows."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def decode(request: Request, answer: Response) -> None:
    """Decode an answer as the crawl does."""
    action = action_of(request)
    if action == "GetCallerIdentity":
        decode_account_id(answer)
    elif action == "DownloadVpnConnectionConfig":
        decode_download(answer, vpn_connection_id="vco-1", judge=KeyJudge(FINGERPRINT_KEY))
    else:
        decode_page(answer, action=action, judge=KeyJudge(FINGERPRINT_KEY))


def left_behind(kind: str, folder: Path, log: pytest.LogCaptureFixture) -> dict[str, bytes | str]:
    """Everything that a crawl shows and keeps under faults of a kind."""
    state, manual, terminal = make_state(FLEET), ManualClock(), Terminal()
    state.faults.append(fault(kind, rate=0.4))
    inner, stories, events = DeliveringSend(state, manual), list[str](), list[Event]()

    async def send(request: Request) -> Response:
        answer = None
        try:
            answer = await inner(request)
            decode(request, answer)
        except RequestError as error:
            stories.append(f"{error!r} {error} {story_of(error)}")
            if answer is None:
                raise
        return answer

    def listen(event: Event) -> None:
        events.append(event)
        bar(event)

    with (
        open_checkpoint(folder, purpose={}, resume=False) as checkpoint,
        ProgressBar(terminal) as bar,
        log.at_level(logging.DEBUG),
    ):
        caller = caller_of(send, manual, provider=keys_of(state), checkpoint=checkpoint)
        records = run_virtual(crawl_account(caller, Plan(on_event=listen)))
        files = {path.name: path.read_bytes() for path in checkpoint_path(folder).parent.iterdir()}
    return {
        **files,
        "log": log.text,
        "progress": terminal.getvalue(),
        "events": repr(events),
        "exceptions": "\n".join(stories),
        "records": repr(records),
    }


@pytest.mark.parametrize("kind", slow_after(40, KINDS))
def test_faults_bring_no_key_to_light(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Checkpoint bytes, log at debug level, progress, events, exceptions and records."""
    found = left_behind(kind, tmp_path, caplog)
    assert {"crawl.sqlite", "log", "exceptions"} <= set(found)
    assert find_leaks(found, SECRETS) == []
    shown = {name: hay for name, hay in found.items() if not name.startswith("crawl.sqlite")}
    assert find_facts(shown, FINGERPRINTS) == []


def test_the_checkpoint_is_searched(tmp_path: Path) -> None:
    """A positive control: a key that is noted in a checkpoint is found in its bytes."""
    secret = max(SECRETS, key=len)
    with open_checkpoint(tmp_path, purpose={}, resume=False) as checkpoint:
        checkpoint.note("key", secret)
        files = {
            path.name: path.read_bytes() for path in checkpoint_path(tmp_path).parent.iterdir()
        }
    assert find_leaks(files, [secret])
    assert len(list(forms(secret))) > 5
