"""Profiles: the verdicts of a standard on values, read from CSV files and checked.

The columns of a file are ``profile column value min max verdict clause basis``. Lifetimes and bits
of keys are judged by ``min`` and ``max``, both inclusive (an empty ``max`` means no upper bound),
other columns by ``value``. One file may contain several profiles.
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
from typing import Any, Literal, get_args

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
COLUMNS: Mapping[str, frozenset[str] | None] = MappingProxyType(
    {
        "ike_version": frozenset({"1", "2"}),
        "ike_mode": terms.IKE_MODES,
        "ike_encryption": terms.ENCRYPTION_WORDS,
        "ike_integrity": terms.INTEGRITY_WORDS,
        "ike_dh_group": _GROUPS,
        "ipsec_encryption": terms.ENCRYPTION_WORDS,
        "ipsec_integrity": terms.INTEGRITY_WORDS,
        "ipsec_pfs_group": _GROUPS,
        "ike_lifetime_s": None,
        "ipsec_lifetime_s": None,
        "psk_bits": None,
    }
)


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One line of a profile: the verdict on a value or range of a column."""

    column: str  # a column in :data:`COLUMNS`
    value: str | None  # the value judged; None for a range of numbers
    smallest: int  # the first number of the range, inclusive; 0 if a value is judged
    largest: int | None  # the last number, inclusive; None if there is no upper bound
    verdict: Verdict  # the verdict of the standard
    clause: str  # the clause of the standard
    basis: Basis  # how reliable the clause is: only ``verified`` ones may be shown as proof

    @property
    def range(self) -> str:
        """The value or range that the line judges, as text."""
        if self.value is not None:
            return self.value
        if self.largest is None:
            return f"{self.smallest} or more"
        return f"{self.smallest} to {self.largest}" if self.largest > self.smallest else "0"

    @property
    def objection(self) -> str:
        """Verdict and clause as text; a clause that was not verified is marked with "see"."""
        if not self.clause:
            return self.verdict
        word = "" if self.basis == "verified" else "see "
        return f"{self.verdict} ({word}{self.clause}; {self.basis})"

    def includes(self, value: str) -> bool:
        """Check whether the line judges a value of its column."""
        if COLUMNS[self.column] is not None:
            return self.value == value
        return self.smallest <= int(value) and (self.largest is None or int(value) <= self.largest)


@dataclass(frozen=True, slots=True)
class Profile:
    """One standard: a name and its verdicts."""

    name: str  # for example ``nist-800-77r1``
    entries: tuple[ProfileLine, ...]  # in the order of the file

    def of(self, column: str) -> tuple[ProfileLine, ...]:
        """Return the entries on one column."""
        return tuple(entry for entry in self.entries if entry.column == column)


@cache
def shipped_profiles() -> Mapping[str, Profile]:
    """Return the profiles that are shipped with the package.

    Examples
    --------
    >>> shipped_profiles()["ietf"].of("ike_dh_group")[0].verdict
    'must-not'
    """
    text = files(__package__).joinpath(_SHIPPED).read_text(encoding="utf-8")
    return MappingProxyType({one.name: one for one in parse_profiles(text, name=_SHIPPED)})


def find_profiles(wanted: str | Path | Iterable[str | Path]) -> tuple[Profile, ...]:
    """Return the wanted profiles: shipped ones by name, others from CSV files.

    Examples
    --------
    >>> [profile.name for profile in find_profiles(["ietf", "nist-800-77r1"])]
    ['ietf', 'nist-800-77r1']
    """
    found: list[Profile] = []
    for one in [wanted] if isinstance(wanted, str | Path) else wanted:
        known = shipped_profiles().get(str(one))
        found += [known] if known else read_profiles(one)
    names = [profile.name for profile in found]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"the profile {name} is named twice: name each profile once")
    for profile in found:
        if shipped_profiles().get(profile.name, profile) is not profile:
            raise SettingsError(
                f"the profile {profile.name} is a shipped one: give yours another name"
            )
    return tuple(found)


