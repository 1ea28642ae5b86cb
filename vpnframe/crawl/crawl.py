"""A crawl: the account, its regions beside each other, their lists, a download per connection.

Whatever cannot be read becomes a failure and a coverage row; nothing ends the run for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from vpnframe.cloud.actions import STS_HOST, VPC_HOST
from vpnframe.cloud.answers import decode_account_id
from vpnframe.cloud.endpoints import cloud_url
from vpnframe.crawl.caller import Caller, Place
from vpnframe.crawl.events import Listener, RegionsFound, ignore
from vpnframe.crawl.listing import Listing, fetch_listing
from vpnframe.crawl.notes import note_failure
from vpnframe.crawl.regions import crawl_region, status_of_nothing
from vpnframe.records import Coverage, Failure, Records, Region

Downloads = Literal["all", "none"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl is to read.

    Parameters
    ----------
    regions : collection of str or None
        Region ids; None for all that the account has.
    downloads : {"all", "none"}
        Whether to download every connection's configuration, or to trust the list rows.
    endpoint : str or None
        One URL for every call, instead of the cloud's own hosts.
    on_event : callable
        Told what happens.
    """

    regions: Collection[str] | None = None
    downloads: Downloads = "all"
    endpoint: str | None = None
    on_event: Listener = field(default=ignore)


async def crawl_account(caller: Caller, plan: Plan) -> Records:
    """Crawl one account.

    Parameters
    ----------
    caller : Caller
        Of the account; its ``account_id`` is filled in here.
    plan : Plan
        What to read.

    Returns
    -------
    Records
        With a coverage row per region, or one for the account when its regions cannot be listed.
    """
    failures: list[Failure] = []
    identity = await _identify(caller, plan)
    if isinstance(identity, Failure):
        failures.append(identity)
    else:
        caller.account_id = identity
    if failures and failures[0].kind == "credentials":
        return _nothing(failures[0])
    listing = await fetch_listing(caller, "DescribeRegions", _place(plan, VPC_HOST))
    if listing.failure is not None:
        failures.append(listing.failure)
        if plan.regions is None:
            return _nothing(*failures)
    now_ms = int(caller.clock.utc_now().timestamp() * 1000)
    failures += [note_failure(n, action="DescribeRegions", at_ms=now_ms) for n in listing.notes]
    found = _find_places(plan, listing)
    failures += [
        msgspec.structs.replace(failure, account_id=caller.account_id, at_ms=now_ms)
        for failure in found.failures
    ]
    refused = tuple(
        Coverage(account_id=caller.account_id, region_id=region_id, status="unreachable")
        for region_id in found.refused
    )
    plan.on_event(RegionsFound(caller.account_id, len(found.places)))
    parts = await _gather(caller, plan, found.places)
    return merge_records([Records(failures=tuple(failures), coverage=refused), *parts])


def merge_records(parts: Iterable[Records]) -> Records:
    """Join records of several regions or accounts, in their order.

    Parameters
    ----------
    parts : iterable of Records
        Nothing in them is compared or dropped.

    Returns
    -------
    Records
        All of them.

    Examples
    --------
    >>> one = Records(coverage=(Coverage(status="complete"),))
    >>> [row.status for row in merge_records([one, Records(), one]).coverage]
    ['complete', 'complete']
    """
    parts = list(parts)
    return Records(
        connections=tuple(c for part in parts for c in part.connections),
        gateways=tuple(g for part in parts for g in part.gateways),
        failures=tuple(f for part in parts for f in part.failures),
        coverage=tuple(c for part in parts for c in part.coverage),
        disagreements=tuple(d for part in parts for d in part.disagreements),
    )


async def _identify(caller: Caller, plan: Plan) -> str | Failure:
    return await caller.ask("GetCallerIdentity", _place(plan, STS_HOST), {}, decode_account_id)


def _place(plan: Plan, host: str) -> Place:
    return Place(plan.endpoint or f"https://{host}")


@dataclass(slots=True)
class _Found:
    """Where the regions are, and which of them cannot be asked at all."""

    places: list[Place] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def _find_places(plan: Plan, listing: Listing) -> _Found:
    """One place per region: where DescribeRegions says, if that is a host of the cloud."""
    known = {r.region_id: r.endpoint for r in listing.rows.values() if isinstance(r, Region)}
    found = _Found()
    for region_id in sorted(known if plan.regions is None else set(plan.regions)):
        told, usual = known.get(region_id), f"vpc.{region_id}.aliyuncs.com"
        url = plan.endpoint or cloud_url(told) or cloud_url(usual)
        if url is None:
            found.refused.append(region_id)
            found.failures.append(_place_failure(region_id, "is no region id"))
            continue
        found.places.append(Place(url, region_id, is_listed=region_id in known))
        if told is not None and cloud_url(told) is None and not plan.endpoint:
            what = f"has {told!r} as its endpoint, no host of the cloud: {usual} is asked instead"
            found.failures.append(_place_failure(region_id, what))
    return found


def _place_failure(region_id: str, what: str) -> Failure:
    return Failure(
        kind="parameter",
        message=f"{region_id!r} {what}",
        region_id=region_id,
        action="DescribeRegions",
    )


async def _gather(caller: Caller, plan: Plan, places: list[Place]) -> list[Records]:
    """All regions beside each other: their quotas are their own."""
    with_downloads = plan.downloads == "all"
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                crawl_region(caller, place, downloads=with_downloads, on_event=plan.on_event)
            )
            for place in places
        ]
    return [task.result() for task in tasks]


def _nothing(*failures: Failure) -> Records:
    """An account of which nothing could be read."""
    row = Coverage(account_id=failures[-1].account_id, status=status_of_nothing(failures[-1]))
    return Records(failures=failures, coverage=(row,))
