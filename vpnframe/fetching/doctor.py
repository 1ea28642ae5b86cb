"""Check with a few small calls whether a fetch can work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from vpnframe import schema
from vpnframe.cloud.actions import ACTIONS, CONNECTIONS, DOWNLOAD, STS_HOST, VPC_HOST
from vpnframe.cloud.answers import Page, decode_download, decode_page
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.permissions import needed, permission_of
from vpnframe.cloud.roles import clock_offset, decode_identity
from vpnframe.cloud.shapes import shape_of
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching.blocking import run_all, run_in_thread
from vpnframe.fetching.call_counts import estimate, seconds_until_done
from vpnframe.fetching.caller import Caller, Place, Send
from vpnframe.fetching.callers import account_crawls, open_caller
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.progress import duration
from vpnframe.fetching.settings import FetchSettings, find_provider, make_plan
from vpnframe.model.files import create_file
from vpnframe.model.records import Attachment, Coverage, Failure, Gateway, Region, Statement

Status = Literal["ok", "missing", "unknown"]
# Remedies for failures other than a refused permission, by kind of failure.
_REMEDIES: dict[str, str] = {
    **dict.fromkeys(
        ("network", "timeout"),
        "check name resolution and the firewall to *.aliyuncs.com, port 443",
    ),
    **dict.fromkeys(("throttled", "server"), "try again in a minute"),
    "unsupported": "this host does not support the call: name another with --endpoint",
}
_NO_REGION: tuple[Status, str, str] = ("unknown", "no region answers", "see the region checks")
_DEADLINE_S = 60.0  # a check should not wait long for a dead region


def doctor(
    *,
    regions: Collection[str] | None = None,
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    sample_out: str | Path | None = None,
) -> pd.DataFrame:
    """Check with a few small calls whether a fetch can work, and return when all checks are done.

    It checks the credentials, their permissions, the clock and the regions, and estimates how long
    a fetch takes. It makes two calls for the account, one per region and one per permission.

    Parameters
    ----------
    regions, endpoint, credentials
        As for :func:`fetch`.
    settings : FetchSettings, optional
        As for :func:`fetch`; ``out`` is ignored.
    sample_out : str or Path, optional
        A new folder to which the structure of each API response is written. The files contain the
        documented fields with their types, and words such as ``ikev2``, but no key, name, id,
        address or number, so that you can share them safely.

    Returns
    -------
    DataFrame
        Table ``doctor``: one row per check, with the status ``ok``, ``missing`` or ``unknown``, and
        with a remedy if the status is not ``ok``.

    Raises
    ------
    SettingsError
        If an option is wrong, or the folder cannot be used. A row reports missing credentials.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=3, regions=1))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     set(doctor(endpoint=cloud.endpoint, credentials=keys)["status"])
    {'ok'}
    """
    settings = settings or FetchSettings()
    plan = make_plan(settings, regions=regions, endpoint=endpoint)
    provider = find_provider(settings, credentials)
    samples = None if sample_out is None else _Samples(Path(sample_out))

    async def check() -> list[_AccountCheck]:
        hurried = replace(settings, deadline_s=min(settings.deadline_s, _DEADLINE_S))
        async with open_caller(hurried, provider, patience_s=0.0) as caller:
            caller.send = samples.recording(caller.send) if samples else caller.send
            crawls = account_crawls(settings, plan, caller)
            checks = [_AccountCheck(crawl.caller, crawl.plan) for crawl in crawls]
            await run_all(one.run() for one in checks)
        return checks

    rows = [
        {"account_id": one.caller.account_id, **row}
        for one in run_in_thread(check())
        for row in one.rows
    ]
    if samples is not None:
        samples.write()
    names = schema.find("doctor").names
    return schema.build("doctor", {name: [row[name] for row in rows] for name in names})


class _Samples:
    """The different structures of API responses, which a user can send to the maintainers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: defaultdict[str, dict[bytes, None]] = defaultdict(dict)
        try:
            is_used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{folder} cannot be written: {error.strerror}") from None
        if is_used:
            raise SettingsError(f"{folder} already exists: give a folder that does not exist yet")

    def recording(self, send: Send) -> Send:
        """Wrap a function that sends requests, to record the structure of each response."""

        async def recorded(request: Request) -> Response:
            response = await send(request)
            action = request.headers.get("x-acs-action", "")
            name = action if action.isascii() and action.isalnum() else "other"
            self._shapes[name].setdefault(shape_of(response))
            return response

        return recorded

    def write(self) -> None:
        """Write each recorded structure of an API response to a separate JSON file."""
        try:
            for action, shapes in sorted(self._shapes.items()):
                for number, shape in enumerate(shapes, 1):
                    more = f"-{number}" if number > 1 else ""
                    create_file(self._folder / f"{action}{more}.json", shape)
        except OSError as error:
            raise SettingsError(f"{self._folder} cannot be written: {error.strerror}") from None


