"""Keep the state of the emulator between calls."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from vpnframe.emulator.faults import Fault, FaultPlan, Kind
from vpnframe.emulator.fleet.model import EmulatedFleet
from vpnframe.emulator.gate import Credential, NonceLedger
from vpnframe.emulator.holdings import Holdings, sort_out
from vpnframe.emulator.parameters import ReceivedCall
from vpnframe.emulator.quotas import Key, QuotaMeter
from vpnframe.emulator.unset import SHAPES


@dataclass(eq=False, repr=False)
class State:
    """An emulator's fleet, access keys, faults to inject, and counts of earlier calls."""

    fleet: EmulatedFleet
    meter: QuotaMeter
    # Whether throttling errors have ``x-acs-retry-after``, the time until a call is admitted again
    has_retry_after: bool
    shape: str | None  # form of unset fields, see ``unset.SHAPES``; None if it varies between rows
    nonces: NonceLedger = field(default_factory=NonceLedger)
    faults: list[Fault | FaultPlan] = field(default_factory=list)
    n_matched: Counter[FaultPlan] = field(default_factory=Counter)  # calls that match each plan
    struck: Counter[str] = field(default_factory=Counter)  # injected faults by name of the kind
    clock_offset_s: float = 0.0
    created_ids: list[str] = field(default_factory=list)
    deleted_ids: list[str] = field(default_factory=list)
    calls: Counter[Key] = field(default_factory=Counter)  # admitted calls
    throttled: Counter[Key] = field(default_factory=Counter)  # calls over the quota
    n_requests: int = 0
    _n_answers: int = 0

    def __post_init__(self) -> None:
        self.accounts = {account.account_id: account for account in self.fleet.accounts}
        self.region_ids = frozenset(region.region_id for region in self.fleet.regions)
        self.credentials = {
            one.access_key_id: Credential(one.account_id, one.access_key_id, one.access_key_secret)
            for one in self.fleet.accounts
        }
        self._holdings = sort_out(self.fleet)

    def __repr__(self) -> str:
        return f"State({self.fleet!r}, {self.n_requests} requests)"

    def holdings_of(self, account_id: str, region_id: str) -> Holdings:
        """Return the resources of an account in a region; there may be none."""
        return self._holdings.get((account_id, region_id), Holdings())

    def find_fault(self, call: ReceivedCall) -> Kind | None:
        """Count the call in each fault plan that it matches; return the fault to inject, if any."""
        found: Kind | None = None
        for plan in self.faults:
            if isinstance(plan, FaultPlan) and plan.matches(call):
                self.n_matched[plan] += 1
                if found is None and plan.strikes(self.n_matched[plan]):
                    found = plan.kind
                    self.struck[found.name] += 1
        return found

    def next_request_id(self) -> str:
        """Return the next answer's request id, which depends on the seed and the answer count."""
        self._n_answers += 1
        digest = hashlib.sha256(f"{self.fleet.seed}/{self._n_answers}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4)).upper()

    def add_session(self, account_id: str, *, expires_at: float) -> Credential:
        """Create temporary credentials of an account, with a security token."""
        text = f"{self.accounts[account_id].access_key_secret}/{len(self.credentials)}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        credential = Credential(
            account_id=account_id,
            access_key_id=f"STS.NT{digest[:18]}",
            access_key_secret=digest[18:48],
            security_token=f"CAIS{digest[32:]}",
            expires_at=expires_at,
        )
        self.credentials[credential.access_key_id] = credential
        return credential


def make_state(
    fleet: EmulatedFleet,
    *,
    quota_window_s: float = 60.0,
    quota_mode: str = "sliding",
    quotas: bool | Mapping[str, int] = True,
    has_retry_after: bool = False,
    shape: str | None = None,
) -> State:
    """Create the state of an emulator that has not yet received a call."""
    if shape not in (None, *SHAPES):
        raise ValueError(
            f"the form of unset fields must be one of {', '.join(SHAPES)}, not {shape!r}"
        )
    limits = {} if isinstance(quotas, bool) else quotas
    meter = QuotaMeter(quota_window_s, quota_mode, limits, is_on=quotas is not False)
    return State(fleet, meter, has_retry_after, shape)
