"""Read and check profiles, which are CSV files with verdicts of standards on settings.

The columns of a file are ``profile column value min max verdict clause basis``. Lines on lifetimes
and key bits have a ``min`` and a ``max``, both inclusive; an empty ``max`` means no upper bound.
Lines on all other columns have a ``value``. One file may contain several profiles.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

from vpnframe.errors import SettingsError
from vpnframe.model import terms
from vpnframe.model.files import MIB, read_file

Verdict = Literal["must", "should", "may", "should-not", "must-not", "legacy", "default", "n/a"]
Basis = Literal["verified", "secondary", "unverified", "own"]
BASELINE = "vpnframe-baseline"
HEADER = ("profile", "column", "value", "min", "max", "verdict", "clause", "basis")
_SHIPPED = "audit-profiles.csv"
_MAX_BYTES = 4 * MIB
_GROUPS = frozenset(map(str, range(256)))
# Permitted values of each column; None for columns that are judged by numeric ranges.
COLUMNS: Mapping[str, frozenset[str] | None] = {
    "ike_version": frozenset({"1", "2"}),
    "ike_mode": terms.IKE_MODES,
    "ike_encryption": terms.ENCRYPTION_WORDS,
    "ike_integrity": terms.INTEGRITY_WORDS,
    "ike_dh_group": _GROUPS,
    "ipsec_encryption": terms.ENCRYPTION_WORDS,
    "ipsec_integrity": terms.INTEGRITY_WORDS,
    "ipsec_pfs_group": _GROUPS,
    **dict.fromkeys(("ike_lifetime_s", "ipsec_lifetime_s", "psk_bits")),
}


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One line of a profile, with the verdict on a value or range of numbers of one column."""

    column: str  # a column in :data:`COLUMNS`
    value: str | None  # the value judged; None for a range of numbers
    smallest: int  # the first number of the range, inclusive; 0 if a value is judged
    largest: int | None  # the last number, inclusive; None if there is no upper bound
    verdict: Verdict  # the verdict of the standard
    clause: str  # the clause of the standard
    basis: Basis  # how reliable the clause is; only a ``verified`` clause is shown as proof

    @property
    def range(self) -> str:
        """The value or number range to which this line's verdict applies, as a string."""
        if self.value is not None:
            return self.value
        if self.largest is None:
            return f"{self.smallest} or more"
        if self.largest <= self.smallest:
            return str(self.smallest)
        return f"{self.smallest} to {self.largest}"

    @property
    def objection(self) -> str:
        """The verdict, the clause and its basis; an unverified clause follows "see"."""
        if not self.clause:
            return self.verdict
        word = "" if self.basis == "verified" else "see "
        return f"{self.verdict} ({word}{self.clause}; {self.basis})"

    def includes(self, value: str) -> bool:
        """Check whether ``value`` equals this line's value or lies in its range of numbers."""
        if COLUMNS[self.column] is not None:
            return self.value == value
        return self.smallest <= int(value) and (self.largest is None or int(value) <= self.largest)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named list of verdicts, usually those of one standard."""

    name: str  # for example ``nist-800-77r1``
    entries: tuple[ProfileLine, ...]  # in the order of the file

    def of(self, column: str) -> tuple[ProfileLine, ...]:
        """Return the lines of the profile that contain a verdict on ``column``."""
        return tuple(entry for entry in self.entries if entry.column == column)


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """Return the profiles that are shipped with the package."""
    text = files(__package__).joinpath(_SHIPPED).read_text(encoding="utf-8")
    return MappingProxyType({one.name: one for one in parse_profiles(text, name=_SHIPPED)})


def find_profiles(wanted: str | Path | Iterable[str | Path]) -> tuple[Profile, ...]:
    """Return profiles by the names of shipped profiles or by the paths of CSV files."""
    found: list[Profile] = []
    for one in [wanted] if isinstance(wanted, str | Path) else wanted:
        known = shipped_profiles().get(str(one))
        found += [known] if known else read_profiles(one)
    names = [profile.name for profile in found]
    for profile in found:
        if names.count(profile.name) > 1:
            raise SettingsError(
                f"the profile {profile.name} is requested twice: request each profile once"
            )
        if shipped_profiles().get(profile.name, profile) is not profile:
            raise SettingsError(
                f"the name {profile.name} belongs to a shipped profile: rename your profile"
            )
    return tuple(found)


def read_profiles(path: str | Path) -> tuple[Profile, ...]:
    """Read profiles from a CSV file."""
    try:
        text = read_file(path, limit=_MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        names = ", ".join(sorted(shipped_profiles()))
        raise SettingsError(
            f"{path} is neither a shipped profile nor a file: the shipped profiles are {names}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"the profile {path} cannot be read: {problem}") from None
    return parse_profiles(text, name=str(path))


def parse_profiles(text: str, *, name: str) -> tuple[Profile, ...]:
    """Parse and check the profiles in the content of a CSV file."""
    lines: dict[str, list[tuple[str, ProfileLine]]] = {}
    for place, fields in _lines(text, name):
        lines.setdefault(fields["profile"], []).append((place, _entry(fields, place)))
    if not lines:
        raise SettingsError(
            f"{name}: the file contains no profile: write at least one line below the header"
        )
    for one in lines.values():
        _check_overlaps_and_gaps(one)
    return tuple(
        Profile(profile, tuple(entry for _, entry in one)) for profile, one in lines.items()
    )


def _lines(text: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the position (such as ``ours.csv:3``) and the fields of every non-empty line."""
    reader = csv.reader(text.splitlines())
    try:
        if tuple(next(reader, ())) != HEADER:
            raise SettingsError(f"{name}:1: the header must be {','.join(HEADER)}")
        for row in reader:
            place = f"{name}:{reader.line_num}"
            if row and len(row) != len(HEADER):
                raise SettingsError(f"{place}: the line has {len(row)} fields, not {len(HEADER)}")
            if row and not row[0].strip():
                raise SettingsError(f"{place}: the first field, the name of the profile, is empty")
            if row:
                yield place, dict(zip(HEADER, map(str.strip, row), strict=True))
    except csv.Error as error:
        raise SettingsError(
            f"{name}:{reader.line_num}: the file is not valid CSV: {error}"
        ) from None


