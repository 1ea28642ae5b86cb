"""Options that several commands share; each dataclass is a group of them, with their defaults."""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vpnframe.cloud.actions import Limit
from vpnframe.fetching.accounts import read_accounts
from vpnframe.fetching.settings import FetchSettings

OutOption = Annotated[Path, typer.Option(metavar="DIR", help="The inventory folder.")]
LimitOption = Annotated[
    int | None,
    typer.Option(
        min=0, metavar="N", help="Print at most N rows; the number of further rows is reported."
    ),
]
WithKeyFactsOption = Annotated[
    bool,
    typer.Option(
        "--with-key-facts",
        help="Also show facts about pre-shared keys. Keep them private: they show who is weak.",
    ),
]
PskKeyFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Your own key, 32 random bytes or more, mode 0600: it makes fingerprints of "
        "pre-shared keys comparable across snapshots.",
    ),
]
WithoutKeyFactsOption = Annotated[
    bool,
    typer.Option(
        "--without-key-facts",
        help="Record nothing about pre-shared keys except whether they were returned.",
    ),
]


def _refuse_empty_endpoint(endpoint: str | None) -> str | None:
    """Refuse an empty variable, which would otherwise mean the real cloud."""
    if endpoint is None and "VPNFRAME_ENDPOINT" in os.environ:
        raise typer.BadParameter(
            "VPNFRAME_ENDPOINT is empty: unset it to ask the cloud, or set it to a URL"
        )
    return endpoint


def _start_log(is_wanted: bool) -> bool:
    """Print the log, including every failed call, on standard error if wanted."""
    if is_wanted:
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("vpnframe").setLevel(logging.DEBUG)
    return is_wanted


@dataclass(frozen=True, kw_only=True)
class CloudOptions:
    """Options of every command that calls the cloud."""

    accounts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Several accounts, from accounts.toml: name, profile, role_arn, skip_regions, "
            "quota_share.",
        ),
    ] = None
    region: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this region; repeatable.")
    ] = None
    skip_region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Leave out this region; it is reported as skipped. Repeatable."
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            callback=_refuse_empty_endpoint,
            help="Send every call to this URL instead of the cloud.",
        ),
    ] = None
    ca_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Trust this CA, in PEM.")] = (
        None
    )
    quota: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACTION=COUNT/SECONDS",
            help="Your quota of an action, if it is not the published one; repeatable.",
        ),
    ] = None
    quota_share: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="The part of each quota to use: the whole account shares the quotas.",
        ),
    ] = 0.5
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", callback=_start_log, help="Log each step and every failed call."
        ),
    ] = False

    def settings(self, **more: Any) -> FetchSettings:
        """Build the settings of a fetch."""
        return FetchSettings(
            quota_share=self.quota_share,
            quotas=dict(map(parse_quota, self.quota or [])),
            accounts=read_accounts(self.accounts) if self.accounts else (),
            ca_file=self.ca_file,
            skip_regions=self.skip_region or (),
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class FetchOptions(CloudOptions):
    """Options of a fetch and of its plan."""

    downloads: Annotated[
        str,
        typer.Option(
            metavar="all|none|SHARE",
            help="all: every configuration. none: only the lists, in seconds. 5%: a random sample "
            "of that size.",
        ),
    ] = "all"
    routes: Annotated[
        bool,
        typer.Option(
            "--routes/--no-routes",
            help="Whether to read VPCs and routes. Connections without selectors have their "
            "prefixes there; without routes their overlaps are not judged.",
        ),
    ] = True

    def settings(self, **more: Any) -> FetchSettings:
        """Build the settings of a fetch."""
        return super().settings(routes=self.routes, **more)


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
