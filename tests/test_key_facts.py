"""Key facts from the cloud, or from saved answers, to the table: right, apart, and comparable."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from expected_answers import full_answer_key
from helpers import (
    FINGERPRINT_KEY,
    ManualClock,
    action_of,
    assert_same_inventory,
    inventory_of,
    params_of,
)
from test_many_accounts import LIMITS

import vpnframe as vf
from vpnframe import schema
from vpnframe.cloud.messages import Request, Response
from vpnframe.emulator import (
    EmulatedFleet,
    RunningEmulator,
    State,
    answer_key,
    handle,
    make_fleet,
    make_state,
    serve_in_thread,
)
from vpnframe.errors import SettingsError
from vpnframe.fetching.checkpoint import checkpoint_path
from vpnframe.fetching.events import ConnectionRead, Event
from vpnframe.inventory import Inventory
from vpnframe.inventory.loading import load

FLEET = make_fleet(connections=60, regions=3, seed=4)
KEYS = ["vpn_connection_id", "tunnel_id"]
FACTS = ["psk_length", "psk_class", "psk_bits", "psk_fingerprint", "psk_fingerprint_key_id"]


def state_of(fleet: EmulatedFleet = FLEET) -> State:
    return make_state(fleet, quotas=False)


def fetch(cloud: RunningEmulator, **settings: Any) -> Inventory:
    """Fetch from a running emulator, at any pace."""
    return vf.fetch(
        endpoint=cloud.endpoint,
        credentials=vf.Credentials(cloud.access_key_id, cloud.access_key_secret),
        settings=vf.FetchSettings(quotas=LIMITS, **settings),
    )


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A fingerprint key of the user's own."""
    path = tmp_path / "psk.key"
    path.write_bytes(FINGERPRINT_KEY.secret)
    path.chmod(0o600)
    return path


def by_tunnel(table: pd.DataFrame) -> dict[tuple[str, str | None], dict[str, Any]]:
    """Rows by connection and tunnel, null as None."""
    plain = table.astype("object").where(table.notna(), None)
    return {(row[KEYS[0]], row[KEYS[1]]): row for row in plain.to_dict("records")}


@pytest.mark.parametrize("seed", range(4))
def test_facts_are_those_of_the_fleet_s_keys(seed: int) -> None:
    """Length and fingerprint of every key that was shown, nothing of any other; every tunnel."""
    fleet = make_fleet(connections=80, regions=3, seed=seed)
    inventory = inventory_of(state_of(fleet))
    schema.validate("key_facts", inventory.key_facts)
    assert inventory.key_facts[["vpn_connection_id", "tunnel_index"]].equals(
        inventory.tunnels[["vpn_connection_id", "tunnel_index"]]
    )
    rows = by_tunnel(inventory.key_facts)
    for connection in fleet.connections:
        for tunnel in connection.tunnels:
            row = rows[connection.vpn_connection_id, tunnel.tunnel_id]
            if row["psk_state"] != "present":
                assert [row[name] for name in FACTS] == [None] * len(FACTS)
                continue
            assert tunnel.psk is not None
            assert row["psk_length"] == len(tunnel.psk)
            message = b"vpnframe/psk/v1|" + tunnel.psk.encode()
            digest = hmac.new(FINGERPRINT_KEY.secret, message, hashlib.sha256).hexdigest()
            assert row["psk_fingerprint"] == digest[:32]
            assert row["psk_fingerprint_key_id"] == FINGERPRINT_KEY.key_id


@pytest.mark.parametrize("seed", range(4))
def test_planted_keys_are_found_and_no_others(seed: int) -> None:
    """Published, derived, of words, short; all others are random and worth 83 bits or more."""
    fleet = make_fleet(connections=80, regions=3, seed=seed)
    planted: dict[str, set[str]] = {}
    for plant in answer_key(fleet)["planted"]:
        planted.setdefault(plant["plant_id"], set()).update(plant["vpn_connection_ids"])
    facts = inventory_of(state_of(fleet)).key_facts
    shown = facts[facts["psk_state"] == "present"]

    def ids(kind: str) -> set[str]:
        return set(shown[shown["psk_class"] == kind]["vpn_connection_id"])

    assert ids("published") == planted["key-published"]
    assert ids("derived") == planted["key-derived-from-name"]
    assert ids("dictionary") == planted["key-dictionary"]
    assert ids("patterned") == planted["key-short"]
    assert shown[shown["psk_class"] == "random"]["psk_bits"].min() >= 83


