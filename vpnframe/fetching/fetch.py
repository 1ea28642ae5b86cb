"""Fetch the whole fleet from the cloud into an inventory.

Records are packed as they are read (:mod:`vpnframe.fetching.packed`) and become tables part by part
(:func:`vpnframe.inventory.flattening.flatten`), so that a large fleet never exists as objects.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vpnframe.cloud.retries import PASSING
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import RequestError, SettingsError, VpnframeError
from vpnframe.fetching.access import Access, open_access
from vpnframe.fetching.blocking import run_in_thread
from vpnframe.fetching.callers import Opened, open_accounts, tell
from vpnframe.fetching.checkpoint import Checkpoint, open_checkpoint
from vpnframe.fetching.crawl import Plan, parse_downloads
from vpnframe.fetching.ending import Ending
from vpnframe.fetching.events import EstimateMade, Listener, ignore
from vpnframe.fetching.settings import FetchSettings, find_provider, make_plan
from vpnframe.inventory import Inventory, flattening, write_inventory
from vpnframe.model.psk import FingerprintKey, new_fingerprint_key, own_fingerprint_key
from vpnframe.model.records import Records
from vpnframe.schema.memory import give_back_memory


async def afetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account, or of several, inside asyncio.

    Parameters
    ----------
    regions : collection of str, optional
        Region ids; all regions of the account by default.
    downloads : str, default "all"
        ``all``: every connection's configuration, one call each, under a small quota. ``none``:
        only the list rows, seconds for a whole fleet. A share such as ``5%``: a random sample; the
        column ``witnesses`` shows which.
    endpoint : str, optional
        One URL for every call; by default the cloud's own hosts. Plain HTTP only to loopback.
    credentials : Credentials, optional
        By default the vendor's default chain: environment, configuration files, RAM role.
    settings : FetchSettings, optional
        Accounts, quotas, folder and trust.
    on_event : callable, optional
        Receives the events, see :mod:`vpnframe.fetching.events`.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` report what could not.

    Raises
    ------
    SettingsError
        If there are no credentials, or an option is wrong.
    RequestError
        If nothing at all could be read, or with ``strict`` not everything.

    References
    ----------
    Alibaba Cloud VPC API 2016-04-28, DescribeVpnConnections and DownloadVpnConnectionConfig.
    """
    return await _afetch(
        Ending(),
        regions=regions,
        downloads=downloads,
        endpoint=endpoint,
        credentials=credentials,
        settings=settings or FetchSettings(),
        on_event=on_event,
    )


async def _afetch(
    ending: Ending,
    *,
    credentials: Credentials | None,
    settings: FetchSettings,
    **wishes: Any,
) -> Inventory:
    """Fetch until done or ended by ``ending``; ``wishes`` are those of :func:`make_plan`."""
    own = own_fingerprint_key(settings.psk_key_file, is_wanted=settings.key_facts)
    wanted = make_plan(settings, **wishes)
    provider = find_provider(settings, credentials)
    if provider is not None:
        await provider.get()
    with _checkpoint(wanted, settings, own) as checkpoint, _one_error():
        plan = replace(wanted, seed=_draw(checkpoint))
        key = _fingerprint_key(checkpoint, own) if settings.key_facts else None
        async with open_access(settings, plan, checkpoint, fingerprint_key=key) as opened:
            access = replace(opened, ending=ending)
            run = _Run(access, await open_accounts(access, provider))
            inventory = await run.read()
    if settings.strict and not inventory.is_complete:
        raise RequestError(inventory.coverage_sentence())
    return inventory


@contextmanager
def _one_error() -> Iterator[None]:
    """Raise a VpnframeError itself, not as part of the exception group of several tasks."""
    try:
        yield
    except BaseExceptionGroup as group:
        ours: BaseException | None = group.subgroup(VpnframeError)
        while isinstance(ours, BaseExceptionGroup):
            ours = ours.exceptions[0]
        if ours is None:
            raise
        raise ours from None


def _draw(checkpoint: Checkpoint | None) -> str:
    """Return the seed of samples; a resumed crawl draws the same sample."""
    return (checkpoint.noted("draw") if checkpoint else None) or secrets.token_hex(8)


def _fingerprint_key(checkpoint: Checkpoint | None, own: FingerprintKey | None) -> FingerprintKey:
    """Return the user's key, or one for this crawl, which stays the same when it is resumed."""
    made = checkpoint.noted("fingerprint_key") if checkpoint else None
    return own or (FingerprintKey(bytes.fromhex(made)) if made else new_fingerprint_key())


