"""Shared state of all calls of one run. Used by the network half only."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vpnframe.cloud.actions import STS_HOST
from vpnframe.cloud.credentials import DefaultChain, Provider
from vpnframe.cloud.messages import Request, Response
from vpnframe.cloud.rate_limits import Clock, RateLimiter, WaitingLanes
from vpnframe.cloud.roles import AssumedRole
from vpnframe.cloud.transport import Transport
from vpnframe.fetching.accounts import Account
from vpnframe.fetching.caller import Caller, Place
from vpnframe.fetching.checkpoint import Checkpoint
from vpnframe.fetching.crawl import Plan
from vpnframe.fetching.ending import Ending
from vpnframe.fetching.outages import PATIENCE_S
from vpnframe.fetching.settings import FetchSettings
from vpnframe.model.psk import FingerprintKey


@dataclass(frozen=True, slots=True)
class Access:
    """Shared state of all calls of one run."""

    settings: FetchSettings  # shares and quotas
    plan: Plan  # what to read
    send: Callable[[Request], Awaitable[Response]]  # the transport
    checkpoint: Checkpoint | None = None  # where calls and answers are kept
    clock: Clock = field(default_factory=Clock)  # the time
    deadline: float = math.inf  # of the run, by the clock's monotonic seconds
    # Key of the fingerprints of pre-shared keys; None if there are none
    fingerprint_key: FingerprintKey | None = None
    ending: Ending = field(default_factory=Ending)  # ends the run before its deadline
    patience_s: float = PATIENCE_S  # how long calls wait for a region that does not answer

    def caller(self, provider: Provider, *, share: float | None = None) -> Caller:
        """Return a Caller with its own rate limiter."""
        return Caller(
            send=self.send,
            provider=provider,
            lanes=self.lanes(share),
            clock=self.clock,
            checkpoint=self.checkpoint,
            run_deadline=self.deadline,
            ending=self.ending,
            patience_s=self.patience_s,
            fingerprint_key=self.fingerprint_key,
        )

    def lanes(self, share: float | None = None) -> WaitingLanes:
        """Return the lanes, with their rate limiter, of one main account."""
        share = self.settings.quota_share if share is None else share
        return WaitingLanes(RateLimiter(limits=self.settings.quotas, share=share), self.clock)

    @property
    def sts(self) -> Place:
        """Place of the call GetCallerIdentity."""
        return Place(self.plan.endpoint or f"https://{STS_HOST}")

    def provider_of(self, account: Account) -> Provider:
        """Return the credentials provider of a named account."""
        base = DefaultChain(account.profile)
        if account.role_arn is None:
            return base
        return AssumedRole(
            account.role_arn,
            base=base,
            send=self.send,
            base_url=self.sts.base_url,
            utc_now=self.clock.utc_now,
        )


@asynccontextmanager
async def open_access(
    settings: FetchSettings,
    plan: Plan,
    checkpoint: Checkpoint | None = None,
    *,
    fingerprint_key: FingerprintKey | None = None,
) -> AsyncIterator[Access]:
    """Open a transport, and yield the shared state of a run's calls."""
    clock = Clock()
    deadline = clock.monotonic() + settings.deadline_s
    async with Transport(ca_file=settings.ca_file) as transport:
        yield Access(settings, plan, transport.send, checkpoint, clock, deadline, fingerprint_key)
