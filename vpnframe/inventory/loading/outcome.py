"""Join the records of saved API responses into connections, and compute the coverage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import Any, TypeVar

import msgspec

from vpnframe.cloud.actions import CONNECTIONS, RECORD_TABLES, REGION_LISTS
from vpnframe.cloud.notes import record_failures
from vpnframe.inventory.loading.gathered import Gathered
from vpnframe.model.named_gateways import GATEWAY_LISTS, NamedGateways
from vpnframe.model.records import (
    Connection,
    Coverage,
    Failure,
    Record,
    Records,
    RouteEntry,
    Statement,
)
from vpnframe.model.routes import Weights, route_order
from vpnframe.model.sources import join_statements, own_gateways, with_attachments

R = TypeVar("R", bound=Record)


def records_of(known: Gathered) -> Records:
    """Return the records of a fleet, joined from the records of all saved responses."""
    statements = with_attachments(known.rows["connections"], known.rows["attachments"])
    weights = Weights()
    for route in known.rows["routes"].values():
        weights.add(route)
    weighed = weights.find_weighed()
    connections, disagreements = [], []
    failures = [*_told_by_lists(known, statements), *_gaps(known, statements)]
    # By region, as in a fetch and in an inventory on disk.
    keys = statements.keys() | known.downloads.keys()
    for key in sorted(keys, key=lambda key: (known.regions.get(key) or "", key)):
        download, listed = known.downloads.get(key), statements.get(key)
        region_id = known.regions.get(key)
        own = own_gateways(listed, known.rows["gateways"])
        connection, differing = join_statements(download, listed, gateways=own)
        leading = msgspec.structs.replace(connection, has_weighed_routes=key in weighed)
        connections.append(_in_region(leading, region_id))
        disagreements += [_in_region(one, region_id) for one in differing]
        both = filter(None, (download, listed))
        failures += [_in_region(f, region_id) for f in record_failures(*both)]
    tables: dict[str, tuple[Any, ...]] = {"routes": _routes(known, keys)}
    for name in RECORD_TABLES:
        rows = sorted(known.rows[name].items())
        here = [_in_region(row, known.regions.get(key)) for key, row in rows]
        tables[name] = tuple(sorted(here, key=lambda row: row.region_id or ""))
    failures += [
        _in_region(failure, row.region_id)
        for rows in tables.values()
        for row in rows
        for failure in record_failures(row)
    ]
    marked = known.route_answers.mark_known(connections, statements, tables["gateways"])
    return Records(
        connections=tuple(marked),
        failures=tuple(failures),
        coverage=tuple(_coverage(known, marked, statements)),
        disagreements=tuple(disagreements),
        **tables,
    )


def _routes(known: Gathered, there: Set[str]) -> tuple[RouteEntry, ...]:
    """Return the routes; each one gets the region of its connection, if that is known."""
    routes = [
        _in_region(route, known.regions.get(route.vpn_connection_id or ""))
        if route.vpn_connection_id in there
        else _in_region(route, known.regions.get(key))
        for key, route in known.rows["routes"].items()
    ]
    # As in a fetch: routes to no connection first, then by connection.
    routes.sort(
        key=lambda route: (
            route.region_id or "",
            (route.vpn_connection_id or "") if route.vpn_connection_id in there else "",
            *route_order(route),
        )
    )
    return tuple(routes)


def _in_region(record: R, region_id: str | None) -> R:
    return msgspec.structs.replace(record, region_id=region_id)


def _told_by_lists(known: Gathered, statements: Mapping[str, Statement]) -> Iterator[Failure]:
    """Yield all failures; ``gone`` becomes ``unavailable`` if a saved list has the connection."""
    for failure in known.failures:
        if failure.kind == "gone" and failure.vpn_connection_id in statements:
            message = f"{failure.message}; a saved list contains it"
            yield msgspec.structs.replace(failure, kind="unavailable", message=message)
        else:
            yield failure


def _gaps(known: Gathered, statements: Mapping[str, Statement]) -> Iterator[Failure]:
    """Yield a failure for each incomplete list and each gateway missing from its list.

    A gateway is missing if connections refer to it, but a complete list does not contain it. The
    regions are added to ``known.gaps``.
    """
    named: defaultdict[str | None, NamedGateways] = defaultdict(NamedGateways)
    for key, statement in statements.items():
        named[known.regions.get(key)].add(statement)
    own_lists = {action.name for action in REGION_LISTS} - {CONNECTIONS}
    for (action, region_id), listed in known.lists.items():
        is_short = action in own_lists and listed.n_rows < listed.total
        if is_short or listed.has_odd_count:
            known.gaps.add(region_id)
        if is_short:
            message = (
                f"the list has {listed.total} rows, but {listed.n_rows} were saved: save all pages"
            )
            yield Failure(kind="malformed", message=message, action=action, region_id=region_id)
        if action in GATEWAY_LISTS and listed.is_whole:
            for failure in named[region_id].unlisted(action, known.rows["gateways"].keys()):
                known.gaps.add(region_id)
                yield _in_region(failure, region_id)


def _coverage(
    known: Gathered, connections: list[Connection], statements: Mapping[str, Statement]
) -> Iterator[Coverage]:
    """Yield the coverage row of each region; an unreadable file counts as one failed connection."""
    there = {connection.vpn_connection_id: connection.region_id for connection in connections}
    loose = {key for key in there if key in statements and statements[key].is_unattached}
    n_there = Counter((there | known.lost).values())
    n_loose = Counter(there[key] for key in loose)
    n_read = Counter(there[key] for key in there.keys() - known.lost.keys() - loose)
    for region_id in sorted(n_there.keys() | known.places, key=lambda region: region or ""):
        read, listed = n_read[region_id], known.lists[CONNECTIONS, region_id]
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
