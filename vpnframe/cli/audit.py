"""Review the security of a fleet: the command ``vpnframe audit``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

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
        option("NAME|FILE", f"A standard, or your own CSV file; repeatable. Default: {BASELINE}."),
    ] = None,
    waivers: Annotated[
        Path | None,
        option(
            "FILE",
            "Accepted findings, as a TOML file of tables `waiver`, with rule, selector, reason, "
            "owner, approver, ticket, created and until.",
        ),
    ] = None,
    owner_tag: OwnerTagOption = None,
    by: Annotated[
        Literal["owner"] | None, typer.Option(help="Write one file per owner into --out-dir.")
    ] = None,
    out_dir: Annotated[Path | None, option("DIR", "The folder for the files of --by.")] = None,
    fail_on: Annotated[
        Severity | None,
        typer.Option(help="Exit with 3 if an open finding has this severity or a worse one."),
    ] = None,
    family: Annotated[
        list[str] | None,
        option(
            "FAMILY",
            f"Only findings of this family ({', '.join(FAMILIES)}); repeatable. Other "
            "findings are neither counted nor seen by --fail-on.",
            callback=one_of(FAMILIES),
        ),
    ] = None,
    severity: Annotated[
        Severity | None, typer.Option(help="Only findings of this severity or a worse one.")
    ] = None,
    rule: Annotated[
        list[str] | None, option("RULE", "Only findings of this rule; repeatable.")
    ] = None,
    known: OverlapOptions,
    without_key_findings: Annotated[
        bool,
        flag(
            "--without-key-findings",
            "Leave out which connections have a weak pre-shared key, and only count them by rule: "
            "the output can be shared. By default such findings are listed, and a file that "
            "contains one has mode 0600.",
        ),
    ] = False,
    explain_rule: Annotated[
        str | None, option("RULE", "Explain one rule, and stop.", "--explain")
    ] = None,
    printed: ReviewOptions,
) -> ExitCode:
    """Review a fleet by all rules and by standards, with accepted findings marked.

    Checks that pass produce no finding; a check that lacks data produces one, marked unknown. The
    exit code is 3 by --fail-on, else 4 if the fleet, or the routes that decide overlaps, were not
    read completely.
    """
    if explain_rule is not None:
        explain(explain_rule)
        return ExitCode.DONE
    if (by is None) != (out_dir is None) or (by and owner_tag is None):
        raise typer.BadParameter("--by owner needs --owner-tag TAG and --out-dir DIR")
    if by and (printed.output or printed.limit) is not None:
        raise typer.BadParameter(
            "--by owner writes whole files into --out-dir: leave out -o and --limit"
        )
    if printed.with_key_facts and without_key_findings:
        raise typer.BadParameter("--with-key-facts and --without-key-findings contradict: give one")
    inventory = stored.read()
    settings = _with_rules(
        AuditSettings(
            owner_tag=owner_tag, with_key_facts=printed.with_key_facts, overlaps=known.settings()
        ),
        stored.config,
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
    n_bad = 0 if fail_on is None else int(at_or_over(review.findings, fail_on).sum())
    if n_bad:
        warn(f"{n_bad:,} open findings are {fail_on} or worse")
        return ExitCode.FOUND
    return ExitCode.DONE if review.is_whole else ExitCode.INCOMPLETE


def _with_rules(settings: AuditSettings, path: Path | None) -> AuditSettings:
    """Add the disabled rules and the severities of a settings file."""
    if path is None:
        return settings
    file = read_settings_file(path)
    try:
        return replace(settings, disabled=file.disabled, severities=file.severities)
    except SettingsError as error:
        raise SettingsFileError(f"{path}: {error}") from None
