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
class FieldComparison:
    """One field of one tunnel, held against the other end."""

    field: str  # the column of ``tunnels``, or what else was looked at
    result: Result  # match, mismatch, works-until-rekey, unverifiable or info
    # ours, theirs: both values, as text
    ours: str | None
    theirs: str | None
    reason: str  # why, in a sentence
    ike_error: IkeError = "none"  # what IKE would answer; none where it would not notice
    child: str | None = None  # the child SA of the other end that it is about
