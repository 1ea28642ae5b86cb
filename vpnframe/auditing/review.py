"""Audit an inventory by rules, profiles and waivers, and return the result tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from vpnframe import schema
from vpnframe.auditing import profiling, summaries
from vpnframe.auditing.evaluation import evaluate
from vpnframe.auditing.findings import assemble
from vpnframe.auditing.fleet import gather
from vpnframe.auditing.folding import fold, is_counted
from vpnframe.auditing.logic import Mask, flags
from vpnframe.auditing.profiles.profiles import BASELINE, find_profiles
from vpnframe.auditing.rules import RULES
from vpnframe.auditing.settings import NO_SEVERITY, AuditSettings
from vpnframe.auditing.texts import texts
from vpnframe.auditing.verdicts import SEVERITIES
from vpnframe.auditing.waivers import (
    Waiver,
    apply_waivers,
    checked_waivers,
    expired,
    idle,
    read_waivers,
)
from vpnframe.errors import FindingsError, IncompleteWarning
from vpnframe.inventory import Inventory, checked_inventory
from vpnframe.schema.checked import checked_table

Waivers = str | Path | Sequence[Waiver] | None
Profiles = str | Path | Iterable[str | Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The result of an audit."""

    # findings, summary, connections, matrix: tables ``findings``, ``audit_summary``,
    # ``audit_connections`` and ``profile_matrix``
    findings: pd.DataFrame
    summary: pd.DataFrame
    connections: pd.DataFrame
    matrix: pd.DataFrame
    profiles: tuple[str, ...]  # names of the requested profiles
    changes: tuple[str, ...]  # sentences on disabled rules and changed severities
    notes: tuple[str, ...]  # ``changes``, and sentences on what was not read or not judged at all
    # Whether the fleet was read completely, including the routes needed for overlaps
    is_whole: bool
    now: datetime  # the time of judgement


def audit(
    inv: Inventory,
    *,
    profiles: Profiles = (BASELINE,),
    waivers: Waivers = None,
    owner_tag: str | None = None,
    settings: AuditSettings | None = None,
) -> pd.DataFrame:
    """Judge a fleet by every rule and by the given profiles.

    Parameters
    ----------
    inv : Inventory
        Inventory of one fetch.
    profiles : str, Path or iterable of them
        Names of shipped profiles, or paths of CSV files with other profiles.
    waivers : str, Path or sequence of Waiver, optional
        Waivers for accepted findings, or the path of a TOML file with waivers.
    owner_tag : str, optional
        The tag whose value is the owner of a connection or gateway.
    settings : AuditSettings, optional
        Optional settings; ``settings.owner_tag`` is used if ``owner_tag`` is None.

    Returns
    -------
    DataFrame
        Table ``findings``; open findings of the worst severity come first. Checks that pass produce
        no row; checks that could not be judged have the status ``unknown``. A row with a
        ``root_cause`` follows from another finding and is not counted. If most connections have the
        same fault, one more row reports it for the whole fleet.

    Raises
    ------
    SettingsError
        A profile does not exist, or a waiver is invalid.
    SchemaError
        ``inv`` is not an inventory, or a table does not match its schema.

    Warns
    -----
    IncompleteWarning
        The fleet was not read completely.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.model.records import Coverage, Records
    >>> read = Records(coverage=(Coverage(status="complete", region_id="cn-beijing"),))
    >>> audit(Inventory(**flattening.make_tables(read))).empty
    True
    """
    asked = settings or AuditSettings()
    told = replace(asked, owner_tag=owner_tag or asked.owner_tag)
    return _examine(_taken(inv), profiles=profiles, waivers=waivers, settings=told).findings


