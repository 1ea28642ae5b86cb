"""Check that a resumed crawl uses the account that it began with."""

from __future__ import annotations

import hashlib

from vpnframe.errors import RequestError, SettingsError
from vpnframe.fetching.caller import Caller
from vpnframe.fetching.checkpoint import Checkpoint
from vpnframe.model.records import Failure


async def settle_identity(caller: Caller, found: str | Failure) -> str | Failure:
    """Record the account's identity in the checkpoint, or check that it is still the same.

    If the cloud does not return the account's id, the name in accounts.toml or the access key is
    used instead: the checkpoint keeps a digest of the access key's id, never the id itself.
    """
    checkpoint = caller.checkpoint
    if checkpoint is None:
        return found
    account_id, key = found if isinstance(found, str) else "", await _digest_of_key(caller)
    if isinstance(found, Failure) and found.kind == "credentials":
        key = ""
    known_id, known_key = (
        checkpoint.noted(f"account {caller.name}"),
        checkpoint.noted(_key_of(caller)),
    )
    if known_id and account_id:
        is_same = known_id == account_id
    elif key and caller.name and not known_id and not account_id:
        is_same = True  # a name of accounts.toml whose id the cloud never returned
    else:
        is_same = known_key in (None, key)
    if not is_same:
        raise _other_account(checkpoint, found, known_id)
    if key:
        checkpoint.note(f"account {caller.name}", account_id or known_id or "")
        checkpoint.note(_key_of(caller), key)
    return account_id or known_id or found


def _key_of(caller: Caller) -> str:
    return f"access key {caller.name}"


async def _digest_of_key(caller: Caller) -> str:
    """Return a digest of the access key's id, empty without an access key."""
    try:
        access_key_id = (await caller.provider.get()).access_key_id
    except (RequestError, SettingsError):
        return ""
    return hashlib.sha256(access_key_id.encode()).hexdigest()[:16]


def _other_account(
    checkpoint: Checkpoint, found: str | Failure, known_id: str | None
) -> SettingsError:
    theirs = f"account {known_id}" if known_id else "an account that the cloud did not name"
    ours = (
        f"whose these credentials are is not known ({found.message})"
        if isinstance(found, Failure)
        else f"these credentials are of account {found}"
    )
    return SettingsError(
        f"the unfinished crawl in {checkpoint.folder.parent} is of {theirs}, and {ours}: "
        f"use those of the first run, or remove {checkpoint.folder}"
    )