def test_one_key_has_one_fingerprint() -> None:
    """Exactly the connections that share a key share a fingerprint."""
    facts = inventory_of(state_of()).key_facts.dropna(subset="psk_fingerprint")
    found = {
        tuple(sorted(set(group)))
        for _, group in facts.groupby("psk_fingerprint")["vpn_connection_id"]
        if group.nunique() > 1
    }
    assert found == {tuple(sorted(group)) for group in full_answer_key(FLEET)["shared_keys"]}


def test_without_key_facts_there_are_none(tmp_path: Path) -> None:
    """Everything else is the same, and nothing of them is written."""
    with serve_in_thread(state_of()) as cloud:
        plain = fetch(cloud, key_facts=False, out=tmp_path)
    assert plain.key_facts.empty
    assert not (tmp_path / "key_facts").exists()
    assert "present" in set(plain.tunnels["psk_state"])


def test_fingerprints_are_of_one_crawl() -> None:
    """Two crawls cannot be compared, and say so by their key's id."""
    with serve_in_thread(state_of()) as cloud:
        one, other = fetch(cloud).key_facts, fetch(cloud).key_facts
    (one_id,) = one["psk_fingerprint_key_id"].dropna().unique()
    (other_id,) = other["psk_fingerprint_key_id"].dropna().unique()
    assert one_id != other_id
    assert not set(one["psk_fingerprint"].dropna()) & set(other["psk_fingerprint"].dropna())


def test_a_key_of_one_s_own_makes_them_comparable(key_file: Path, tmp_path: Path) -> None:
    """Across crawls, and with saved answers."""
    saved = save(FLEET, tmp_path / "answers")
    with serve_in_thread(state_of()) as cloud:
        first, second = (fetch(cloud, psk_key_file=key_file) for _ in range(2))
    loaded = load(saved, psk_key_file=key_file)
    assert by_fact(first) == by_fact(second) == by_fact(loaded)
    assert {row[-1] for row in by_fact(first).values()} == {FINGERPRINT_KEY.key_id}


def by_fact(inventory: Inventory) -> dict[Any, tuple[Any, ...]]:
    """All facts by connection and tunnel."""
    rows = by_tunnel(inventory.key_facts)
    return {key: tuple(row[name] for name in FACTS) for key, row in rows.items()}


def save(fleet: EmulatedFleet, folder: Path) -> Path:
    """Save every answer of a crawl, as a person would with the vendor's command line."""
    replay, now = state_of(fleet), ManualClock().start.timestamp()

    def keep(request: Request) -> None:
        asked, action = params_of(request), action_of(request)
        if action in ("DescribeRegions", "GetCallerIdentity"):
            return
        name = asked.get("VpnConnectionId") or f"{action}-{asked.get('PageNumber', 1)}"
        path = folder / asked["RegionId"] / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(handle(replay, request, now).body)

    inventory_of(state_of(fleet), fault=keep)
    return folder


def test_saved_answers_are_judged_in_any_order_of_files(tmp_path: Path) -> None:
    """What gateways and connections are called is known before their keys, whatever comes first."""
    ike = {"IkeEncAlg": "aes", "Psk": "Blue-Harbour!2024"}
    row = {"VpnConnectionId": "vco-1", "CustomerGatewayId": "cgw-1", "IkeConfig": ike}
    gateway = {"CustomerGatewayId": "cgw-1", "Name": "blue-harbour"}
    answers = {
        "vco-1.json": {"VpnConnectionConfig": {"IkeConfig": ike}},
        "a-list.json": {"VpnConnections": {"VpnConnection": [row]}, "TotalCount": 1},
        "z-gateways.json": {"CustomerGateways": {"CustomerGateway": [gateway]}, "TotalCount": 1},
    }
    paths = [tmp_path / name for name in answers]
    for path, answer in zip(paths, answers.values(), strict=True):
        path.write_text(json.dumps(answer))
    assert load(paths).key_facts["psk_class"].tolist() == ["derived"]
    (tmp_path / "a-list.json").write_text(
        json.dumps({"VpnConnections": {"VpnConnection": [row | {"IkeConfig": {}}]}})
    )
    assert load(paths[::-1]).key_facts["psk_class"].tolist() == ["derived"]
    assert load(paths[:1]).key_facts["psk_class"].tolist() == ["random"]


def test_redacted_answers_tell_nothing_of_keys(tmp_path: Path) -> None:
    """A mark is no key."""
    saved = save(FLEET, tmp_path / "answers")
    vf.redact(saved, tmp_path / "safe")
    facts = load(tmp_path / "safe").key_facts
    assert len(facts) == len(load(saved).key_facts)
    assert facts[FACTS].isna().all(axis=None)
    assert load(saved, key_facts=False).key_facts.empty