@dataclass(slots=True)
class _AccountCheck:
    """Checks one account, and collects the rows of table ``doctor``."""

    caller: Caller
    plan: Plan
    rows: list[dict[str, str | None]] = field(default_factory=list)  # of table ``doctor``
    arn: str | None = None
    sizes: dict[Place, int] = field(default_factory=dict)
    samples: dict[str, tuple[Place, str]] = field(default_factory=dict)

    async def run(self) -> None:
        """Run the checks in order; stop if the credentials do not work."""
        if await self._check_credentials() and await self._check_identity():
            await run_all(self._check_region(place) for place in await self._find_places())
            self.rows.sort(key=lambda row: row["region_id"] or "")  # rows without a region first
            await self._check_permissions()
            self._estimate()

    def _note(
        self, check: str, status: Status, detail: str, remedy: str | None = None, **where: Any
    ) -> None:
        """Add a row to table ``doctor``; status ``unknown`` means that no check was possible."""
        row = {"check": check, "status": status, "detail": detail, "remedy": remedy}
        self.rows.append({"region_id": None} | row | where)

    async def _check_credentials(self) -> bool:
        try:
            credentials = await self.caller.provider.get()
        except (SettingsError, RequestError) as error:
            self._note("credentials", "missing", str(error), "use other credentials; see README.md")
            return False
        kind = "temporary" if credentials.security_token else "permanent"
        self._note("credentials", "ok", f"{credentials.access_key_id[:4]}..., {kind}")
        return True

    async def _check_identity(self) -> bool:
        def decode(answer: Response) -> tuple[str, str | None, timedelta | None]:
            return *decode_identity(answer), clock_offset(answer, self.caller.clock.utc_now())

        place = self.plan.place(STS_HOST)
        found = await self.caller.ask("GetCallerIdentity", place, {}, decode)
        if isinstance(found, Failure):
            is_refused = found.kind == "credentials"
            remedy = "use another access key" if is_refused else _remedy_of(found)
            self._note("identity", "missing" if is_refused else "unknown", found.message, remedy)
            return not is_refused
        self.caller.account_id, self.arn, offset = found
        self._note("identity", "ok", self.arn or f"account {self.caller.account_id}")
        self._note_clock(offset)
        return True

    def _note_clock(self, offset: timedelta | None) -> None:
        note = partial(self._note, "clock")
        if offset is None:
            note("unknown", "the answer has no date", "compare it with a time server")
            return
        seconds = round(offset.total_seconds())
        detail = f"the server is {abs(seconds)} s {'ahead' if seconds >= 0 else 'behind'}"
        if abs(seconds) < 15 * 60:
            note("ok", detail)
        else:
            note("missing", detail, "correct this machine's clock")

    async def _find_places(self) -> list[Place]:
        """List the regions, report the result, and return where to send each region's calls."""
        action, place = "DescribeRegions", self.plan.place(VPC_HOST)
        found = await self.caller.ask(action, place, {}, partial(decode_page, action=action))
        known: dict[str, str | None] = {}
        if isinstance(found, Failure):
            remedy = f"{_remedy_of(found)}, or name regions with --region"
            self._note("regions", "missing", found.message, remedy)
        else:
            known = {row.region_id: row.endpoint for row in found.rows if isinstance(row, Region)}
            self._note("regions", "ok", f"{len(known)} regions")
            for message in self.plan.unknown_skips(known):
                self._note("regions", "unknown", message, "correct the region id")
        return [place for _, place, _ in self.plan.places(known) if place]

    async def _check_region(self, place: Place) -> None:
        """Check whether a region responds to a list call, and store its number of connections."""
        found = await self._try(place, CONNECTIONS, {})
        note = partial(self._note, "region", region_id=place.region_id)
        if isinstance(found, Page):
            self.sizes[place] = max(found.total_count or 0, len(found.rows))
            if found.count_note is None:
                note("ok", f"the region answers, and has {self.sizes[place]} connections")
            else:
                detail = (
                    f"the region answers; TotalCount {found.count_note.message}, "
                    "which is not plausible"
                )
                note("unknown", detail, "nothing to do, but the estimate leaves out this region")
        elif not isinstance(found, Failure) or found.kind == "denied":
            self.sizes.setdefault(place, 0)
            note("ok", "the region answers, but listing its connections is denied")
        else:
            remedy = f"{_remedy_of(found)}, or leave it out with --skip-region"
            note("missing", found.message, remedy)

    async def _check_permissions(self) -> None:
        """Check each permission once, in one region that responds."""
        places = [*(place for place, _ in self.samples.values()), *self.sizes]
        for action in needed(routes=self.plan.routes):
            kind, parameter = ACTIONS[action].about
            if not places:
                self._note(permission_of(action), *_NO_REGION)
            elif kind and kind not in self.samples:
                detail, remedy = f"no {kind} exists to try it with", "check again when one exists"
                self._note(permission_of(action), "unknown", detail, remedy)
            else:
                place, thing_id = self.samples[kind] if kind else (places[0], "")
                params = {parameter: thing_id} if kind else {}
                self._note_permission(action, await self._try(place, action, params))

    async def _try(
        self, place: Place, action: str, params: Mapping[str, str]
    ) -> Page | Statement | Failure:
        """Make a call that returns at most one row, and store the row's ids for later calls."""
        decode: Callable[[Response], Page | Statement] = partial(decode_page, action=action)
        if action == DOWNLOAD:
            decode = partial(decode_download, vpn_connection_id="-")
        else:
            params = {"PageNumber": "1", "PageSize": "1", **params}
        found = await self.caller.ask(action, place, params, decode)
        for row in found.rows if isinstance(found, Page) else ():
            self.samples |= {kind: (place, thing_id) for kind, thing_id in _things_in(row)}
        return found

    def _note_permission(self, action: str, found: object) -> None:
        name = permission_of(action)
        if not isinstance(found, Failure) or found.kind == "empty":
            self._note(name, "ok", "allowed")
        elif found.kind == "denied":
            policy = "`vpnframe doctor --policy` prints a policy that allows it"
            remedy = f"allow {name} to {self.arn or 'this user'}: {policy}"
            self._note(name, "missing", found.message, remedy)
        else:
            self._note(name, "unknown", found.message, _remedy_of(found))

    def _estimate(self) -> None:
        if not self.sizes:
            self._note("estimate", *_NO_REGION)
            return
        rate_limiter, row = self.caller.lanes.rate_limiter, Coverage(status="complete")
        sizes = self.sizes.values()
        seconds = seconds_until_done(estimate(row, {DOWNLOAD: n}, rate_limiter) for n in sizes)
        share = rate_limiter.allowed(DOWNLOAD)
        self._note(
            "estimate",
            "ok",
            f"{sum(sizes)} connections: about {duration(seconds)} with {share} "
            "downloads per quota window and region; with --downloads none, a fetch takes seconds",
        )


def _things_in(row: object) -> Iterator[tuple[str, str]]:
    """Yield type and id of the resources in a list row if later calls can query them by id."""
    if isinstance(row, Statement):
        if not row.is_unattached:
            yield "connection", row.vpn_connection_id
        if row.vpn_gateway_id:
            yield "VPN gateway", row.vpn_gateway_id
        elif row.transit_router_id:
            yield "transit-router attachment", row.vpn_connection_id
    elif isinstance(row, Attachment) and row.transit_router_id:
        yield "transit-router attachment", row.vpn_connection_id
    elif isinstance(row, Gateway) and row.kind == "vpn":
        yield "VPN gateway", row.gateway_id


def _remedy_of(failure: Failure) -> str:
    """Return the remedy for a failure other than a refused permission."""
    return _REMEDIES.get(failure.kind, "see the message; its request id helps the cloud's support")
