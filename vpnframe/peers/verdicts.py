"""What a comparison says of one field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["match", "mismatch", "works-until-rekey", "unverifiable", "info"]
IkeError = Literal[
    "none",
    "NO_PROPOSAL_CHOSEN",
    "AUTHENTICATION_FAILED",
    "TS_UNACCEPTABLE",
    "INVALID_KE_PAYLOAD",
    "INVALID_ID_INFORMATION",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One field of one tunnel, held against the other end.

    Parameters
    ----------
    field : str
        The column of ``tunnels``, or what else was looked at.
    result : str
        match, mismatch, works-until-rekey, unverifiable or info.
    ours, theirs : str or None
        Both values, as text.
    reason : str
        Why, in a sentence.
    ike_error : str
        What IKE would answer; none where it would not notice.
    child : str or None
        The child SA of the other end that it is about.
    """

    field: str
    result: Result
    ours: str | None
    theirs: str | None
    reason: str
    ike_error: IkeError = "none"
    child: str | None = None
