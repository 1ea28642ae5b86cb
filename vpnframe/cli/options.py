"""Options that several commands share; each has an environment variable VPNFRAME_<NAME>."""

from __future__ import annotations

import logging
import math
import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.output import Format
from vpnframe.cloud.actions import Limit
from vpnframe.fetching.settings import FetchSettings, read_accounts

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="An inventory folder, as fetch and load write it.")
]
OutOption = Annotated[
    Path, typer.Option(envvar="VPNFRAME_OUT", metavar="DIR", help="The inventory folder.")
]
SnapshotOption = Annotated[
    str,
    typer.Option(
        envvar="VPNFRAME_SNAPSHOT", metavar="ID", help="Which snapshot; the newest by default."
    ),
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", "-f", envvar="VPNFRAME_FORMAT", help="How tables are printed."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        envvar="VPNFRAME_OUTPUT",
        metavar="FILE",
        help="Write there, not to standard output.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=0,
        envvar="VPNFRAME_LIMIT",
        metavar="N",
        help="At most so many rows; the rest is counted.",
    ),
]
WithKeyFactsOption = Annotated[
    bool,
    typer.Option(
        "--with-key-facts",
        envvar="VPNFRAME_WITH_KEY_FACTS",
        help="Show what is known of pre-shared keys, too: who is weak is a list of targets.",
    ),
]
PskKeyFileOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_PSK_KEY_FILE",
        metavar="FILE",
        help="A key of your own, 32 random bytes or more, mode 0600: it makes fingerprints of "
        "pre-shared keys comparable across snapshots.",
    ),
]
WithoutKeyFactsOption = Annotated[
    bool,
    typer.Option(
        "--without-key-facts",
        envvar="VPNFRAME_WITHOUT_KEY_FACTS",
        help="Find out nothing of pre-shared keys but whether they were shown.",
    ),
]
AccountsOption = Annotated[
    Path | None,
    typer.Option(
        envvar="VPNFRAME_ACCOUNTS",
        metavar="FILE",
        help="Several accounts, from accounts.toml: name, profile, role_arn, skip_regions, "
        "quota_share.",
    ),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_REGION", metavar="ID", help="Only this region; may be given again."
    ),
]
SkipRegionOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_SKIP_REGION",
        metavar="ID",
        help="Leave this region out; it is shown as skipped. May be given again.",
    ),
]
DownloadsOption = Annotated[
    str,
    typer.Option(
        envvar="VPNFRAME_DOWNLOADS",
        metavar="all|none|SHARE",
        help="all: every configuration. none: the list rows alone, in seconds. 5%: so many, "
        "drawn at random.",
    ),
]
RoutesOption = Annotated[
    bool,
    typer.Option(
        "--routes/--no-routes",
        envvar="VPNFRAME_ROUTES",
        help="Whether to read VPCs and routes: connections without selectors have their prefixes "
        "there. Without them such connections are not judged.",
    ),
]


def _refuse_empty_endpoint(endpoint: str | None) -> str | None:
    """Refuse an empty variable, which would otherwise mean the real cloud."""
    if endpoint is None and "VPNFRAME_ENDPOINT" in os.environ:
        raise typer.BadParameter(
            "VPNFRAME_ENDPOINT is empty: unset it to ask the cloud, or set it to a URL"
        )
    return endpoint


EndpointOption = Annotated[
    str | None,
    typer.Option(
        envvar="VPNFRAME_ENDPOINT",
        metavar="URL",
        callback=_refuse_empty_endpoint,
        help="Send every call there instead.",
    ),
]
CaFileOption = Annotated[
    Path | None,
    typer.Option(envvar="VPNFRAME_CA_FILE", metavar="FILE", help="Trust this CA, in PEM."),
]
QuotaOption = Annotated[
    list[str] | None,
    typer.Option(
        envvar="VPNFRAME_QUOTA",
        metavar="ACTION=COUNT/SECONDS",
        help="Your quota of a call, where it is not the published one; may be given again.",
    ),
]
QuotaShareOption = Annotated[
    float,
    typer.Option(
        envvar="VPNFRAME_QUOTA_SHARE",
        metavar="SHARE",
        help="The part of each quota to use: it is shared with the whole account.",
    ),
]
DeadlineOption = Annotated[
    float | None,
    typer.Option(
        envvar="VPNFRAME_DEADLINE",
        metavar="SECONDS",
        help="Stop then; what was read is written, and --resume goes on.",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        envvar="VPNFRAME_VERBOSE",
        help="Log what happens, and every call that failed.",
    ),
]


def parse_quota(text: str) -> tuple[str, Limit]:
    """Parse a quota from the command line.

    Examples
    --------
    >>> parse_quota("DownloadVpnConnectionConfig=60/60")
    ('DownloadVpnConnectionConfig', Limit(count=60, per_s=60.0))
    """
    match = re.fullmatch(r"(\w+)=([1-9][0-9]{0,6})/([0-9]{1,6}(?:\.[0-9]+)?)", text, re.ASCII)
    if match is None or float(match[3]) <= 0:
        raise typer.BadParameter(f"{text!r} is not ACTION=COUNT/SECONDS")
    return match[1], Limit(int(match[2]), per_s=float(match[3]))


def make_settings(
    *,
    accounts: Path | None,
    quota: list[str] | None,
    quota_share: float,
    ca_file: Path | None,
    skip_region: list[str] | None,
    deadline: float | None = None,
) -> FetchSettings:
    """Build the settings from the options of every command that calls the cloud."""
    return FetchSettings(
        quota_share=quota_share,
        quotas=dict(map(parse_quota, quota or [])),
        accounts=read_accounts(accounts) if accounts else (),
        ca_file=ca_file,
        skip_regions=skip_region or (),
        deadline_s=math.inf if deadline is None else deadline,
    )


def log_to_stderr(is_wanted: bool) -> None:
    """Print the log, including every failed call, on standard error if wanted."""
    if is_wanted:
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("vpnframe").setLevel(logging.DEBUG)
