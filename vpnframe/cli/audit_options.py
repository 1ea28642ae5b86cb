"""The options of ``vpnframe audit``, and their valid combinations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from vpnframe.auditing.profiles.profiles import BASELINE
from vpnframe.cli.audit_output import ReviewFormat
from vpnframe.schema.tables.parts import FAMILIES

Severity = Literal["critical", "high", "medium", "low", "info"]
FolderOrNothing = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="An inventory folder, as fetch and load write it."),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_PROFILE",
        metavar="NAME|FILE",
        help=f"A standard by name, or a CSV file of your own; may be given again. {BASELINE} "
        "otherwise.",
    ),
]
WaiversOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_WAIVERS",
        metavar="FILE",
        help="Accepted findings, in TOML: rule, selector, reason, owner, approver, ticket, "
        "created, until.",
    ),
]
ByOption = Annotated[
    Literal["owner"] | None,
    typer.Option(envvar="VPNFRAME_BY", help="One file per owner, into --out-dir."),
]
OutDirOption = Annotated[
    Path | None,
    typer.Option(envvar="VPNFRAME_OUT_DIR", metavar="DIR", help="Where --by writes."),
]
FailOnOption = Annotated[
    Severity | None,
    typer.Option(
        envvar="VPNFRAME_FAIL_ON",
        help="Exit with 3 when a finding as bad as this, or worse, is open.",
    ),
]
ExplainOption = Annotated[
    str | None,
    typer.Option(
        "--explain", envvar="VPNFRAME_EXPLAIN", metavar="RULE", help="Print one rule, and stop."
    ),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "--all",
        envvar="VPNFRAME_ALL",
        help="List findings that follow from others, too. CSV, JSON lines, Parquet, SARIF and OCSF "
        "always hold them, with their root cause.",
    ),
]
FamilyOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_FAMILY",
        metavar="FAMILY",
        help=f"Only findings of this family ({', '.join(FAMILIES)}); may be given again. "
        "What is left out is in no count, "
        "and --fail-on does not see it.",
    ),
]
SeverityOption = Annotated[
    Severity | None,
    typer.Option(envvar="VPNFRAME_SEVERITY", help="Only findings as bad as this, or worse."),
]
RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", envvar="VPNFRAME_RULE", metavar="RULE", help="Only this rule; may be given again."
    ),
]
WithoutKeyFindingsOption = Annotated[
    bool,
    typer.Option(
        "--without-key-findings",
        envvar="VPNFRAME_WITHOUT_KEY_FINDINGS",
        help="Leave out whose pre-shared key is weak, for sharing; how many are is told by rule. "
        "Otherwise such findings are listed, and a file that holds one has mode 0600; length, "
        "class and bits of keys need --with-key-facts.",
    ),
]
StyleOption = Annotated[
    ReviewFormat,
    typer.Option("--format", "-f", envvar="VPNFRAME_FORMAT", help="How findings are written."),
]


def check_owners(
    *, by: str | None, owner_tag: str | None, out_dir: Path | None, single: object | None
) -> None:
    """Reject an incomplete ``--by owner``, and options that do not apply to it."""
    if (by is None) != (out_dir is None) or (by and owner_tag is None):
        raise typer.BadParameter("--by owner needs --owner-tag TAG and --out-dir DIR")
    if by and single is not None:
        raise typer.BadParameter("--by owner writes whole files into --out-dir: leave out the rest")


def known_families(families: Iterable[str]) -> list[str]:
    """Return the requested families, and reject unknown ones."""
    found = list(families)
    for one in found:
        if one not in FAMILIES:
            message = f"there is no family {one!r}: {', '.join(FAMILIES)}"
            raise typer.BadParameter(message, param_hint="--family")
    return found
