"""Encode strings as codes: positions among the sorted distinct strings, and -1 for null."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpnframe.schema.columns import as_words
from vpnframe.schema.joined import split_column

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NULL = -1


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of strings, stored as the distinct strings and a code for each row."""

    codes: Codes  # positions in ``words``, -1 for null
    words: pa.Array  # the distinct strings

    def texts(self, rows: Codes) -> pa.Array:
        """Return the column's strings at the positions ``rows``; the code -1 becomes null."""
        return take_words(self.words, self.codes[rows])

    def all(self) -> pa.Array:
        """Return the string of every row; a row with the code -1 becomes null."""
        return take_words(self.words, self.codes)

    def equals(self, word: str) -> Mask:
        """Return the mask of rows that have the given string."""
        code = self.words.index(word).as_py()  # -1 if no row has it
        return np.isin(self.codes, code) & (self.codes >= 0)


@dataclass(frozen=True, slots=True)
class CodedSets:
    """Sets of codes: the distinct set i has the members ``members[starts[i] : starts[i + 1]]``."""

    codes: Codes  # number of each owner's set, -1 for the empty set
    starts: Codes  # shape (m + 1,) for m distinct sets
    members: Codes  # sorted within each set

    @property
    def owners(self) -> Codes:
        """For each position in ``members``, the index of its distinct set."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def hold(self, sets: Codes, members: Codes) -> Mask:
        """Check for each i whether set ``sets[i]`` contains ``members[i]``; -1 gives False."""
        width = max(int(self.members.max(initial=0)), int(members.max(initial=0))) + 1
        known = self.owners * width + self.members  # sorted, as the members of each set are
        wanted = sets * width + members
        place = np.searchsorted(known, wanted)
        found: Mask = np.append(known, NULL)[place] == wanted
        return found & (sets >= 0) & (members >= 0)

    def intersect(self, one: Codes, other: Codes) -> Mask:
        """Check for each i whether the sets ``one[i]`` and ``other[i]`` have a common member."""
        which, member = self.elements(one)
        return np.isin(np.arange(len(one)), which[self.hold(other[which], member)])

    def elements(self, sets: Codes) -> tuple[Codes, Codes]:
        """For each member of each of the ``sets``, return the set's position, and the member."""
        which, place = expand(self.starts[sets], np.diff(self.starts)[sets])
        return which, self.members[place]


def encode(values: pd.Series[Any]) -> Coded:
    """Encode a column of strings as integer codes."""
    return encode_together([values])[0]


def encode_together(columns: Sequence[pd.Series[Any]]) -> list[Coded]:
    """Encode several columns so that equal strings have equal codes in all of them."""
    text = pa.large_string()
    chunks = [_whole(pa.array(as_words(column), type=text)) for column in columns]
    codes, words = _encode_texts(pa.concat_arrays(chunks))
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return [Coded(part, words) for part in np.split(codes, ends)]


def encode_lists(values: pd.Series[Any]) -> tuple[Codes, Coded]:
    """Encode the parts of a column of joined strings, see :mod:`vpnframe.schema.joined`.

    Return the row number of each part, and all parts as one encoded column.
    """
    lists = split_column(values)
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    codes, words = _encode_texts(pc.list_flatten(lists))
    return rows, Coded(codes, words)


def take_words(words: pa.Array, codes: Codes) -> pa.Array:
    """Return the string of each code; null for -1."""
    return words.take(pa.array(codes, mask=codes < 0))


def rank_rows(columns: Sequence[Codes]) -> Codes:
    """Rank rows by several columns in the given order, nulls last; equal rows have equal ranks."""
    return rank_sorted(*sort_rows(columns))


def sort_rows(columns: Sequence[Codes]) -> tuple[Codes, Codes]:
    """Sort rows by several columns, nulls last.

    Return the sorted row numbers, and the positions in them at which each group of equal rows
    begins.
    """
    keys, bound = np.zeros(len(columns[0]), np.int64), 1
    for column in columns:
        n_values = int(column.max(initial=0)) + 2
        if bound * n_values >= 2**62:
            # Ranks and codes are below 2**31: both count rows or words.
            keys, bound = rank_sorted(*_sort(keys)), len(keys)
        keys = keys * n_values + np.where(column < 0, n_values - 1, column)
        bound *= n_values
    return _sort(keys)


def rank_sorted(order: Codes, starts: Codes) -> Codes:
    """Return the rank of each row from the result of :func:`sort_rows`."""
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
    return ranks


def code_sets(owners: Codes, members: Codes, *, n_owners: int) -> CodedSets:
    """Return each owner's members as a set. Equal sets share a code; an empty set has -1."""
    # Both count rows or words, so they are below 2**31 and a pair of them fits one number.
    width = int(members.max(initial=0)) + 1
    owners, members = np.divmod(sort_distinct(owners * width + members), width)
    bounds = np.searchsorted(owners, np.arange(n_owners + 1))
    # The bytes of an owner's members form one value: equal sets are equal values.
    content = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), n_owners, [None, pa.py_buffer(bounds * 8), pa.py_buffer(members)]
    )
    numbers = content.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    first = np.unique(numbers, return_index=True)[1]
    counts = np.diff(bounds)
    position = np.repeat(bounds[first], counts[first]) + _count_up(counts[first])
    starts = np.concatenate([[0], np.cumsum(counts[first])])
    return CodedSets(np.where(counts == 0, NULL, numbers), starts, members[position])


def sort_distinct(keys: Codes) -> Codes:
    """Return the distinct values, sorted; many times faster than ``np.unique`` on large arrays."""
    keys = np.sort(keys)
    return keys[_is_first(keys)]


def expand(starts: Codes, counts: Codes) -> tuple[Codes, Codes]:
    """Expand ranges of integers, given their starts and lengths.

    Return the index of the range that each integer belongs to, and the integers.
    """
    return np.repeat(np.arange(len(starts)), counts), np.repeat(starts, counts) + _count_up(counts)


def _count_up(counts: Codes) -> Codes:
    """Return the integers from 0 to count - 1 for each count, concatenated."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - counts, counts)


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a chunked array as one array; columns that were concatenated are chunked."""
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _encode_texts(texts: pa.Array) -> tuple[Codes, pa.Array]:
    encoded = texts.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    rank = np.empty(len(order) + 1, np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    rank[-1] = NULL  # the last element, which -1 indexes
    indices = encoded.indices.fill_null(NULL).to_numpy(zero_copy_only=False)
    codes: Codes = rank[indices]
    return codes, encoded.dictionary.take(order)


def _sort(keys: Codes) -> tuple[Codes, Codes]:
    order = np.argsort(keys, kind="stable")
    return order, np.flatnonzero(_is_first(keys[order]))


def _is_first(keys: Codes) -> Mask:
    """Return the mask of keys that differ from the key before them; the keys are sorted."""
    is_first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    return is_first
