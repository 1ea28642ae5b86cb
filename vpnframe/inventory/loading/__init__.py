"""Load API responses that were saved as files into an inventory, without a network."""

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
    """Load saved API answers, JSON or XML.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, glob patterns, folders (every ``.json`` and ``.xml`` below), or ``-`` for standard
        input. Answers of DownloadVpnConnectionConfig, of the list calls, and of
        DescribeVpnConnection, DescribeVpnGateway and DescribeCustomerGateway are read. A
        download's connection id is its file's stem; the region is its folder's name if that is a
        valid region id. A file may hold several JSON answers, one after the other in any layout or
        in lists, each plain or in an SDK's ``{headers, statusCode, body}``.
    key_facts : bool, default True
        Whether to assess the strength of the keys; the keys themselves are never kept.
    psk_key_file : str or Path, optional
        Makes fingerprints of keys comparable between inventories, see
        :func:`vpnframe.model.psk.read_fingerprint_key`; otherwise they are comparable only
        within this inventory.

    Returns
    -------
    Inventory
        What could be read; ``failures`` has a row for every file that could not. A warning in the
        log names files with keys that others may read. The routes into a connection are known
        (``has_known_routes``) if every list that could name one is present up to its TotalCount:
        its VPN gateway's destination and policy lists, and the BGP list if BGP is on; or the own
        lists of a connection on a transit router. An answer without routes does not name its
        owner: it counts for the id in its file's name, else only if its region has as many such
        answers as lists are missing.

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
    [['192.168.0.0/24']]
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
    """Yield the API responses in a file; if there are several, their names are numbered."""
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
