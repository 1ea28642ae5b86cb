"""Check what a fetch needs, with the smallest calls. Used by the network half only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Literal

from vpnframe.cloud.actions import VPC_HOST
from vpnframe.cloud.answers import Page, decode_download, decode_page
from vpnframe.cloud.credentials import Provider
from vpnframe.cloud.endpoints import cloud_url
from vpnframe.cloud.messages import Response
from vpnframe.cloud.permissions import DOWNLOAD, LISTED, needed, permission_of
from vpnframe.cloud.roles import SignerIdentity, clock_offset, decode_identity
from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching.access import Access
from vpnframe.fetching.accounts import Account
from vpnframe.fetching.call_counts import Estimate, seconds_until_done
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.crawl import unknown_skip
from vpnframe.fetching.progress import duration
from vpnframe.model.records import Attachment, Failure, Gateway, Record, Region, Statement

Status = Literal["ok", "missing", "unknown"]
# The kind of thing that a call is about, and the parameter that names it.
_ABOUT_ONE = {
    "DescribeVpnRouteEntries": ("VPN gateway", "VpnGatewayId"),
    "DescribeVpnPbrRouteEntries": ("VPN gateway", "VpnGatewayId"),
    "DescribeVcoRouteEntries": ("transit-router attachment", "VpnConnectionId"),
    DOWNLOAD: ("connection", "VpnConnectionId"),
}
_MOST_CLOCK_S = 15 * 60
_POLICY = "`vpnframe doctor --policy` prints a policy that does"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    check: str  # what was checked
    status: Status  # unknown if it could not be tried
    detail: str  # what was found
    remedy: str | None = None  # what to do about it
    # account_id, region_id: where
    account_id: str | None = None
    region_id: str | None = None


async def check_accounts(access: Access, provider: Provider | None) -> list[Check]:
    """Check everything that a fetch of these accounts needs."""
    if provider is not None:
        return await _AccountCheck(access, access.caller(provider)).run()
    checks = [_of_account(access, account) for account in access.settings.accounts]
    found = await asyncio.gather(*(check.run() for check in checks))
    return [check for one in found for check in one]


def _of_account(access: Access, account: Account) -> _AccountCheck:
    caller = access.caller(access.provider_of(account), share=account.quota_share)
    caller.account_id = account.name
    skipped = {*access.plan.skip_regions, *account.skip_regions}
    return _AccountCheck(replace(access, plan=replace(access.plan, skip_regions=skipped)), caller)


@dataclass(slots=True)
class _AccountCheck:
    """The checks of one account."""

    access: Access
    caller: Caller
    checks: list[Check] = field(default_factory=list)
    arn: str | None = None
    sizes: dict[Place, int] = field(default_factory=dict)
    samples: dict[str, tuple[Place, str]] = field(default_factory=dict)

    async def run(self) -> list[Check]:
        """Run the checks in order; stop if the credentials or the identity are refused."""
        if await self._check_credentials() and await self._check_identity():
            places = await self._check_regions()
            await asyncio.gather(*(self._check_region(place) for place in places))
            self.checks.sort(key=lambda check: check.region_id or "")  # those of no region first
            await self._check_permissions(places)
            self._estimate()
        return self.checks

    def _note(self, check: str, status: Status, detail: str, remedy: str | None = None) -> None:
        self.checks.append(Check(check, status, detail, remedy, self.caller.account_id))

    async def _check_credentials(self) -> bool:
        try:
            credentials = await self.caller.provider.get()
        except (SettingsError, RequestError) as error:
            self._note("credentials", "missing", str(error), "name others; see README.md")
            return False
        kind = "temporary" if credentials.security_token else "permanent"
        self._note("credentials", "ok", f"{credentials.access_key_id[:4]}..., {kind}")
        return True

    async def _check_identity(self) -> bool:
        found = await self.caller.ask("GetCallerIdentity", self.access.sts, {}, self._identified)
        if isinstance(found, Failure):
            is_refused = found.kind == "credentials"
            remedy = "give another access key" if is_refused else _remedy_of(found)
            self._note("identity", "missing" if is_refused else "unknown", found.message, remedy)
            return not is_refused
        identity, offset = found
        self.caller.account_id, self.arn = identity.account_id, identity.arn
        self.checks = [replace(one, account_id=identity.account_id) for one in self.checks]
        self._note("identity", "ok", identity.arn or f"account {identity.account_id}")
        self._note_clock(offset)
        return True

    def _identified(self, response: Response) -> tuple[SignerIdentity, timedelta | None]:
        return decode_identity(response), clock_offset(response, self.access.clock.utc_now())

    def _note_clock(self, offset: timedelta | None) -> None:
        if offset is None:
            self._note(
                "clock", "unknown", "the answer has no date", "compare it with a time server"
            )
            return
        seconds = round(offset.total_seconds())
        detail = f"the server is {abs(seconds)} s {'ahead' if seconds >= 0 else 'behind'}"
        if abs(seconds) < _MOST_CLOCK_S:
            self._note("clock", "ok", detail)
        else:
            self._note("clock", "missing", detail, "set this machine's clock: at most 15 minutes")

    async def _check_regions(self) -> list[Place]:
        """Return the places of the regions; an unknown host is replaced by the usual one."""
        plan = self.access.plan
        place = Place(plan.endpoint or f"https://{VPC_HOST}")
        found = await self.caller.ask(
            "DescribeRegions", place, {}, partial(decode_page, action="DescribeRegions")
        )
        hosts: dict[str, str | None] = {}
        if isinstance(found, Failure):
            remedy = f"{_remedy_of(found)}, or name regions with --region"
            self._note("regions", "missing", found.message, remedy)
        else:
            hosts = {r.region_id: r.endpoint for r in found.rows if isinstance(r, Region)}
            self._note("regions", "ok", f"{len(hosts)} regions")
            for region in sorted({*plan.skip_regions} - {*hosts, *(plan.regions or ())}):
                self._note("regions", "unknown", unknown_skip(region, hosts), "correct the name")
        wanted = sorted(set(hosts if plan.regions is None else plan.regions) - {*plan.skip_regions})
        urls = {
            region: plan.endpoint
            or cloud_url(hosts.get(region))
            or cloud_url(f"vpc.{region}.aliyuncs.com")
            for region in wanted
        }
        return [Place(url, region) for region, url in urls.items() if url]

    async def _check_region(self, place: Place) -> None:
        """Read one row of its list: check whether it answers, and count its connections."""
        found = await self._page(place, LISTED)
        note = partial(
            Check, "region", account_id=self.caller.account_id, region_id=place.region_id
        )
        if isinstance(found, Page):
            self.sizes[place] = max(found.total_count or 0, len(found.rows))
            self._sample(place, found)
            if found.count_note is None:
                self.checks.append(note("ok", f"answers; {self.sizes[place]} connections"))
            else:
                detail = f"answers; TotalCount {found.count_note.message}: it makes no sense"
                self.checks.append(note("unknown", detail, "the estimate leaves the region out"))
        elif found.kind == "denied":
            self.sizes.setdefault(place, 0)
            self.checks.append(note("ok", "answers; its list is denied"))
        else:
            remedy = f"{_remedy_of(found)}, or leave it out with --skip-region"
            self.checks.append(note("missing", found.message, remedy))

    async def _page(self, place: Place, action: str, **params: str) -> Page | Failure:
        params = {"PageNumber": "1", "PageSize": "1", **params}
        return await self.caller.ask(action, place, params, partial(decode_page, action=action))

    def _sample(self, place: Place, page: Page) -> None:
        """Store ids with which calls about a single thing can be tried."""
        for row in page.rows:
            for parameter, thing_id in _things_in(row):
                self.samples[parameter] = (place, thing_id)

    async def _check_permissions(self, places: list[Place]) -> None:
        """Check each permission once, in one region that answers."""
        known = [place for place, _ in self.samples.values()]
        place = next(iter([*known, *self.sizes]), None)
        for action in needed(routes=self.access.settings.routes):
            if place is None:
                self._note(permission_of(action), "unknown", "no region answers", "see the regions")
            elif action in _ABOUT_ONE:
                await self._try_with_sample(action, *_ABOUT_ONE[action])
            else:
                found = await self._page(place, action)
                if isinstance(found, Page):
                    self._sample(place, found)
                self._note_permission(action, found)

    async def _try_with_sample(self, action: str, kind: str, parameter: str) -> None:
        """Try a call about a single thing; it is unknown if there is no such thing."""
        if kind not in self.samples:
            detail, remedy = f"there is no {kind} to try it with", "nothing, until there is one"
            self._note(permission_of(action), "unknown", detail, remedy)
            return
        place, thing_id = self.samples[kind]
        found = await self._ask_about(place, action, {parameter: thing_id})
        self._note_permission(action, found)

    async def _ask_about(self, place: Place, action: str, params: dict[str, str]) -> object:
        if action == DOWNLOAD:
            decode = partial(decode_download, vpn_connection_id="-")
            return await self.caller.ask(action, place, params, decode)
        return await self._page(place, action, **params)

    def _note_permission(self, action: str, found: object) -> None:
        if not isinstance(found, Failure) or found.kind == "empty":
            self._note(permission_of(action), "ok", "allowed")
        elif found.kind == "denied":
            remedy = f"allow {permission_of(action)} to {self.arn or 'this user'}: {_POLICY}"
            self._note(permission_of(action), "missing", found.message, remedy)
        else:
            self._note(permission_of(action), "unknown", found.message, _remedy_of(found))

    def _estimate(self) -> None:
        if not self.sizes:
            self._note("estimate", "unknown", "no region answers", "see the regions")
            return
        seconds = seconds_until_done(self._estimates())
        share = self.caller.lanes.rate_limiter.allowed(DOWNLOAD)
        self._note(
            "estimate",
            "ok",
            f"{sum(self.sizes.values())} connections: about {duration(seconds)} with {share} "
            "downloads a window and region; --downloads none takes seconds",
        )

    def _estimates(self) -> Iterator[Estimate]:
        rate_limiter = self.caller.lanes.rate_limiter
        for place, n in self.sizes.items():
            yield Estimate(
                self.caller.account_id,
                place.region_id,
                "complete",
                n,
                n,
                {},
                allowed=rate_limiter.allowed(DOWNLOAD),
                window_s=rate_limiter.limits[DOWNLOAD].per_s,
            )


def _things_in(row: Record) -> Iterator[tuple[str, str]]:
    """Yield kind and id of things in a row with which other calls can be tried."""
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
    """Return a remedy for a failure that is not a refused permission."""
    if failure.kind in ("network", "timeout"):
        return "check name resolution and the firewall to *.aliyuncs.com, port 443"
    if failure.kind in ("throttled", "server"):
        return "try again in a minute"
    if failure.kind == "unsupported":
        return "ask another host with --endpoint: this one has no such call"
    return "see the message; its request id helps the cloud's support"