def _entry(fields: Mapping[str, str], place: str) -> ProfileLine:
    for problem in _problems(fields):
        raise SettingsError(f"{place}: {problem}")
    smallest, largest = int(fields["min"] or 0), int(fields["max"]) if fields["max"] else None
    verdict, basis = cast("Verdict", fields["verdict"]), cast("Basis", fields["basis"])
    column, value, clause = fields["column"], fields["value"] or None, fields["clause"]
    return ProfileLine(column, value, smallest, largest, verdict, clause, basis)


def _problems(fields: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with a line; the caller stops at the first problem."""
    column, value = fields["column"], fields["value"] or None
    if column not in COLUMNS:
        yield f"a profile cannot judge {column!r}, only {', '.join(COLUMNS)}"
    known = COLUMNS[column]
    if known is None:
        if value is not None:
            yield f"{column} is judged by min and max, not by value: leave value empty"
        yield from _problems_of_range(fields)
    elif fields["min"] or fields["max"]:
        yield f"{column} is judged by value, not by min and max: leave min and max empty"
    elif value not in known:
        yield f"{value!r} is not a value of {column}{_meant(column, value)}"
    for name, words in (("verdict", get_args(Verdict)), ("basis", get_args(Basis))):
        if fields[name] not in words:
            yield f"the {name} {fields[name]!r} is not one of {', '.join(words)}"


def _problems_of_range(fields: Mapping[str, str]) -> Iterator[str]:
    for name in ("min", "max"):
        if fields[name] and not (fields[name].isascii() and fields[name].isdecimal()):
            yield f"{name} is {fields[name]!r}, not a whole number"
    if not fields["min"]:
        yield "min is missing: write the first number of the range"
    smallest, largest = int(fields["min"]), int(fields["max"] or fields["min"])
    if largest < smallest:
        yield f"max {largest} is below min {smallest}"


def _meant(column: str, value: str | None) -> str:
    """Return a hint that gives the correct spelling of a value, or an empty string."""
    translate = {"encryption": terms.encryption, "integrity": terms.integrity}
    meant = translate.get(column.partition("_")[2], lambda text: text)(value or "")
    return f": did you mean {meant}?" if meant in (COLUMNS[column] or ()) else ""


def _check_overlaps_and_gaps(lines: Iterable[tuple[str, ProfileLine]]) -> None:
    """Raise SettingsError if two lines of a profile overlap, or number ranges leave a gap."""
    ordered = sorted(lines, key=lambda one: (one[1].column, one[1].value or "", one[1].smallest))
    for (earlier, below), (place, above) in pairwise(ordered):
        if (below.column, below.value) != (above.column, above.value):
            continue
        first = above.smallest if above.value is None else above.value
        if below.largest is None or above.smallest <= below.largest:
            raise SettingsError(f"{place}: {above.column} {first} also has a verdict in {earlier}")
        if above.smallest > below.largest + 1:
            gap = f"{below.largest + 1} to {above.smallest - 1}"
            raise SettingsError(f"{place}: no line covers {above.column} {gap}: add one")
