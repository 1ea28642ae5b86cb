"""The result of comparing one field."""

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
    """One field of one tunnel, compared with the peer."""

    field: str  # the column of ``tunnels``, or another subject
    result: Result  # match, mismatch, works-until-rekey, unverifiable or info
    # ours, theirs: both values, as text
    ours: str | None
    theirs: str | None
    reason: str  # one sentence
    ike_error: IkeError = "none"  # the error that IKE reports; none if it notices nothing
    child: str | None = None  # the peer's child SA, if it concerns one