def audit_summary(
    inv: Inventory,
    *,
    profiles: Profiles = (BASELINE,),
    waivers: Waivers = None,
    settings: AuditSettings | None = None,
) -> pd.DataFrame:
    """Count for each rule and profile the rows that pass, that fail and that are unknown.

    Parameters
    ----------
    inv, profiles, waivers, settings
        As in :func:`audit`.

    Returns
    -------
    DataFrame
        Table ``audit_summary``; ``is_widespread`` marks rules that more than half of the
        connections or gateways fail.

    Raises
    ------
    SettingsError
        A profile does not exist, or a waiver is invalid.
    SchemaError
        ``inv`` is not an inventory, or a table does not match its schema.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.model.records import Records
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", IncompleteWarning)
    ...     audit_summary(Inventory(**flattening.make_tables(Records())))["n_failed"].sum()
    np.int64(0)
    """
    return _examine(_taken(inv), profiles=profiles, waivers=waivers, settings=settings).summary


def audit_connections(
    inv: Inventory,
    *,
    profiles: Profiles = (BASELINE,),
    waivers: Waivers = None,
    settings: AuditSettings | None = None,
) -> pd.DataFrame:
    """Return each connection's worst severity, finding counts and cryptographic strength.

    Parameters
    ----------
    inv, profiles, waivers, settings
        As in :func:`audit`.

    Returns
    -------
    DataFrame
        Table ``audit_connections``, one row per connection. ``severity`` ignores findings that
        follow from another finding or that more than half of the connections have.

    Raises
    ------
    SettingsError
        A profile does not exist, or a waiver is invalid.
    SchemaError
        ``inv`` is not an inventory, or a table does not match its schema.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.model.records import Records
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", IncompleteWarning)
    ...     audit_connections(Inventory(**flattening.make_tables(Records()))).empty
    True
    """
    inv = _taken(inv)
    return _examine(inv, profiles=profiles, waivers=waivers, settings=settings).connections


def profile_matrix(
    inv: Inventory, *, profiles: Profiles = (BASELINE,), settings: AuditSettings | None = None
) -> pd.DataFrame:
    """Return the standing (such as pass or fail) of each connection under each profile.

    Parameters
    ----------
    inv, profiles, settings
        As in :func:`audit`.

    Returns
    -------
    DataFrame
        Table ``profile_matrix``, one row per connection and profile. Rules and waivers have no
        effect on it.

    Raises
    ------
    SettingsError
        A profile does not exist.
    SchemaError
        ``inv`` is not an inventory, or a table does not match its schema.

    Examples
    --------
    >>> from vpnframe.inventory import flattening
    >>> from vpnframe.model.records import Records
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", IncompleteWarning)
    ...     profile_matrix(Inventory(**flattening.make_tables(Records()))).empty
    True
    """
    fleet = gather(_taken(inv), now=(settings or AuditSettings()).now)
    return summaries.matrix(fleet, profiling.opinions(fleet, find_profiles(profiles)))


def assert_no_findings(found: Inventory | pd.DataFrame, *, at_least: str = "high") -> pd.DataFrame:
    """Raise FindingsError if there are open findings, to stop a notebook or a pipeline.

    Parameters
    ----------
    found : Inventory or DataFrame
        An inventory, which is audited with the baseline profile, or a ``findings`` table.
    at_least : str
        The lowest severity that counts: critical, high, medium, low or info. Waived findings and
        those that could not be judged do not count.

    Returns
    -------
    DataFrame
        Table ``findings`` with all rows, if no open finding is that severe.

    Raises
    ------
    FindingsError
        There are open findings that severe; the message states their number and rules.
    SchemaError
        The table does not match its schema.
    ValueError
        ``at_least`` is not a severity.

    Examples
    --------
    >>> len(assert_no_findings(schema.empty("findings")))
    0
    """
    if isinstance(found, Inventory):
        findings = audit(found)
    else:
        needs = ("rule_id", "severity", "status")
        findings = checked_table("findings", found, needs=needs, or_else=" or an Inventory")
    bad = findings[at_or_over(findings, at_least)]
    if bad.empty:
        return findings if isinstance(found, Inventory) else found
    rank = bad["severity"].astype("str").map(SEVERITIES.index)
    ranked = rank.groupby(bad["rule_id"].astype("str")).agg(["max", "size"])
    counts = ranked.sort_values(["max", "size"], ascending=False)["size"]
    named = ", ".join(f"{rule} ({n:,})" for rule, n in counts.head(8).items())
    more = f" and {len(counts) - 8} more rules" if len(counts) > 8 else ""
    raise FindingsError(
        f"{len(bad):,} open findings of severity {at_least} or worse: {named}{more}",
        n_findings=len(bad),
    )


