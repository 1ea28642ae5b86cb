"""Saved answers to an inventory, without a network."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from vpnframe import frames
from vpnframe.cloud import retries
from vpnframe.cloud.actions import ACTIONS
from vpnframe.cloud.answers import action_of, decode_download, decode_page
from vpnframe.cloud.messages import Response
from vpnframe.cloud.redaction import has_keys
from vpnframe.crawl.gaps import GATEWAY_LISTS, NamedGateways
from vpnframe.crawl.hints import connection_words, gateway_words
from vpnframe.crawl.notes import (
    gateway_failures,
    note_failure,
    odd_count,
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
from vpnframe.permissions import naming_permission
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
# Of which the region has one each; routes have one for each gateway.
_OF_REGION = (
    "DescribeVpnGateways",
    "DescribeCustomerGateways",
    "DescribeVpnAttachments",
    "DescribeVpcs",
)
# In the order of decoding: what is known of whose key it is comes before the keys.
_READABLE = (
    *_OF_REGION,
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
class _List:
    """What the saved pages of one list of one region say together."""

    total: int = 0
    ids: set[str] = field(default_factory=set)
    n_unreadable: int = 0
    has_odd_count: bool = False

    @property
    def n_rows(self) -> int:
        return len(self.ids) + self.n_unreadable

    @property
    def is_whole(self) -> bool:
        return self.n_rows >= self.total and not self.has_odd_count


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
    lists: defaultdict[tuple[str, str | None], _List] = field(
        default_factory=lambda: defaultdict(_List)
    )
    gaps: set[str | None] = field(default_factory=set)
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
    kind, message = retries.classify(error).kind, f"{saved.name}: {error}"
    action = _action_in_name(saved.stem) if kind == "denied" else None
    known.failures.append(
        Failure(
            kind=kind,
            message=naming_permission(message, action) if action else message,
            region_id=saved.region_id,
            vpn_connection_id=saved.stem if saved.stem.startswith("vco-") else None,
            code=error.code if isinstance(error, StatusError) else None,
            request_id=error.request_id if isinstance(error, StatusError) else None,
            at_ms=saved.at_ms,
        )
    )


def _action_in_name(stem: str) -> str | None:
    """The call whose refusal a file holds: the body does not say it."""
    if stem.startswith("vco-"):
        return _DOWNLOAD
    return next((action for action in ACTIONS if stem.startswith(action)), None)


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
    vpcs = {row.vpc_id: row for row in rows if isinstance(row, Vpc)}
    _keep(saved, known, known.vpcs, vpcs)
    routes = {
        _route_key(row): msgspec.structs.replace(row, fetched_ms=saved.at_ms)
        for row in rows
        if isinstance(row, RouteEntry)
    }
    if action in ROUTE_LISTS:
        total, at = page.total_count, saved.region_id
        known.route_lists.add(action, routes.values(), total=total, name=saved.stem, region_id=at)
    _keep(saved, known, known.routes, routes)
    count_note = None if page.count_note is None else odd_count(page.count_note)
    for note in (*page.notes, *filter(None, [count_note])):
        failure = note_failure(note, action=action, at_ms=saved.at_ms)
        known.failures.append(
            msgspec.structs.replace(
                failure,
                message=f"{saved.name}: {failure.message}",
                region_id=saved.region_id,
                request_id=page.request_id,
            )
        )
    here = known.lists[action, saved.region_id]
    here.total = max(here.total, page.total_count or 0)
    here.ids |= listed.keys() | attached.keys() | gateways.keys() | vpcs.keys()
    here.n_unreadable += len(page.notes)
    here.has_odd_count |= page.count_note is not None


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
    failures = [*_told_by_lists(known, statements), *_gaps(known, statements)]
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
        coverage=tuple(_coverage(known, connections, statements)),
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


def _told_by_lists(known: _Known, statements: Mapping[str, Statement]) -> Iterator[Failure]:
    """The failures so far; what a saved list shows did not go away."""
    for failure in known.failures:
        if failure.kind == "gone" and failure.vpn_connection_id in statements:
            message = f"{failure.message}; a saved list shows it"
            yield msgspec.structs.replace(failure, kind="unavailable", message=message)
        else:
            yield failure


def _gaps(known: _Known, statements: Mapping[str, Statement]) -> Iterator[Failure]:
    """What the saved lists lack, by their own counts and by what connections name."""
    named: defaultdict[str | None, NamedGateways] = defaultdict(NamedGateways)
    for key, statement in statements.items():
        named[known.regions.get(key)].add(statement)
    for (action, region_id), listed in known.lists.items():
        is_short = action in _OF_REGION and listed.n_rows < listed.total
        if is_short or listed.has_odd_count:
            known.gaps.add(region_id)
        if is_short:
            message = f"{listed.total} rows are counted, {listed.n_rows} were saved"
            yield Failure(kind="malformed", message=message, action=action, region_id=region_id)
        if action in GATEWAY_LISTS and listed.is_whole:
            for failure in named[region_id].unlisted(action, known.gateways.keys()):
                known.gaps.add(region_id)
                yield _in_region(failure, region_id)


def _coverage(
    known: _Known, connections: list[Connection], statements: Mapping[str, Statement]
) -> Iterator[Coverage]:
    """A row per region that a file is of; a file that could not be read counts as expected."""
    there = {connection.vpn_connection_id: connection.region_id for connection in connections}
    loose = {key for key in there if key in statements and statements[key].is_unattached}
    n_there = Counter((there | known.lost).values())
    n_loose = Counter(there[key] for key in loose)
    n_read = Counter(there[key] for key in there.keys() - known.lost.keys() - loose)
    for region_id in sorted(n_there.keys() | known.places, key=lambda region: region or ""):
        read, listed = n_read[region_id], known.lists[_CONNECTIONS, region_id]
        expected = max(n_there[region_id], listed.total) - n_loose[region_id]
        is_whole = read == expected and region_id not in known.gaps
        yield Coverage(
            status="complete" if is_whole else "partial",
            region_id=region_id,
            n_expected=expected,
            n_read=read,
            n_failed=expected - read,
            n_unattached=n_loose[region_id],
            is_stable=listed.total <= n_there[region_id] and not listed.has_odd_count,
        )