@dataclass(slots=True)
class _Run:
    """One fetch: its crawls, and what is stored on disk."""

    access: Access
    opened: Opened

    async def read(self) -> Inventory:
        """Crawl, and commit what was read if there is a folder."""
        await self.opened.list_all()
        self._commit_lists()
        give_back_memory()
        plan = self.access.plan
        tell(plan.on_event, EstimateMade(self.opened.estimates(plan.downloads)))
        await self.opened.download()
        self.opened.raise_if_nothing()
        inventory = _tables(self.opened.take_parts())
        out, checkpoint = self.access.settings.out, self.access.checkpoint
        if out is None or checkpoint is None:
            return inventory
        supersedes = checkpoint.noted("list_snapshot")
        snapshot = write_inventory(inventory, out, supersedes=supersedes)
        if _may_be_completed(inventory):
            checkpoint.note("list_snapshot", snapshot)
        else:
            checkpoint.discard()
        return replace(inventory, snapshot=snapshot)

    def _commit_lists(self) -> None:
        """Commit the lists before the downloads, so that they are available early."""
        out, checkpoint = self.access.settings.out, self.access.checkpoint
        if checkpoint is None or out is None or parse_downloads(self.access.plan.downloads) == 0:
            return
        self.opened.choose()
        has_any = any(region.n_connections for region in self.opened.listed())
        if has_any and not self.access.ending.is_asked and not checkpoint.noted("list_snapshot"):
            snapshot = write_inventory(_tables(self.opened.parts()), out)
            checkpoint.note("list_snapshot", snapshot)


def _may_be_completed(inventory: Inventory) -> bool:
    """Check whether --resume may complete the inventory: then the checkpoint stays."""
    return not inventory.is_complete and bool(inventory.failures["kind"].isin(PASSING).any())


def _tables(parts: Iterable[Records]) -> Inventory:
    inventory = Inventory(**flattening.flatten(parts))
    give_back_memory()
    return inventory


def _checkpoint(
    plan: Plan, settings: FetchSettings, own: FingerprintKey | None
) -> AbstractContextManager[Checkpoint | None]:
    """Open the checkpoint of the output folder, if there is one."""
    if settings.out is None:
        if settings.resume:
            raise SettingsError("there is nothing to resume without a folder: set out")
        return nullcontext(None)
    purpose = {
        "regions": ",".join(sorted(plan.regions)) if plan.regions else "all",
        "regions left out": ",".join(sorted(plan.skip_regions)),
        "downloads": plan.downloads,
        "routes": "read" if plan.routes else "left out",
        "endpoint": plan.endpoint or "",
        "accounts": ",".join(
            f"{a.name}/{a.profile or ''}/{a.role_arn or ''}/{'+'.join(sorted(a.skip_regions))}"
            for a in settings.accounts
        ),
        "facts about keys": (own.key_id if own else "yes") if settings.key_facts else "none",
    }
    return open_checkpoint(Path(settings.out), purpose=purpose, resume=settings.resume)


def fetch(
    *,
    regions: Collection[str] | None = None,
    downloads: str = "all",
    endpoint: str | None = None,
    credentials: Credentials | None = None,
    settings: FetchSettings | None = None,
    on_event: Listener = ignore,
) -> Inventory:
    """Fetch the whole fleet of an account, or of several; blocks, in a notebook too.

    It runs a new event loop in a thread, so it also works if a loop already runs.

    Parameters
    ----------
    regions : collection of str, optional
        Region ids; all regions of the account by default.
    downloads : str, default "all"
        ``all`` configurations, ``none`` (only the list rows), or a share such as ``5%``.
    endpoint : str, optional
        One URL for every call; by default the cloud's own hosts. Plain HTTP only to loopback.
    credentials : Credentials, optional
        By default the vendor's default chain.
    settings : FetchSettings, optional
        Accounts, quotas, folder and trust.
    on_event : callable, optional
        Receives the events; called from the other thread.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` report what could not.

    Raises
    ------
    SettingsError
        If there are no credentials, or an option is wrong.
    RequestError
        If nothing at all could be read.
    KeyboardInterrupt
        If it was interrupted; with ``out``, what was read is written to that folder.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=3, regions=2))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     inventory = fetch(endpoint=cloud.endpoint, credentials=keys)
    >>> len(inventory.connections)
    3
    """
    settings, ending = settings or FetchSettings(), Ending()
    work = _afetch(
        ending,
        regions=regions,
        downloads=downloads,
        endpoint=endpoint,
        credentials=credentials,
        settings=settings,
        on_event=on_event,
    )
    return run_in_thread(work, stop=None if settings.out is None else ending.ask)
