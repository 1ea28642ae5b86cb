"""Implement the command ``vpnframe audit``, which checks the security of a fleet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from vpnframe.auditing.narrowing import examine_for_sharing, narrow
from vpnframe.auditing.profiles.profiles import BASELINE
from vpnframe.auditing.review import at_or_over, examine
from vpnframe.auditing.settings import AuditSettings
from vpnframe.cli.audit_output import ReviewOptions, explain, rule_text
from vpnframe.cli.exit_codes import ExitCode, SettingsFileError
from vpnframe.cli.inventories import SnapshotOptions
from vpnframe.cli.options import flag, one_of, option
from vpnframe.cli.overlap_parts import OverlapOptions, OwnerTagOption
from vpnframe.cli.settings_file import read_settings_file
from vpnframe.cli.streams import warn
from vpnframe.errors import SettingsError
from vpnframe.schema.tables.declaring import FAMILIES

Severity = Literal["critical", "high", "medium", "low", "info"]


def run(
    *,
    stored: SnapshotOptions,
    profile: Annotated[
        list[str] | None,
        option(
            "NAME|FILE",
            f"Check against this standard, or against your own standard in a CSV file; repeatable. "
            f"The default is {BASELINE}.",
        ),
    ] = None,
    waivers: Annotated[
        Path | None,
        option(
            "FILE",
            "TOML file with findings that you accept. Each is a table `waiver` with the keys rule, "
            "selector, reason, owner, approver, ticket, created and until.",
        ),
    ] = None,
    owner_tag: OwnerTagOption = None,
    by: Annotated[
        Literal["owner"] | None,
        typer.Option(help="Write a file with the findings of each owner into --out-dir."),
    ] = None,
    out_dir: Annotated[
        Path | None, option("DIR", "The folder into which --by writes files.")
    ] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option(help="Exit with code 3 if an open finding has this severity or a worse one."),
    ] = None,
    family: Annotated[
        list[str] | None,
        option(
            "FAMILY",
            f"Print only findings of this family of rules ({', '.join(FAMILIES)}); repeatable. "
            "Other findings are not counted, and --fail-on ignores them.",
            callback=one_of(FAMILIES),
        ),
    ] = None,
    severity: Annotated[
        Severity | None, typer.Option(help="Print only findings of this severity or a worse one.")
    ] = None,
    rule: Annotated[
        list[str] | None, option("RULE", "Print only findings of this rule; repeatable.")
    ] = None,
    known: OverlapOptions,
    without_key_findings: Annotated[
        bool,
        flag(
            "--without-key-findings",
            "Do not name the connections that have a weak pre-shared key, but only count them by "
            "rule, so that the output can be shared. By default the connections are named, and a "
            "file that names one has mode 0600.",
        ),
    ] = False,
    explain_rule: Annotated[
        str | None, option("RULE", "Print an explanation of this rule, and exit.", "--explain")
    ] = None,
    printed: ReviewOptions,
) -> ExitCode:
    """Check a fleet against security rules and standards; accepted findings are marked.

    A check that passes has no finding. A check that cannot be made, because data is missing, has a
    finding with the status unknown. The exit code is 3 if an open finding has the severity of
    --fail-on or a worse one. Otherwise it is 4 if the fleet, or the routes that decide about
    overlaps, were not read completely.
    """
    if explain_rule is not None:
        explain(explain_rule)
        return ExitCode.DONE
    if (by is None) != (out_dir is None) or (by and owner_tag is None):
        raise typer.BadParameter(
            "--by owner needs --out-dir DIR and --owner-tag TAG; --out-dir needs --by owner"
        )
    if by and (printed.output or printed.limit) is not None:
        raise typer.BadParameter(
            "--by owner writes whole files into --out-dir: do not use --output or --limit with it"
        )
    if printed.with_key_facts and without_key_findings:
        raise typer.BadParameter(
            "--with-key-facts and --without-key-findings contradict each other: use only one"
        )
    inventory = stored.read()
    settings = _settings(
        stored.config,
        owner_tag=owner_tag,
        with_key_facts=printed.with_key_facts,
        overlaps=known.settings(),
    )
    judge = examine_for_sharing if without_key_findings else examine
    review = judge(inventory, profiles=profile or (BASELINE,), waivers=waivers, settings=settings)
    if family or severity or rule:
        rules = [rule_text(one, "--rule").rule_id for one in rule or ()]
        review = narrow(review, rules=rules, families=family or (), severity=severity)
    if family or rule:  # folded findings stand alone if their cause is left out
        printed = replace(printed, with_folded=True)
    for text in review.notes:
        warn(text)
    if out_dir is not None and owner_tag is not None:
        printed.write_by_owner(review, inventory.connections, owner_tag=owner_tag, folder=out_dir)
    else:
        printed.print(review)
    if fail_on is not None and (n_bad := int(at_or_over(review.findings, fail_on).sum())):
        warn(f"{n_bad:,} open findings are of severity {fail_on} or worse")
        return ExitCode.FOUND
    return ExitCode.DONE if review.is_whole else ExitCode.INCOMPLETE


def _settings(path: Path | None, **options: Any) -> AuditSettings:
    """Return the settings of an audit, with the rules that a settings file disables or changes."""
    if path is None:
        return AuditSettings(**options)
    file = read_settings_file(path)
    try:
        return AuditSettings(disabled=file.disabled, severities=file.severities, **options)
    except SettingsError as error:
        raise SettingsFileError(f"{path}: {error}") from None
