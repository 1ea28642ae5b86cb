"""Find files with saved API responses, and split each file into its responses."""

from __future__ import annotations

import codecs
import glob
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from vpnframe.errors import SettingsError
from vpnframe.model.files import MIB

SUFFIXES = (".json", ".xml")
# About 20,000 answers on one line each, or all pages of that number of connections together.
MAX_FILE_BYTES = 64 * MIB
_DECODER = json.JSONDecoder()
# Allowed between two answers; includes a byte order mark, the RFC 7464 separator, list signs.
_BETWEEN = re.compile(r"[\s,\x1e\ufeff\[\]]*")
_BEGINNING = re.compile(r"^\{", re.MULTILINE)
_BODY = re.compile(rb'"body"\s*:', re.IGNORECASE)


def find_files(paths: Iterable[str | Path]) -> Iterator[Path]:
    """Yield the files of all paths, which may be files, folders, glob patterns or ``-``."""
    for path in paths:
        found = [Path(path)] if str(path) == "-" else list(_below(path))
        if not found:
            raise SettingsError(f"no such file: {path}")
        yield from found


def _below(path: str | Path) -> Iterator[Path]:
    if Path(path).is_dir():
        inside = (p for p in Path(path).rglob("*") if p.suffix.lower() in SUFFIXES)
        yield from sorted(p for p in inside if not p.is_dir())
    elif os.path.lexists(path):
        yield Path(path)
    else:
        # Path.glob accepts no absolute pattern.
        found = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207
        yield from (p for p in found if not p.is_dir())


def split_answers(body: bytes) -> list[bytes]:
    """Split the content of a file into API responses."""
    if _is_one_object(body):
        return [_without_envelope(body)]
    text = _as_text(body)
    if not text.startswith(("{", "[")):
        return [body]
    values = [value.encode("utf-8", "surrogateescape") for value in _values(text)]
    is_any = any(value.startswith(b"{") for value in values)
    return [_without_envelope(value) for value in values] if is_any else [body]


def _is_one_object(body: bytes) -> bool:
    """Check quickly whether a file is a single JSON object, as most files are."""
    try:
        msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _as_text(body: bytes) -> str:
    """Decode a file from UTF-8, or from UTF-16, which some shells write."""
    is_wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = body.decode("utf-16", "replace") if is_wide else body.decode(errors="surrogateescape")
    return text.lstrip("\ufeff \t\r\n")


def _values(text: str) -> Iterator[str]:
    """Yield JSON values as strings; an invalid one ends before a line that starts with ``{``."""
    begin = _after_signs(text, 0)
    while begin < len(text):
        try:
            end = _DECODER.raw_decode(text, begin)[1]
        except (ValueError, RecursionError):
            following = _BEGINNING.search(text, begin + 1)
            end = following.start() if following else len(text)
        yield text[begin:end]
        begin = _after_signs(text, end)


def _after_signs(text: str, begin: int) -> int:
    found = _BETWEEN.match(text, begin)
    return found.end() if found else begin


def _without_envelope(answer: bytes) -> bytes:
    """Return a response without the headers or status that an SDK saved around its ``body``."""
    if not _BODY.search(answer):
        return answer
    try:
        members = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
        named = {name.lower().replace("_", ""): bytes(value) for name, value in members.items()}
        if "body" not in named or not named.keys() & {"headers", "statuscode"}:
            return answer
        body = named["body"]
        return msgspec.json.decode(body, type=str).encode() if body.startswith(b'"') else body
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return answer
