"""Fetch the fleet into an inventory; records stay compressed until the tables are made."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vpnframe.cloud.retries import PASSING
from vpnframe.cloud.signing import Credentials
from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching.blocking import Ending, run_in_thread
from vpnframe.fetching.callers import open_accounts, open_caller
from vpnframe.fetching.checkpoint import Checkpoint, open_checkpoint
from vpnframe.fetching.crawl import FleetCrawl, Plan, parse_downloads
from vpnframe.fetching.events import EstimateMade, Listener, ignore, tell
from vpnframe.fetching.settings import FetchSettings, find_provider, make_plan
from vpnframe.inventory import Inventory, flattening, write_inventory
from vpnframe.inventory.layout import Kind
from vpnframe.inventory.write import remove_snapshot
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
    """Fetch the whole fleet of one or more accounts, as a coroutine; see :func:`fetch`.

    Parameters
    ----------
    regions, downloads, endpoint, credentials, settings, on_event
        As for :func:`fetch`.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` report what could not.

    Raises
    ------
    SettingsError, RequestError
        As for :func:`fetch`.
    """
    options = {"regions": regions, "downloads": downloads, "endpoint": endpoint}
    return await _fetch(Ending(), settings, credentials, on_event=on_event, **options)


async def _fetch(
    ending: Ending, settings: FetchSettings | None, credentials: Credentials | None, **options: Any
) -> Inventory:
    """Fetch the fleet until all is read or ``ending`` ends it; options as in :func:`make_plan`."""
    settings = settings or FetchSettings()
    plan = make_plan(settings, **options)
    own_key = own_fingerprint_key(settings.psk_key_file, is_wanted=settings.key_facts)
    provider = find_provider(settings, credentials)
    if not settings.accounts:
        await provider.get()
    with _checkpoint(plan, settings, own_key) as checkpoint:
        # A resumed fetch draws the same sample, and uses the same fingerprint key.
        made = checkpoint.noted("fingerprint_key") if checkpoint else None
        seed = checkpoint.noted("draw") if checkpoint else None
        plan = replace(plan, seed=seed or secrets.token_hex(8))
        key = own_key or (FingerprintKey(bytes.fromhex(made)) if made else new_fingerprint_key())
        more = {"fingerprint_key": key if settings.key_facts else None, "ending": ending}
        async with open_caller(settings, provider, checkpoint=checkpoint, **more) as caller:
            fleet = await open_accounts(settings, plan, caller)
            inventory = await _read(fleet, plan, ending, checkpoint)
    if settings.strict and not inventory.is_complete:
        raise RequestError(inventory.coverage_sentence())
    return inventory


async def _read(
    fleet: FleetCrawl, plan: Plan, ending: Ending, checkpoint: Checkpoint | None
) -> Inventory:
    """Read the fleet; if there is a checkpoint, also write the inventory to its folder."""
    started = datetime.now(UTC)
    await fleet.list_all()
    if checkpoint is not None and parse_downloads(plan.downloads) > 0:
        # The lists are committed before the downloads, so that they are available early.
        for account in fleet.accounts:
            account.choose()
        has_any = any(one.connection_ids for each in fleet.accounts for one in each.regions)
        if has_any and not ending.is_asked and not checkpoint.noted("list_snapshot"):
            lists = _tables(fleet.parts())
            snapshot = write_inventory(
                lists, checkpoint.folder.parent, kind="lists", started=started
            )
            checkpoint.note("list_snapshot", snapshot)
    give_back_memory()
    tell(plan.on_event, EstimateMade(fleet.estimates()))
    await fleet.download()
    fleet.raise_if_nothing()
    inventory = _tables(fleet.parts(release=True))
    if checkpoint is None:
        return inventory
    share = parse_downloads(plan.downloads)
    kind: Kind = "lists" if share == 0 else "full" if share == 1 else "sample"
    folder = checkpoint.folder.parent
    snapshot = write_inventory(inventory, folder, kind=kind, started=started)
    if before := checkpoint.noted("list_snapshot"):  # the new one has all that it has, and more
        remove_snapshot(folder, before)
    if not inventory.is_complete and inventory.failures["kind"].isin(PASSING).any():
        checkpoint.note("list_snapshot", snapshot)  # --resume may complete it
    else:
        checkpoint.discard()
    return replace(inventory, snapshot=snapshot)


def _tables(parts: Iterable[Records]) -> Inventory:
    inventory = Inventory(**flattening.flatten(parts))
    give_back_memory()
    return inventory


def _checkpoint(
    plan: Plan, settings: FetchSettings, own_key: FingerprintKey | None
) -> AbstractContextManager[Checkpoint | None]:
    """Return a context manager for the checkpoint; it yields None without an output folder."""
    if settings.out is None:
        if settings.resume:
            raise SettingsError("resuming needs the inventory folder: pass ``out``")
        return nullcontext(None)
    key_id = own_key.key_id if own_key else "yes"
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
        "facts about keys": key_id if settings.key_facts else "none",
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
    """Fetch the whole fleet of one or more accounts, and return when the fetch has ended.

    It runs an event loop in a new thread, so it also works in a notebook, which has its own loop.

    Parameters
    ----------
    regions : collection of str, optional
        Region ids; all regions of the account by default.
    downloads : str, default "all"
        Which configurations to download. ``all`` downloads the configuration of every connection,
        which takes one call each under a small quota. ``none`` reads only the lists, which takes
        seconds for a whole fleet. A share such as ``5%`` downloads a random sample of that size;
        column ``witnesses`` shows which connections were downloaded.
    endpoint : str, optional
        URL to which every call is sent, instead of the cloud's own hosts. Plain HTTP is accepted
        only for a loopback address.
    credentials : Credentials, optional
        If None, they are taken from the vendor's default chain: environment variables,
        configuration files, RAM role of the machine.
    settings : FetchSettings, optional
        Accounts, quotas, output folder, certificate authority and other settings.
    on_event : callable, optional
        Receives each event of :mod:`vpnframe.fetching.events`; it is called in the new thread.

    Returns
    -------
    Inventory
        What could be read; ``failures`` and ``coverage`` report what could not.

    Raises
    ------
    SettingsError
        If there are no credentials, or an option is wrong.
    RequestError
        If nothing could be read or, with ``strict``, if something could not be read.
    KeyboardInterrupt
        If the fetch was interrupted; with ``out``, what was read is written to that folder.

    References
    ----------
    Alibaba Cloud VPC API 2016-04-28, DescribeVpnConnections and DownloadVpnConnectionConfig.

    Examples
    --------
    >>> from vpnframe.emulator import make_fleet, make_state, serve_in_thread
    >>> with serve_in_thread(make_state(make_fleet(connections=3, regions=2))) as cloud:
    ...     keys = Credentials(cloud.access_key_id, cloud.access_key_secret)
    ...     inventory = fetch(endpoint=cloud.endpoint, credentials=keys)
    >>> len(inventory.connections)
    3
    """
    options = {"regions": regions, "downloads": downloads, "endpoint": endpoint}
    ending = Ending()
    work = _fetch(ending, settings, credentials, on_event=on_event, **options)
    # With an output folder, an interrupt writes what was read; without one, it cancels the work.
    is_written = settings is not None and settings.out is not None
    return run_in_thread(work, stop=ending.ask if is_written else None)
