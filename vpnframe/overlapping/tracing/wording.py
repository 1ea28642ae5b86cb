"""Words for the reasons that a trace gives."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 3


def listed(names: Iterable[str]) -> str:
    """Write names as a sentence has them: three at most, the others counted.

    Parameters
    ----------
    names : iterable of str
        For example connection ids.

    Returns
    -------
    str
        Joined by commas and "and".

    Examples
    --------
    >>> listed(["vco-1", "vco-2", "vco-3", "vco-4", "vco-5"])
    'vco-1, vco-2, vco-3 and 2 more'
    """
    every = list(names)
    shown = every[:_MOST] if len(every) > _MOST + 1 else every
    if len(shown) < len(every):
        return f"{', '.join(shown)} and {len(every) - len(shown)} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))