def read_profiles(path: str | Path) -> tuple[Profile, ...]:
    """Read profiles from a CSV file."""
    try:
        text = read_file(path, limit=_MAX_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        names = ", ".join(sorted(shipped_profiles()))
        raise SettingsError(
            f"{path} is neither a profile nor a file: the profiles are {names}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"the profile {path} cannot be read: {problem}") from None
    return parse_profiles(text, name=str(path))


def parse_profiles(text: str, *, name: str) -> tuple[Profile, ...]:
    r"""Parse and check the profiles in the text of a CSV file.

    Examples
    --------
    >>> text = "profile,column,value,min,max,verdict,clause,basis\n"
    >>> parse_profiles(text + "ours,ike_version,2,,,must,,own\n", name="ours.csv")[0].name
    'ours'
    """
    lines: dict[str, list[tuple[str, ProfileLine]]] = {}
    for place, fields in _lines(text, name):
        lines.setdefault(fields["profile"], []).append((place, _entry(fields, place)))
    if not lines:
        raise SettingsError(f"{name}: the file contains no profile")
    for one in lines.values():
        _check_once(one)
        _check_ranges(one)
    return tuple(
        Profile(profile, tuple(entry for _, entry in one)) for profile, one in lines.items()
    )


def _lines(text: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the location and the fields of every non-empty line."""
    reader = csv.reader(text.splitlines())
    try:
        if tuple(next(reader, ())) != HEADER:
            raise SettingsError(f"{name}:1: the header must be {','.join(HEADER)}")
        for row in reader:
            place = f"{name}:{reader.line_num}"
            if row and len(row) != len(HEADER):
                raise SettingsError(f"{place}: {len(row)} fields, not {len(HEADER)}")
            if row and not row[0].strip():
                raise SettingsError(f"{place}: the profile has no name")
            if row:
                yield place, dict(zip(HEADER, map(str.strip, row), strict=True))
    except csv.Error as error:
        raise SettingsError(f"{name}:{reader.line_num}: not valid CSV: {error}") from None


def _entry(fields: Mapping[str, str], place: str) -> ProfileLine:
    column, value = fields["column"], fields["value"] or None
    if column not in COLUMNS:
        raise SettingsError(f"{place}: profiles do not judge {column!r}, only {', '.join(COLUMNS)}")
    known = COLUMNS[column]
    if known is None and value is not None:
        raise SettingsError(f"{place}: {column} is judged by min and max, not by value")
    smallest, largest = _range(fields, place) if known is None else (0, None)
    if known is not None and (fields["min"] or fields["max"]):
        raise SettingsError(f"{place}: {column} is judged by value, not by min and max")
    if known is not None and value not in known:
        raise SettingsError(f"{place}: {value!r} is not a value of {column}{_meant(column, value)}")
    verdict = _one_of(fields, "verdict", get_args(Verdict), place)
    basis = _one_of(fields, "basis", get_args(Basis), place)
    return ProfileLine(column, value, smallest, largest, verdict, fields["clause"], basis)


def _range(fields: Mapping[str, str], place: str) -> tuple[int, int | None]:
    for name in ("min", "max"):
        if fields[name] and not (fields[name].isascii() and fields[name].isdecimal()):
            raise SettingsError(f"{place}: {name} is {fields[name]!r}, not a whole number")
    if not fields["min"]:
        raise SettingsError(f"{place}: min is missing")
    smallest = int(fields["min"])
    largest = int(fields["max"]) if fields["max"] else None
    if largest is not None and largest < smallest:
        raise SettingsError(f"{place}: max {largest} is below min {smallest}")
    return smallest, largest


def _meant(column: str, value: str | None) -> str:
    """Return a hint with the known spelling of a value, if there is one."""
    translate = {"encryption": terms.encryption, "integrity": terms.integrity}
    meant = translate.get(column.partition("_")[2], lambda text: text)(value or "")
    return f": did you mean {meant}?" if meant in (COLUMNS[column] or ()) else ""


def _one_of(fields: Mapping[str, str], name: str, known: tuple[str, ...], place: str) -> Any:
    if fields[name] not in known:
        raise SettingsError(
            f"{place}: the {name} {fields[name]!r} is not one of {', '.join(known)}"
        )
    return fields[name]


def _check_once(lines: Iterable[tuple[str, ProfileLine]]) -> None:
    """Check that no value is judged twice."""
    judged: dict[tuple[str, str], str] = {}
    for place, entry in lines:
        if entry.value is None:
            continue
        first = judged.setdefault((entry.column, entry.value), place)
        if first is not place:
            raise SettingsError(f"{place}: {entry.column} {entry.value} is also judged in {first}")


def _check_ranges(lines: Iterable[tuple[str, ProfileLine]]) -> None:
    """Check that the ranges of a column have no gaps and no overlaps; lines need no order."""
    ranges: dict[str, list[tuple[str, ProfileLine]]] = {}
    for place, entry in lines:
        if entry.value is None:
            ranges.setdefault(entry.column, []).append((place, entry))
    for column, found in ranges.items():
        found.sort(key=lambda one: one[1].smallest)
        for (earlier, below), (place, above) in pairwise(found):
            if below.largest is None or above.smallest <= below.largest:
                raise SettingsError(
                    f"{place}: {column} {above.smallest} is also judged in {earlier}"
                )
            if above.smallest > below.largest + 1:
                gap = f"{below.largest + 1} to {above.smallest - 1}"
                raise SettingsError(f"{place}: no line covers {column} from {gap}")
