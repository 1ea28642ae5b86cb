"""Build an inventory from API responses that were saved as files, without network access."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from vpnframe.cloud.messages import Response
from vpnframe.cloud.redaction import has_keys
from vpnframe.cloud.region_ids import is_region_id
from vpnframe.errors import ResponseError, SettingsError
from vpnframe.inventory import Inventory, flattening
from vpnframe.inventory.loading.gathered import READABLE, Gathered, Saved
from vpnframe.inventory.loading.outcome import records_of
from vpnframe.inventory.saved import MAX_FILE_BYTES, find_files, split_answers
from vpnframe.model.display import listed
from vpnframe.model.files import read_file, read_stdin
from vpnframe.model.psk import KeyJudge, new_fingerprint_key, own_fingerprint_key
from vpnframe.model.records import Failure

log = logging.getLogger("vpnframe")


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    key_facts: bool = True,
    psk_key_file: str | Path | None = None,
) -> Inventory:
    """Build an inventory from saved API responses in JSON or XML.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, glob patterns, folders (with every ``.json`` and ``.xml`` file below them), or ``-``
        for standard input. The files contain responses of DownloadVpnConnectionConfig, of the list
        calls, and of DescribeVpnConnection, DescribeVpnGateway and DescribeCustomerGateway. A file
        with a response of DownloadVpnConnectionConfig is named after the connection id. If the
        folder of a file is named after a region, the responses in the file belong to this region.
        A file may contain several JSON responses, one after the other or in lists. Each response
        may be wrapped as ``{headers, statusCode, body}``, as SDKs save it.
    key_facts : bool, default True
        Whether to assess the strength of the pre-shared keys; the keys themselves are never kept.
    psk_key_file : str or Path, optional
        File with the user's fingerprint key, which makes fingerprints of pre-shared keys
        comparable between inventories, see :func:`vpnframe.model.psk.read_fingerprint_key`;
        without this file they are comparable only within this inventory.

    Returns
    -------
    Inventory
        What could be read; ``failures`` has a row for every file that could not be read. If other
        users of the machine can read a file with pre-shared keys, a warning in the log names it.

        ``has_known_routes`` of a connection is true if all pages of every list that may contain
        routes to it were saved. For a connection on a VPN gateway, these are the gateway's
        destination and policy routes, and its BGP routes if BGP is on; for a connection on a
        transit router, the connection's own routes. A response without routes does not show which
        gateway or connection it is about. This is read from an id in the file's name; without such
        an id, the response counts only if the region has as many responses without routes as
        lists are missing.

    Raises
    ------
    SettingsError
        No file exists, or the key file cannot be used or is given with ``key_facts=False``.
    ResponseError
        None of the files could be read.

    Examples
    --------
    >>> import tempfile
    >>> body = '{"VpnConnectionConfig": {"LocalSubnet": "192.168.0.0/24"}}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "vco-1.json").write_text(body)
    ...     load(f"{folder}/*.json").connections["onprem_subnets"].tolist()
    ['192.168.0.0/24']
    """
    key = own_fingerprint_key(psk_key_file, is_wanted=key_facts) or new_fingerprint_key()
    known = Gathered(judge=KeyJudge(key, is_saved=True) if key_facts else None)
    files = list(find_files([paths] if isinstance(paths, str | Path) else paths))
    if not files:
        raise SettingsError("no file is given: name at least one")
    answers: defaultdict[str, list[Saved]] = defaultdict(list)
    for saved in (one for path in files for one in _read(path, known)):
        if action := known.action_of(saved):
            answers[action].append(saved)
    for action in READABLE:
        known.learn_words(action)
        for saved in answers[action]:
            known.take(saved, action)
    if known.unguarded:
        log.warning(
            "other users can read the pre-shared keys in %s: run chmod 600, or keep the output "
            "of `vpnframe redact` instead",
            listed(known.unguarded),
        )
    if not known.places:
        first = known.failures[0].message
        raise ResponseError(f"none of {len(files)} files could be read: {first}")
    return Inventory(**flattening.make_tables(records_of(known)))


def _read(path: Path, known: Gathered) -> Iterator[Saved]:
    """Yield the API responses in a file; several responses get numbered names."""
    is_stdin = str(path) == "-"
    folder = path.absolute().parent.name
    region = folder if not is_stdin and is_region_id(folder) else None
    name, stem = ("standard input", "stdin") if is_stdin else (str(path), path.stem)
    try:
        limit = MAX_FILE_BYTES
        body = read_stdin(limit=limit) if is_stdin else read_file(path, limit=limit)
        found = None if is_stdin else path.stat()
        at_ms = int(found.st_mtime * 1000) if found else None
        is_open_to_others = found and os.name == "posix" and found.st_mode & 0o077
        if is_open_to_others and has_keys(body):
            known.unguarded.append(name)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        known.failures.append(Failure(kind="file", message=message, region_id=region))
        known.lost[stem] = region
        return
    bodies = split_answers(body)
    for number, one in enumerate(bodies, 1):
        suffix = f"-{number}" if len(bodies) > 1 else ""
        yield Saved(name + suffix, stem + suffix, region, Response(200, {}, one), at_ms)
