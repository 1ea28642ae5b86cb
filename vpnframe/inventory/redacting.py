"""Copy saved API responses without the pre-shared keys in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vpnframe.cloud.messages import Response
from vpnframe.cloud.redaction import redact_answer
from vpnframe.cloud.region_ids import is_region_id
from vpnframe.errors import RequestError, SettingsError
from vpnframe.inventory.saved import MAX_FILE_BYTES, SUFFIXES, split_answers
from vpnframe.model.files import create_file, read_file


@dataclass(frozen=True, slots=True)
class Redaction:
    """The files that :func:`redact` wrote, and those that it refused.

    Parameters
    ----------
    written : tuple of Path
        Files without keys, below the target folder.
    refused : tuple of str
        One sentence for each file that was not copied: its name and the reason.
    """

    written: tuple[Path, ...]
    refused: tuple[str, ...]


def redact(source: str | Path, target: str | Path) -> Redaction:
    """Copy saved API responses without the pre-shared keys in them.

    Each copied response has only the fields that :func:`vpnframe.load` reads. A visible
    pre-shared key is replaced by the word ``present``, and a masked key by ``****``. Loading the
    copies returns the same tables, except for facts about the keys.

    Parameters
    ----------
    source : str or Path
        A file, or a folder with everything below it.
    target : str or Path
        A folder that does not exist or is empty. The copies keep the names, folders and
        modification times of the originals; only their owner can read them.

    Returns
    -------
    Redaction
        The files written, and the files refused and therefore not copied.

    Raises
    ------
    SettingsError
        There is nothing to redact, or the target cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "vco-1.json")
    ...     _ = path.write_text('{"VpnConnectionConfig": {"IkeConfig": {"Psk": "a secret"}}}')
    ...     done = redact(path, Path(folder, "safe"))
    ...     "a secret" in done.written[0].read_text(), len(done.refused)
    (False, 0)
    """
    source, target = Path(source), Path(target)
    files = [source] if os.path.lexists(source) else []
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if not path.is_dir())
    if not files:
        raise SettingsError(f"no such file: {source}")
    _check_target(source, target)
    written, refused = [], []
    for path in files:
        try:
            body = _redacted(path)
        except RequestError as error:
            refused.append(f"{path}: {error}")
            continue
        place = target / _place(source, path)
        _write(place, body, like=path)
        written.append(place)
    return Redaction(tuple(written), tuple(refused))


def _check_target(source: Path, target: Path) -> None:
    # Not Path.resolve, which raises on circular links.
    real_source, real_target = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    inside = real_source if source.is_dir() else real_source.parent / source.name
    if real_target.is_relative_to(inside):
        raise SettingsError(f"{target} is inside {source}: name a folder outside {source}")
    try:
        is_used = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise SettingsError(f"{target} cannot be read: {error.strerror}") from None
    if is_used:
        raise SettingsError(f"{target} already exists: give a folder that does not exist yet")


def _place(source: Path, path: Path) -> Path:
    """Return a copy's path in the target; it keeps a source folder named after a region."""
    folder = source.absolute() if source.is_dir() else source.absolute().parent
    inside = path.absolute().relative_to(folder)
    return Path(folder.name, inside) if is_region_id(folder.name) else inside


def _redacted(path: Path) -> bytes:
    if path.suffix.lower() not in SUFFIXES:
        raise RequestError(f"is neither {' nor '.join(SUFFIXES)}")
    try:
        body = read_file(path, limit=MAX_FILE_BYTES)
    except OSError as error:
        raise RequestError(f"cannot be read: {error.strerror}") from None
    answers = split_answers(body)
    redacted = []
    for number, answer in enumerate(answers, 1):
        try:
            redacted.append(redact_answer(Response(200, {}, answer)))
        except RequestError as error:
            place = f"answer {number} of {len(answers)}: " if len(answers) > 1 else ""
            raise RequestError(f"{place}{error}") from None
    if len(answers) == 1:
        return redacted[0]
    if any(one.startswith(b"<") for one in redacted):
        raise RequestError(
            "contains several responses, one of them in XML: save each response in its own file"
        )
    # One answer a line; line ends inside strings are escaped, so only layout is lost.
    lines = (b" ".join(line.strip() for line in one.splitlines()) for one in redacted)
    return b"".join(line + b"\n" for line in lines)


def _write(path: Path, body: bytes, *, like: Path) -> None:
    """Write a copy that only its owner can read, with the modification time of the original."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_file(path, body, mode=0o600)
        changed = like.stat()
        os.utime(path, ns=(changed.st_atime_ns, changed.st_mtime_ns))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None
