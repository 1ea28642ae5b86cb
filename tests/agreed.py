"""What the audit's data must say, once more and written otherwise."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from rule_cases import SPECS

# The severities of findings that no rule makes.
OTHERS = {
    "vpn-waiver-expired": "medium", "vpn-strength-low": "info", "vpn-coverage": "info",
    "vpn-rule-changed": "info",
}  # fmt: skip
# The rules whose references were read with the text at hand; others are to be seen, not proof.
VERIFIED = {rule_id for rule_id, spec in SPECS.items() if spec.is_verified}
_LINE = re.compile(r"(\w+) \((\w+)\): (.+)")


def severities() -> dict[str, str]:
    """How bad each rule is where a row has no other severity."""
    return OTHERS | {rule_id: spec.severity for rule_id, spec in SPECS.items()}


@cache
def verdicts() -> dict[str, dict[str, tuple[str, dict[str, str]]]]:
    """Profile, column, then how that is known and the verdicts; a range by its first number."""
    found: dict[str, dict[str, tuple[str, dict[str, str]]]] = {}
    text = Path(__file__).parent.joinpath("data", "verdicts.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            profile = found.setdefault(line.strip("[]"), {})
        elif line:
            column, basis, pairs = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
            profile[column] = (basis, dict(pair.split(" ") for pair in pairs.split(", ")))
    return found
