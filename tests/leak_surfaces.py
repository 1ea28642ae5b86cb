"""Everything on which a key could come to light, and a build that brings it to light on purpose."""

from __future__ import annotations

import dataclasses
import io
import logging
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import pandas as pd
import pyarrow.parquet as pq
import pytest
from helpers import (
    DeliveringSend,
    ManualClock,
    caller_of,
    crawl_account,
    inventory_of,
    keys_of,
    run_virtual,
)
from test_leaks import PACKAGE, story_of
from typer.testing import CliRunner
from zxcvbn import zxcvbn

import vpnframe as vf
from vpnframe import schema
from vpnframe.auditing.review import Review, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.cli import app
from vpnframe.cli.audit_output import ReviewFormat, encode
from vpnframe.cloud.answers import decode_download
from vpnframe.cloud.credentials import GivenCredentials
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import EmulatedFleet, make_fleet, make_state
from vpnframe.errors import ResponseError
from vpnframe.fetching.checkpoint import checkpoint_path, open_checkpoint
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.events import Event, RegionRead
from vpnframe.fetching.progress import Progress, ProgressBar
from vpnframe.inventory import Inventory, write_inventory
from vpnframe.model.psk import FingerprintKey, key_facts

Shown = Mapping[str, bytes | str]
FLEET = make_fleet(connections=40, regions=2, seed=9)


def canaries_of(fleet: EmulatedFleet) -> dict[str, str]:
    """A pre-shared key, a BGP key and an access key secret of the emulated cloud."""
    tunnels = [tunnel for connection in fleet.connections for tunnel in connection.tunnels]
    psk = next(t.psk for t in tunnels if t.psk and len(t.psk) >= 24 and t.psk.isalnum())
    auth = next(g.auth_key for g in fleet.customer_gateways if g.auth_key)
    return {"psk": psk, "auth key": auth, "secret": fleet.accounts[0].access_key_secret}


CANARIES = canaries_of(FLEET)
LEAK = " ".join(CANARIES.values())


# What is shown of an inventory


def leaking(inventory: Inventory) -> Inventory:
    """The inventory of a build that writes keys where a word of the cloud should stand."""
    tables = {
        name: _leaking_table(name, table)
        for name, table in inventory.tables(with_key_facts=True).items()
    }
    return dataclasses.replace(inventory, **tables)