def test_the_lists_alone_are_enough(key_file: Path) -> None:
    """They show the same keys; only hints of the download are missing."""
    with serve_in_thread(state_of()) as cloud:
        settings = vf.FetchSettings(quotas=LIMITS, psk_key_file=key_file)
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        listed = vf.fetch(
            endpoint=cloud.endpoint, credentials=keys, settings=settings, downloads="none"
        )
        whole = fetch(cloud, psk_key_file=key_file)
    assert by_fact(listed) == by_fact(whole)


class StopError(Exception):
    """The run is over."""


def test_both_halves_of_a_resumed_crawl_have_one_fingerprint_key(tmp_path: Path) -> None:
    """The crawl's own key lies in the checkpoint until it is finished."""

    def stop(event: Event) -> None:
        if isinstance(event, ConnectionRead):
            seen.append(event)
        if len(seen) == 10:
            raise StopError

    seen: list[Event] = []
    with serve_in_thread(state_of()) as cloud:
        settings = vf.FetchSettings(quotas=LIMITS, out=tmp_path)
        keys = vf.Credentials(cloud.access_key_id, cloud.access_key_secret)
        with pytest.raises(ExceptionGroup) as caught:
            vf.fetch(endpoint=cloud.endpoint, credentials=keys, settings=settings, on_event=stop)
        assert caught.group_contains(StopError)
        for other in ({"key_facts": False}, {"psk_key_file": key_in(tmp_path)}):
            with pytest.raises(SettingsError, match="had other options for facts about keys"):
                fetch(cloud, out=tmp_path, resume=True, **other)
        resumed = fetch(cloud, out=tmp_path, resume=True)
    assert resumed.key_facts["psk_fingerprint_key_id"].nunique() == 1
    assert "psk_fingerprint" not in set(resumed.disagreements["field"])
    listed = vf.read_inventory(tmp_path, snapshot=resumed.snapshot or "")
    assert_same_inventory(resumed, listed)
    assert not checkpoint_path(tmp_path).exists()


def key_in(folder: Path) -> Path:
    """A key file that is not the crawl's."""
    path = folder / "other.key"
    path.write_bytes(bytes(range(100, 132)))
    path.chmod(0o600)
    return path


def test_two_answers_with_two_keys_disagree() -> None:
    """It is said that they do, and nothing of either."""
    replay, now = state_of(), ManualClock().start.timestamp()
    secrets = {t.psk for c in FLEET.connections for t in c.tunnels if t.psk and "*" not in t.psk}

    def swap(request: Request) -> Response | None:
        if not action_of(request).startswith("Download"):
            return None
        answer = handle(replay, request, now)
        body = answer.body
        for number, key in enumerate(sorted(secrets)):
            body = body.replace(json.dumps(key).encode(), f'"other-{number}-kX8vQ2mZ7bT"'.encode())
        return replace(answer, body=body)

    inventory = inventory_of(state_of(), fault=swap)
    said = inventory.disagreements[inventory.disagreements["field"] == "psk_fingerprint"]
    loose = {c.vpn_connection_id for c in FLEET.connections if c.attach_type == "NO_ASSOCIATED"}
    facts = inventory.key_facts
    is_downloaded = ~facts["vpn_connection_id"].isin(loose)
    assert len(said) == ((facts["psk_state"] == "present") & is_downloaded).sum() > 80
    assert set(said["download_value"]) == set(said["describe_value"]) == {"differs"}
    assert by_fact(inventory) == by_fact(inventory_of(state_of()))


@pytest.mark.parametrize(
    "read",
    [
        lambda path: load(path.parent, key_facts=False, psk_key_file=path),
        lambda path: vf.fetch(settings=vf.FetchSettings(key_facts=False, psk_key_file=path)),
    ],
    ids=["load", "fetch"],
)
def test_a_key_file_that_nothing_is_made_with_is_a_mistake(key_file: Path, read: Any) -> None:
    """It is not left unused in silence."""
    with pytest.raises(SettingsError, match=r"psk\.key is for fingerprints"):
        read(key_file)


def test_a_key_file_that_others_may_read_is_refused_before_anything_is_sent(
    key_file: Path,
) -> None:
    """No crawl is begun, no call made."""
    key_file.chmod(0o644)
    state = state_of()
    with serve_in_thread(state) as cloud, pytest.raises(SettingsError, match="chmod 600"):
        fetch(cloud, psk_key_file=key_file)
    assert not state.calls
