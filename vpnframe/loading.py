"""Saved answers to an inventory, without a network."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from vpnframe import frames
from vpnframe.cloud import retries
from vpnframe.cloud.answers import action_of, decode_download, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.redaction import has_keys
from vpnframe.crawl.hints import connection_words, gateway_words
from vpnframe.crawl.notes import (
    gateway_failures,
    note_failure,
    route_failures,
    statement_failures,
    vpc_failures,
)
from vpnframe.crawl.routes import Weights, route_order
from vpnframe.crawl.saved_routes import ROUTE_LISTS, SavedLists
from vpnframe.crawl.witnesses import join_statements, own_gateways, with_attachments
from vpnframe.errors import RequestError, ResponseError, SettingsError, StatusError
from vpnframe.files import read_file, read_stdin
from vpnframe.inventory import Inventory
from vpnframe.psk import KeyJudge, new_fingerprint_key, own_fingerprint_key
from vpnframe.records import (
    Attachment,
    Connection,
    Coverage,
    Failure,
    Gateway,
    Record,
    Records,
    RouteEntry,
    Statement,
    Vpc,
)
from vpnframe.saved import (
    MAX_FILE_BYTES,
    REGION,
    find_files,
    is_open_to_others,
    split_answers,
)

log = logging.getLogger("vpnframe")
R = TypeVar("R", bound=Record)

_DOWNLOAD = "DownloadVpnConnectionConfig"
_CONNECTIONS = "DescribeVpnConnections"
# In the order of decoding: what is known of whose key it is comes before the keys.
_READABLE = (
    "DescribeVpnGateways",
    "DescribeCustomerGateways",
    "DescribeVpnAttachments",
    "DescribeVpcs",
    "DescribeVpnRouteEntries",
    "DescribeVpnPbrRouteEntries",
    "DescribeVcoRouteEntries",
    _CONNECTIONS,
    _DOWNLOAD,
)


@dataclass(frozen=True, slots=True, repr=False)
class _Saved:
    """One answer, and where it lay."""

    name: str
    stem: str
    region_id: str | None
    response: Response
    at_ms: int | None = None


@dataclass(slots=True)
class _Known:
    """What all files say together, by id."""

    downloads: dict[str, Statement] = field(default_factory=dict)
    listed: dict[str, Statement] = field(default_factory=dict)
    attached: dict[str, Attachment] = field(default_factory=dict)
    gateways: dict[str, Gateway] = field(default_factory=dict)
    vpcs: dict[str, Vpc] = field(default_factory=dict)
    routes: dict[str, RouteEntry] = field(default_factory=dict)
    route_lists: SavedLists = field(default_factory=SavedLists)
    regions: dict[str, str] = field(default_factory=dict)
    totals: Counter[str | None] = field(default_factory=Counter)
    lost: dict[str, str | None] = field(default_factory=dict)
    places: set[str | None] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    unguarded: list[str] = field(default_factory=list)
    judge: KeyJudge | None = None


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    key_facts: bool = True,
    psk_key_file: str | Path | None = None,
) -> Inventory:
    """Load saved answers of the cloud, JSON or XML.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, glob patterns, folders (every ``.json`` and ``.xml`` below), or ``-`` for standard
        input. Answers of DownloadVpnConnectionConfig and of the list calls are read; a download's
        connection id is its file's stem, the region its folder's name where that is a region.
    key_facts : bool, default True
        Whether to find out what the keys are worth; they themselves are never kept.
    psk_key_file : str or Path, optional
        Makes fingerprints of keys comparable, see
        :func:`vpnframe.psk.facts.read_fingerprint_key`; otherwise they are within this inventory.

    Returns
    -------
    Inventory
        What could be read; ``failures`` has a row for every file that could not. Files with keys
        that others may read are named in a warning to the log. The routes into a connection are
        known (``has_known_routes``) where every list that could name one is there up to its
        TotalCount: of its VPN gateway by destination and by policy, and by BGP where BGP is on;
        of a connection on a transit router its own. An answer without routes does not say whose
        it is: it counts for the id in its file's name, else only where a region has as many of
        them as lists are missing.

    Raises
    ------
    SettingsError
        No file is there, or the key file cannot be used or is named beside ``key_facts=False``.
    ResponseError
        Not one of the files could be read.

    Examples
    --------
    >>> import tempfile
    >>> body = '{"VpnConnectionConfig": {"LocalSubnet": "192.168.0.0/24"}}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "vco-1.json").write_text(body)
    ...     load(f"{folder}/*.json").connections["onprem_subnets"].tolist()
    [['192.168.0.0/24']]
    """
    key = own_fingerprint_key(psk_key_file, is_wanted=key_facts) or new_fingerprint_key()
    known = _Known(judge=KeyJudge(key, is_saved=True) if key_facts else None)
    files = list(find_files([paths] if isinstance(paths, str | Path) else paths))
    if not files:
        raise SettingsError("no file is named")
    answers = _by_action((saved for path in files for saved in _read(path, known)), known)
    for action in _READABLE:
        _learn_words(action, known)
        for saved in answers[action]:
            _take(saved, known, action)
    _warn_of_unguarded(known)
    if not known.places:
        first = known.failures[0].message
        raise ResponseError(f"none of {len(files)} files could be read: {first}")
    return Inventory(**frames.make_tables(_records(known)))


def _read(path: Path, known: _Known) -> Iterator[_Saved]:
    """The answers in a file: one, or one per line."""
    is_stdin = str(path) == "-"
    folder = path.absolute().parent.name
    region = folder if not is_stdin and REGION.fullmatch(folder) else None
    name, stem = ("standard input", "stdin") if is_stdin else (str(path), path.stem)
    try:
        limit = MAX_FILE_BYTES
        body = read_stdin(limit=limit) if is_stdin else read_file(path, limit=limit)
        at_ms = None if is_stdin else int(path.stat().st_mtime * 1000)
        if not is_stdin and is_open_to_others(path) and has_keys(body):
            known.unguarded.append(name)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        known.failures.append(Failure(kind="file", message=message, region_id=region))
        known.lost[stem] = region
        return
    bodies = split_answers(body)
    for number, one in enumerate(bodies, 1):
        suffix = f"-{number}" if len(bodies) > 1 else ""
        yield _Saved(name + suffix, stem + suffix, region, Response(200, {}, one), at_ms)


def _warn_of_unguarded(known: _Known) -> None:
    """Name the files whose keys others can read, and what to do."""
    names = known.unguarded
    if names:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        log.warning(
            "%s%s: pre-shared keys stand there, and others than you may read them: chmod 600, or "
            "keep what `vpnframe redact` makes of them instead",
            ", ".join(names[:3]),
            more,
        )


def _by_action(answers: Iterable[_Saved], known: _Known) -> dict[str, list[_Saved]]:
    """Sort answers by their call; one of another call, or of none, is a failure."""
    found: dict[str, list[_Saved]] = {action: [] for action in _READABLE}
    for saved in answers:
        try:
            action = action_of(saved.response)
        except RequestError as error:
            _lose(saved, known, error)
            continue
        if action in found:
            found[action].append(saved)
        else:
            known.failures.append(_refused(saved, action))
    return found


def _learn_words(action: str, known: _Known) -> None:
    """What the keys in the answers of a call may be made of is known before they are decoded."""
    if known.judge is not None and action == _CONNECTIONS:
        known.judge = replace(known.judge, words=gateway_words(known.gateways.values()))
    if known.judge is not None and action == _DOWNLOAD:
        rows = with_attachments(known.listed, known.attached)
        words = {key: connection_words(row, known.judge.words) for key, row in rows.items()}
        known.judge = replace(known.judge, words=words)


def _take(saved: _Saved, known: _Known, action: str) -> None:
    """Add one answer to what is known, or a failure that names the file."""
    try:
        if action == _DOWNLOAD:
            _take_download(saved, known)
        else:
            _take_page(saved, known, action)
    except RequestError as error:
        _lose(saved, known, error)


def _lose(saved: _Saved, known: _Known, error: RequestError) -> None:
    known.lost[saved.stem] = saved.region_id
    known.failures.append(
        Failure(
            kind=retries.classify(error).kind,
            message=f"{saved.name}: {error}",
            region_id=saved.region_id,
            vpn_connection_id=saved.stem if saved.stem.startswith("vco-") else None,
            code=error.code if isinstance(error, StatusError) else None,
            request_id=error.request_id if isinstance(error, StatusError) else None,
            at_ms=saved.at_ms,
        )
    )


def _refused(saved: _Saved, action: str | None) -> Failure:
    what = f"is an answer of {action}" if action else "is no answer we know"
    return Failure(
        kind="file",
        message=f"{saved.name} {what}; load reads {', '.join(_READABLE)}",
        region_id=saved.region_id,
        action=action,
        at_ms=saved.at_ms,
    )


def _take_download(saved: _Saved, known: _Known) -> None:
    statement = decode_download(saved.response, vpn_connection_id=saved.stem, judge=known.judge)
    statement = msgspec.structs.replace(statement, fetched_ms=saved.at_ms)
    known.places.add(saved.region_id)
    _keep(saved, known, known.downloads, {saved.stem: statement})


def _take_page(saved: _Saved, known: _Known, action: str) -> None:
    page = decode_page(saved.response, action=action, judge=known.judge)
    stamp = {"fetched_ms": saved.at_ms, "request_id": page.request_id}
    rows = page.rows
    known.places.add(saved.region_id)
    listed = {
        row.vpn_connection_id: msgspec.structs.replace(row, **stamp)
        for row in rows
        if isinstance(row, Statement)
    }
    _keep(saved, known, known.listed, listed)
    attached = {row.vpn_connection_id: row for row in rows if isinstance(row, Attachment)}
    _keep(saved, known, known.attached, attached)
    gateways = {row.gateway_id: row for row in rows if isinstance(row, Gateway)}
    _keep(saved, known, known.gateways, gateways)
    _keep(saved, known, known.vpcs, {row.vpc_id: row for row in rows if isinstance(row, Vpc)})
    routes = {
        _route_key(row): msgspec.structs.replace(row, fetched_ms=saved.at_ms)
        for row in rows
        if isinstance(row, RouteEntry)
    }
    if action in ROUTE_LISTS:
        total, at = page.total_count, saved.region_id
        known.route_lists.add(action, routes.values(), total=total, name=saved.stem, region_id=at)
    _keep(saved, known, known.routes, routes)
    for note in page.notes:
        failure = note_failure(note, action=action, at_ms=saved.at_ms)
        known.failures.append(
            msgspec.structs.replace(
                failure,
                message=f"{saved.name}: {failure.message}",
                region_id=saved.region_id,
                request_id=page.request_id,
            )
        )
    if action == _CONNECTIONS:
        total = page.total_count or 0
        known.totals[saved.region_id] = max(known.totals[saved.region_id], total)


def _route_key(route: RouteEntry) -> str:
    """A route has no id: where it stands, and all that it says."""
    return f"{route.vpn_gateway_id or route.vpn_connection_id or ''} {route.entry_id}"


def _keep(saved: _Saved, known: _Known, kept: dict[str, R], rows: dict[str, R]) -> None:
    """Keep the first answer about an id; say so of every other."""
    for key, row in rows.items():
        if key in kept:
            known.failures.append(
                Failure(
                    kind="file",
                    message=f"{saved.name} names {key} again; the first answer is kept",
                    region_id=saved.region_id,
                    at_ms=saved.at_ms,
                )
            )
            continue
        kept[key] = row
        if saved.region_id:
            known.regions.setdefault(key, saved.region_id)


def _records(known: _Known) -> Records:
    statements = with_attachments(known.listed, known.attached)
    weights = Weights()
    for route in known.routes.values():
        weights.add(route)
    weighed = weights.find_weighed()
    connections, disagreements = [], []
    failures = list(known.failures)
    # By region, as a crawl has them, and an inventory on disk.
    keys = statements.keys() | known.downloads.keys()
    for key in sorted(keys, key=lambda key: (known.regions.get(key) or "", key)):
        download, listed = known.downloads.get(key), statements.get(key)
        region_id = known.regions.get(key)
        own = own_gateways(listed, known.gateways)
        connection, differing = join_statements(download, listed, gateways=own)
        leading = msgspec.structs.replace(connection, has_weighed_routes=key in weighed)
        connections.append(_in_region(leading, region_id))
        disagreements += [_in_region(one, region_id) for one in differing]
        for statement in filter(None, (download, listed)):
            failures += [_in_region(f, region_id) for f in statement_failures(statement)]
    gateways = [_in_region(g, known.regions.get(i)) for i, g in known.gateways.items()]
    connections = known.route_lists.mark_known(connections, statements, gateways)
    for key, gateway in known.gateways.items():
        failures += [_in_region(f, known.regions.get(key)) for f in gateway_failures(gateway)]
    network = _network(known, keys)
    return Records(
        connections=tuple(connections),
        gateways=tuple(sorted(gateways, key=lambda g: (g.region_id or "", g.gateway_id))),
        routes=network.routes,
        vpcs=network.vpcs,
        failures=(*failures, *network.failures),
        coverage=tuple(_coverage(known, connections)),
        disagreements=tuple(disagreements),
    )


def _network(known: _Known, there: Set[str]) -> Records:
    """The VPCs and the routes; a route stands where its connection does, if that is known."""
    routes = [
        _in_region(route, known.regions.get(route.vpn_connection_id or ""))
        if route.vpn_connection_id in there
        else _in_region(route, known.regions.get(key))
        for key, route in known.routes.items()
    ]
    routes.sort(key=lambda route: _order(route, there))
    vpcs = [_in_region(vpc, known.regions.get(key)) for key, vpc in sorted(known.vpcs.items())]
    failures = [_in_region(f, one.region_id) for one in routes for f in route_failures(one)]
    failures += [_in_region(f, one.region_id) for one in vpcs for f in vpc_failures(one)]
    return Records(routes=tuple(routes), vpcs=tuple(vpcs), failures=tuple(failures))


def _order(route: RouteEntry, there: Set[str]) -> tuple[str, str, str, str]:
    """As a crawl has them: those that lead nowhere first, then by connection."""
    connection_id = route.vpn_connection_id if route.vpn_connection_id in there else ""
    return (route.region_id or "", connection_id or "", *route_order(route))


def _in_region(record: R, region_id: str | None) -> R:
    return msgspec.structs.replace(record, region_id=region_id)


def _coverage(known: _Known, connections: list[Connection]) -> Iterator[Coverage]:
    """A row per region that a file is of; a file that could not be read counts as expected."""
    there = {connection.vpn_connection_id: connection.region_id for connection in connections}
    n_there = Counter((there | known.lost).values())
    n_read = Counter(region_id for key, region_id in there.items() if key not in known.lost)
    for region_id in sorted(n_there.keys() | known.places, key=lambda region: region or ""):
        read, total = n_read[region_id], known.totals[region_id]
        expected = max(n_there[region_id], total)
        yield Coverage(
            status="complete" if read == expected else "partial",
            region_id=region_id,
            n_expected=expected,
            n_read=read,
            n_failed=expected - read,
            is_stable=total <= n_there[region_id],
        )