def at_or_over(findings: pd.DataFrame, severity: str) -> Mask:
    """Mark open findings of ``severity`` or worse that are not consequences of other findings."""
    if severity not in SEVERITIES:
        raise ValueError(f"{severity!r} {NO_SEVERITY}")
    return is_counted(findings) & flags(findings["severity"] >= severity)


def rules() -> pd.DataFrame:
    """List every rule with its severity, explanation and remediation.

    Parameters
    ----------
    None

    Returns
    -------
    DataFrame
        Table ``rules``; the rules with which profiles report values are last.

    Examples
    --------
    >>> rules().set_index("rule_id").loc["vpn-ike-des", "severity"]
    'critical'
    """
    by_id = {rule.rule_id: rule for rule in RULES}
    renamed = {"console_field": "console", "api_parameter": "api", "references": "cited"}
    columns: dict[str, list[object]] = {}
    for name in schema.find("rules").names:
        if name in ("implied_by", "profile_columns"):
            attribute = "columns" if name == "profile_columns" else name
            found = [getattr(by_id.get(one), attribute, ()) for one in texts()]
            columns[name] = [list(names) for names in found]
        else:
            listed = [getattr(text, renamed.get(name, name)) for text in texts().values()]
            columns[name] = [text or None for text in listed]
    return schema.build("rules", columns)


def examine(
    inv: Inventory,
    *,
    profiles: Profiles = (BASELINE,),
    waivers: Waivers = None,
    settings: AuditSettings | None = None,
) -> Review:
    """Audit a fleet, and return all result tables."""
    return _examine(checked_inventory(inv), profiles=profiles, waivers=waivers, settings=settings)


def _examine(
    inv: Inventory, *, profiles: Profiles, waivers: Waivers, settings: AuditSettings | None
) -> Review:
    told = settings or AuditSettings()
    now = (told.now or datetime.now(UTC)).astimezone(UTC)
    if isinstance(waivers, str | Path):
        accepted = read_waivers(waivers, now=now)
    else:
        accepted = checked_waivers(waivers or (), now=now)
    fleet = gather(inv, now=now, settings=told.for_overlaps())
    fleet = replace(fleet, shows_keys=told.with_key_facts)
    found = evaluate(
        fleet,
        profiles=find_profiles(profiles),
        rules=[rule for rule in RULES if rule.rule_id not in told.disabled],
    ).adjusted(told.disabled, told.ranks)
    opinions, checks = found.opinions, summaries.checks(fleet, found)
    drafts = [*found.drafts(), *told.drafts(), *expired(accepted, now=now)]
    findings = assemble(fleet, drafts, owner_tag=told.owner_tag)
    del found, drafts  # their texts take 150 bytes per finding
    findings = apply_waivers(findings, accepted, now=now)
    findings = fold(findings, n_connections=fleet.n_connections)
    return Review(
        findings=findings,
        summary=summaries.summary(checks, findings),
        connections=summaries.connections(fleet, findings),
        matrix=summaries.matrix(fleet, opinions),
        profiles=tuple(opinion.profile.name for opinion in opinions),
        changes=told.changes,
        notes=(*told.changes, *summaries.notes(inv, fleet), *idle(accepted, findings, now=now)),
        is_whole=inv.is_complete and bool(fleet.is_judged.all()),
        now=now,
    )


def _taken(inv: Inventory) -> Inventory:
    """Return the inventory with its tables cast to their schemas; warn if it is incomplete."""
    inv = checked_inventory(inv)
    if not inv.is_complete:
        warnings.warn(inv.coverage_sentence(), IncompleteWarning, stacklevel=3)
    return inv
