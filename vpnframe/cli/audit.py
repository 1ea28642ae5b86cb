"""``vpnframe audit``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from vpnframe.auditing.review import BASELINE, AuditSettings, at_or_over, examine
from vpnframe.cli.audit_output import ReviewFormat, explain, print_review, write_by_owner
from vpnframe.cli.options import LimitOption, OutputOption, SnapshotOption, WithKeyFactsOption
from vpnframe.cli.reading import NOT_COMPLETE
from vpnframe.inventory import read_inventory

FOUND = 3


def run(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An inventory folder, as fetch and load write it."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VPNFRAME_PROFILE",
            metavar="NAME|FILE",
            help=f"A standard by name, or a CSV file of your own; may be given again. {BASELINE} "
            "otherwise.",
        ),
    ] = None,
    waivers: Annotated[
        Path | None,
        typer.Option(
            envvar="VPNFRAME_WAIVERS",
            metavar="FILE",
            help="Accepted findings, in TOML: rule, selector, reason, owner, approver, ticket, "
            "created, until.",
        ),
    ] = None,
    owner_tag: Annotated[
        str | None,
        typer.Option(
            envvar="VPNFRAME_OWNER_TAG", metavar="KEY", help="The tag that names who owns a thing."
        ),
    ] = None,
    by: Annotated[
        Literal["owner"] | None,
        typer.Option(envvar="VPNFRAME_BY", help="One file per owner, into --out-dir."),
    ] = None,
    out_dir: Annotated[
        Path | None,
        typer.Option(envvar="VPNFRAME_OUT_DIR", metavar="DIR", help="Where --by writes."),
    ] = None,
    fail_on: Annotated[
        Literal["critical", "high", "medium", "low", "info"] | None,
        typer.Option(
            envvar="VPNFRAME_FAIL_ON",
            help="Exit with 3 when a finding as bad as this, or worse, is open.",
        ),
    ] = None,
    with_key_facts: WithKeyFactsOption = False,
    explain_rule: Annotated[
        str | None,
        typer.Option(
            "--explain", envvar="VPNFRAME_EXPLAIN", metavar="RULE", help="Print one rule, and stop."
        ),
    ] = None,
    limit: LimitOption = None,
    style: Annotated[
        ReviewFormat,
        typer.Option("--format", "-f", envvar="VPNFRAME_FORMAT", help="How findings are written."),
    ] = ReviewFormat.TABLE,
    output: OutputOption = None,
    snapshot: SnapshotOption = "latest",
) -> None:
    """Review a fleet: every rule, standards, and what was accepted.

    What passes is no finding; what could not be judged is one, marked unknown. The exit code is 3
    by --fail-on, else 4 where the fleet, or the routes that overlaps are judged by, were not read
    completely.
    """
    if explain_rule is not None:
        explain(explain_rule)
        return
    if folder is None:
        raise typer.BadParameter("name an inventory folder, or a rule with --explain")
    if (by is None) != (out_dir is None) or (by and owner_tag is None):
        raise typer.BadParameter("--by owner needs --owner-tag KEY and --out-dir DIR")
    if by and (output is not None or limit is not None):
        raise typer.BadParameter("--by owner writes whole files into --out-dir: leave out the rest")
    inventory = read_inventory(folder, snapshot=snapshot)
    review = examine(
        inventory,
        profiles=profile or (BASELINE,),
        waivers=waivers,
        settings=AuditSettings(owner_tag=owner_tag, with_key_facts=with_key_facts),
    )
    if out_dir is not None and owner_tag is not None:
        write_by_owner(review, inventory.connections, style, owner_tag=owner_tag, folder=out_dir)
    else:
        print_review(review, style, output=output, limit=limit, is_private=with_key_facts)
    n_bad = 0 if fail_on is None else int(at_or_over(review.findings, fail_on).sum())
    if n_bad:
        print(f"vpnframe: {n_bad:,} open findings are {fail_on} or worse", file=sys.stderr)
        raise typer.Exit(FOUND)
    if not review.is_whole:
        raise typer.Exit(NOT_COMPLETE)