def _leaking_table(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """One more row, whose names are keys; it stands first."""
    cells: dict[str, Any] = {}
    for column in schema.find(name).columns:
        is_word = column.kind == "text" and not column.name.endswith(("cidr", "_ip", "cidr_raw"))
        filled = {"texts": [LEAK], "flag": False, "float": 0.0}.get(column.kind, 0)
        cells[column.name] = LEAK if is_word else None if column.is_nullable else filled
    cells |= {"account_id": "1", "region_id": "cn-beijing", "vpc_subnets": [], "onprem_subnets": []}
    cells |= {"ike_encryption": LEAK, "side": "onprem", "origin": "selector", "status": LEAK}
    cells |= {"tunnel_index": 1, "tunnel_count": 1, "n_tunnels": 1, "peer_addresses": []}
    if name == "coverage":
        cells |= {"account_id": LEAK}
    if name in ("connections", "tunnels"):
        cells |= {"attach_type": LEAK, "routing_mode": "policy"}
    if name == "subnets":
        cells |= {"cidr": "10.9.0.0/16", "cidr_raw": "10.9.0.0/16", "family": 4}
        cells |= {"prefix_length": 16, "is_default_route": False}
    if name == "vpcs":
        cells |= {"cidrs": [], "secondary_cidrs": [], "user_cidrs": []}
    for column in schema.find(name).columns:
        if column.words and cells[column.name] not in (None, *column.words):
            cells[column.name] = column.words[0]  # a closed list has no room for a key
    row = pd.DataFrame({column: [cells.get(column)] for column in schema.find(name).names})
    found = pd.concat([schema.cast(name, row), table], ignore_index=True)
    found = schema.cast(name, found)
    found.attrs["leak"] = LEAK
    return found


def of_tables(inventory: Inventory) -> Iterator[tuple[str, bytes | str]]:
    """Every table as text, as a notebook shows it, and as pandas writes it, attrs and all."""
    yield "pickle", pickle.dumps(inventory)
    for name, table in inventory.tables(with_key_facts=True).items():
        parquet = io.BytesIO()
        table.to_parquet(parquet)
        metadata = pq.read_schema(parquet).metadata
        yield f"{name} csv", table.to_csv()
        yield f"{name} notebook", table.to_html()
        yield f"{name} parquet", repr((metadata, pq.read_table(parquet).to_pylist()))


def of_snapshot(inventory: Inventory, folder: Path) -> Iterator[tuple[str, bytes | str]]:
    """Every table's files of a snapshot, and what the command line prints of it."""
    write_inventory(inventory, folder)
    for path in sorted(folder.glob("*/snapshot=*/*.parquet")):
        file = pq.ParquetFile(path)
        whole = repr((file.schema_arrow.metadata, file.read().to_pylist()))
        yield f"file {path.name}", whole.encode() + path.read_bytes()
    for style in ("table", "csv", "jsonl", "parquet", "markdown"):
        for command in (["show", "tunnels"], ["show", "gateways"], ["stats", "algorithms"]):
            done = CliRunner().invoke(app, [command[0], str(folder), command[1], "-f", style])
            assert done.exit_code in (0, 4), done.exception
            body = done.stdout_bytes + done.stderr_bytes
            if style == "parquet":
                body += repr(pq.read_table(io.BytesIO(done.stdout_bytes)).to_pylist()).encode()
            yield f"{' '.join(command)} {style}", body


def review_of(inventory: Inventory) -> Review:
    """An audit that shows all it may."""
    return examine(inventory, settings=AuditSettings(owner_tag="owner", with_key_facts=True))


def of_answers(inventory: Inventory) -> Iterator[tuple[str, bytes | str]]:
    """What is answered of a fleet: the audit in every format, strength, a comparison, and more."""
    review = review_of(inventory)
    for style in get_args(ReviewFormat):
        whole = dataclasses.replace(review, findings=review.findings)
        body = encode(whole, style)
        if style == "parquet":
            body += repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
        yield f"audit {style}", body
    tunnels, facts = inventory.tunnels, inventory.key_facts
    strengths = vf.strength(tunnels, key_facts=facts)
    tables = {
        "strength": strengths,
        "connection strength": vf.connection_strength(strengths),
        "profile matrix": review.matrix,
        "algorithms": vf.stats.algorithms(tunnels),
        "comparison": vf.compare_peer(tunnels, peer=tunnels.head(1)),
        "blocks": vf.would_conflict(inventory.subnets, ["10.9.0.0/16"]),
    }
    for name, table in tables.items():
        yield f"{name} csv", table.to_csv()
        yield f"{name} notebook", table.to_html(max_rows=None)


# What a crawl leaves behind


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        """So that the bar is drawn."""
        return True


def of_crawl(folder: Path, log: pytest.LogCaptureFixture, *, leaks: bool) -> Shown:
    """Checkpoint, log, progress, events and records, of this build or of one that leaks."""
    state, manual, terminal = make_state(FLEET, quotas=False), ManualClock(), _Terminal()
    events: list[Event] = []
    log.clear()
    with (
        open_checkpoint(folder, purpose={}, resume=False) as checkpoint,
        ProgressBar(terminal) as bar,
        log.at_level(logging.DEBUG),
        pytest.MonkeyPatch.context() as patch,
    ):
        if leaks:
            _leak_from_decoding(patch)
            patch.setattr(Progress, "sentence", lambda self: LEAK)
            checkpoint.note("leak", LEAK)
            logging.getLogger("vpnframe.cloud").debug("%s", LEAK)

        def listen(event: Event) -> None:
            events.append(event)
            bar(event)

        send = DeliveringSend(state, manual)
        caller = caller_of(send, manual, provider=keys_of(state), checkpoint=checkpoint)
        records = run_virtual(crawl_account(caller, Plan(on_event=listen)))
        if leaks:
            listen(RegionRead(region_id=LEAK, status="complete"))
        files = [path.read_bytes() for path in checkpoint_path(folder).parent.iterdir()]
    return {
        "checkpoint": b"".join(files),
        "log": log.text,
        "progress": terminal.getvalue(),
        "events": repr(events),
        "records": repr(records),
        "records pickled": pickle.dumps(records),
    }


def _leak_from_decoding(patch: pytest.MonkeyPatch) -> None:
    """A decoder that takes keys for names."""
    from vpnframe.cloud.fields import Fields  # noqa: PLC0415  to be patched

    text = Fields.text

    def leaky(self: Fields, *names: str) -> str | None:
        return LEAK if "Name" in names else text(self, *names)

    patch.setattr(Fields, "text", leaky)


# What carries a key, by repr and str


def of_carriers(*, leaks: bool) -> Iterator[tuple[str, str]]:
    """Credentials, provider, caller, request, response; a leaking one shows its fields."""
    token = LEAK.replace(" ", "-")
    credentials = vf.Credentials("LTAI-id", CANARIES["secret"], security_token=token)
    request = Request("GET", f"https://vpc.test/?k={quote(LEAK)}", {"a": LEAK}, LEAK.encode())
    provider = GivenCredentials(credentials)
    carriers = (credentials, provider, request, Response(200, {}, LEAK.encode()))
    for one in carriers:
        for show in (repr, str):
            name = f"{show.__name__} {type(one).__name__}"
            yield name, show(_fields(one)) if leaks else show(one)


def _fields(one: object) -> object:
    """What a generated repr would show: everything below."""
    if dataclasses.is_dataclass(one) and not isinstance(one, type):
        names = [field.name for field in dataclasses.fields(one)]
        return [_fields(getattr(one, name)) for name in names]
    if isinstance(one, GivenCredentials):
        return [_fields(getattr(one, name)) for name in ("_credentials",) if hasattr(one, name)]
    return one if isinstance(one, str | bytes | Mapping) else LEAK


def of_key_facts(*, leaks: bool) -> Iterator[tuple[str, bytes | str]]:
    """What is made of a key; a leaking build keeps the result of the guesser, which holds it."""
    guessed = zxcvbn(f"{CANARIES['psk'][:30]}") | {"others": LEAK} if leaks else None
    for name, key in CANARIES.items():
        facts = key_facts(key, hints=["to-lima"], fingerprint_key=FingerprintKey(bytes(32)))
        kept = (facts, guessed) if leaks else facts
        yield f"facts of the {name}", repr(kept)
        yield f"facts of the {name} pickled", pickle.dumps(kept)


def of_errors(*, leaks: bool) -> Iterator[tuple[str, str]]:
    """Errors of decoding with the locals of their frames; a leaking frame holds its text."""
    bodies = {
        "truncated": f'{{"VpnConnectionConfig": {{"Psk": "{LEAK}"'.encode(),
        "page": f"<html>{LEAK}</html>".encode(),
        "error": f'{{"Code": "Odd", "Message": "no", "Psk": "{LEAK}"}}'.encode(),
    }
    for name, body in bodies.items():
        try:
            decode_download(Response(400, {}, body), vpn_connection_id="vco-1")
        except (ResponseError, vf.StatusError) as error:
            story = f"{error!r} {error} {story_of(error)}"
        yield f"{name} answer", f"{story} {_leaking_story()}" if leaks else story


def _leaking_story() -> str:
    source = "def leak(psk):\n    raise ValueError('no')\n"
    scope: dict[str, Callable[[str], None]] = {}
    exec(compile(source, f"{PACKAGE}/leaky.py", "exec"), scope)  # noqa: S102
    try:
        scope["leak"](LEAK)
    except ValueError as error:
        return story_of(error)
    raise AssertionError("it must fail")


def every_surface(folder: Path, log: pytest.LogCaptureFixture, *, leaks: bool) -> Shown:
    """All of it, by name."""
    read = inventory_of(make_state(FLEET, quotas=False))
    inventory = leaking(read) if leaks else read
    return {
        **dict(of_tables(inventory)),
        **dict(of_snapshot(inventory, folder / "inventory")),
        **dict(of_answers(inventory)),
        **of_crawl(folder / "crawl", log, leaks=leaks),
        **dict(of_carriers(leaks=leaks)),
        **dict(of_key_facts(leaks=leaks)),
        **dict(of_errors(leaks=leaks)),
    }
