"""Settings of an audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from vpnframe.auditing.drafts import Draft, single
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import COVERAGE, RULE_CHANGED, SEVERITIES
from vpnframe.errors import SettingsError
from vpnframe.overlapping.settings import OverlapSettings

_ALWAYS = (COVERAGE, RULE_CHANGED)
NO_SEVERITY = f"is not a severity: write one of {', '.join(reversed(SEVERITIES))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Optional settings of an audit.

    Parameters
    ----------
    owner_tag : str or None
        The tag whose value is the owner of a connection or gateway.
    now : datetime or None
        The time of judgement; None means the current time. A time without a time zone is local.
    with_key_facts : bool
        Whether findings show the class and bits of pre-shared keys, which would help an attacker.
    overlaps : OverlapSettings or None
        Known links and NAT that the tables do not contain. Its owner tag defaults to ``owner_tag``.
    disabled : mapping of str to str
        Rules that are not applied. The keys are rule ids; the values are reasons. A profile that
        rejects the same value still reports it, with the rule id of the profile.
    severities : mapping of str to (str, str)
        Changed severities of rules. The keys are rule ids; a value is a severity and a reason.
    """

    owner_tag: str | None = None
    now: datetime | None = None
    with_key_facts: bool = False
    overlaps: OverlapSettings | None = None
    disabled: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule_id in (*self.disabled, *self.severities):
            if rule_id not in texts():
                raise SettingsError(f"there is no rule {rule_id!r}: vf.rules() lists all rules")
        for rule_id in _ALWAYS:
            if rule_id in self.disabled:
                raise SettingsError(
                    f"{rule_id} cannot be disabled: it reports what was not read or not judged"
                )
        for rule_id, (severity, reason) in self.severities.items():
            if severity not in SEVERITIES:
                raise SettingsError(f"severity of {rule_id}: {severity!r} {NO_SEVERITY}")
            _check_reason(rule_id, reason)
        for rule_id, reason in self.disabled.items():
            _check_reason(rule_id, reason)

    @property
    def ranks(self) -> dict[str, int]:
        """For each rule in ``severities``, the position of its new severity in ``SEVERITIES``."""
        return {rule_id: SEVERITIES.index(one) for rule_id, (one, _) in self.severities.items()}

    @property
    def changes(self) -> tuple[str, ...]:
        """One sentence for each rule that is disabled or has a changed severity."""
        disabled = (f"rule {rule_id} is disabled: {why}" for rule_id, why in self.disabled.items())
        changed = (
            f"rule {rule_id} has severity {severity} instead of {texts()[rule_id].severity}: {why}"
            for rule_id, (severity, why) in self.severities.items()
        )
        return *disabled, *changed

    def drafts(self) -> list[Draft]:
        """Return one finding for each sentence in ``changes``, so that every output shows them."""
        text, rules = texts()[RULE_CHANGED], (*self.disabled, *self.severities)
        return [
            single(text, column=rule_id, value=rule_id, evidence=change, is_open=False)
            for rule_id, change in zip(rules, self.changes, strict=True)
        ]

    def for_overlaps(self) -> OverlapSettings:
        """Return the settings of the overlap analysis."""
        known = self.overlaps or OverlapSettings()
        return replace(known, owner_tag=known.owner_tag or self.owner_tag)


def _check_reason(rule_id: str, reason: str) -> None:
    if not isinstance(reason, str) or not reason.strip():
        raise SettingsError(f"{rule_id}: give a reason why you disable or change this rule")
