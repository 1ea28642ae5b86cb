"""``vpnframe audit``."""

from __future__ import annotations

import sys

import typer

from vpnframe.auditing.narrowing import examine_for_sharing, narrow
from vpnframe.auditing.profiles.profiles import BASELINE
from vpnframe.auditing.review import AuditSettings, at_or_over, examine
from vpnframe.cli.audit_options import (
    AllOption,
    ByOption,
    ExplainOption,
    FailOnOption,
    FamilyOption,
    FolderOrNothing,
    OutDirOption,
    ProfileOption,
    RuleOption,
    SeverityOption,
    StyleOption,
    WaiversOption,
    WithoutKeyFindingsOption,
    check_owners,
    known_families,
)
from vpnframe.cli.audit_output import (
    ReviewFormat,
    explain,
    known_rules,
    print_review,
    write_by_owner,
)
from vpnframe.cli.options import LimitOption, OutputOption, SnapshotOption, WithKeyFactsOption
from vpnframe.cli.overlap_options import (
    NatOption,
    OwnerTagOption,
    TopologyOption,
    make_overlap_settings,
)
from vpnframe.cli.reading import NOT_COMPLETE, read_snapshot

FOUND = 3


def run(
    folder: FolderOrNothing = None,
    profile: ProfileOption = None,
    waivers: WaiversOption = None,
    owner_tag: OwnerTagOption = None,
    by: ByOption = None,
    out_dir: OutDirOption = None,
    fail_on: FailOnOption = None,
    family: FamilyOption = None,
    severity: SeverityOption = None,
    rule: RuleOption = None,
    with_folded: AllOption = False,
    topology: TopologyOption = None,
    nat: NatOption = None,
    with_key_facts: WithKeyFactsOption = False,
    without_key_findings: WithoutKeyFindingsOption = False,
    explain_rule: ExplainOption = None,
    limit: LimitOption = None,
    style: StyleOption = ReviewFormat.TABLE,
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
    check_owners(by=by, owner_tag=owner_tag, out_dir=out_dir, single=output or limit)
    if with_key_facts and without_key_findings:
        raise typer.BadParameter("--with-key-facts and --without-key-findings contradict")
    inventory = read_snapshot(folder, snapshot)
    settings = AuditSettings(
        owner_tag=owner_tag,
        with_key_facts=with_key_facts,
        overlaps=make_overlap_settings(topology=topology, nat=nat),
    )
    judge = examine_for_sharing if without_key_findings else examine
    review = judge(inventory, profiles=profile or (BASELINE,), waivers=waivers, settings=settings)
    if family or severity or rule:
        review = narrow(
            review,
            rules=known_rules(rule or ()),
            families=known_families(family or ()),
            severity=severity,
        )
        with_folded = with_folded or bool(family or rule)  # their causes may be filtered out
    if out_dir is not None and owner_tag is not None:
        write_by_owner(
            review,
            inventory.connections,
            style,
            owner_tag=owner_tag,
            folder=out_dir,
            is_private=with_key_facts,
            with_folded=with_folded,
        )
    else:
        print_review(
            review,
            style,
            output=output,
            limit=limit,
            is_private=with_key_facts,
            with_folded=with_folded,
        )
    n_bad = 0 if fail_on is None else int(at_or_over(review.findings, fail_on).sum())
    if n_bad:
        print(f"vpnframe: {n_bad:,} open findings are {fail_on} or worse", file=sys.stderr)
        raise typer.Exit(FOUND)
    if not review.is_whole:
        raise typer.Exit(NOT_COMPLETE)
