"""Options of the commands that call the cloud; each dataclass is a group of options."""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vpnframe.cli.options import flag, option
from vpnframe.cli.settings_file import ConfigOption
from vpnframe.cloud.actions import Limit
from vpnframe.fetching.settings import FetchSettings, read_accounts


def _refuse_empty_endpoint(endpoint: str | None) -> str | None:
    """Refuse an empty VPNFRAME_ENDPOINT, which would otherwise select the real cloud."""
    if endpoint is None and "VPNFRAME_ENDPOINT" in os.environ:
        raise typer.BadParameter("VPNFRAME_ENDPOINT is empty: unset it, or set it to a URL")
    return endpoint


def _start_log(is_wanted: bool) -> bool:
    """If wanted, print the log on standard error; it contains every failed call."""
    if is_wanted:
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("vpnframe").setLevel(logging.DEBUG)
    return is_wanted


@dataclass(frozen=True, kw_only=True)
class CloudOptions:
    """Options of every command that calls the cloud."""

    accounts: Annotated[
        Path | None,
        option(
            "FILE",
            "Read several accounts, which this TOML file lists: name, profile, role_arn, "
            "skip_regions, quota_share.",
        ),
    ] = None
    region: Annotated[list[str] | None, option("ID", "Only this region; repeatable.")] = None
    skip_region: Annotated[
        list[str] | None,
        option("ID", "Leave out this region; it is reported as skipped. Repeatable."),
    ] = None
    endpoint: Annotated[
        str | None,
        option(
            "URL", "Send all calls to this URL, not to the cloud.", callback=_refuse_empty_endpoint
        ),
    ] = None
    ca_file: Annotated[Path | None, option("FILE", "Trust this certificate authority, in PEM.")] = (
        None
    )
    quota: Annotated[
        list[str] | None,
        option("ACTION=COUNT/SECONDS", "Your quota, if not the published one; repeatable."),
    ] = None
    quota_share: Annotated[
        float,
        option("SHARE", "Use this part of each quota; all users of the account share the quotas."),
    ] = 0.5
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", callback=_start_log, help="Log steps and failed calls."),
    ] = False

    config: ConfigOption = None

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
        option(
            "all|none|SHARE",
            "Which configurations to download: all; none, so that the lists are read in seconds; "
            "or a random sample, such as 5%.",
        ),
    ] = "all"
    routes: Annotated[
        bool,
        flag(
            "--routes/--no-routes",
            "Whether to read VPCs and routes. Connections without selectors have their "
            "prefixes there; without routes their overlaps are not judged.",
        ),
    ] = True

    def arguments(self, **more: Any) -> dict[str, Any]:
        """Return the arguments of a fetch or of its plan."""
        return {
            "regions": self.region or None,
            "downloads": self.downloads,
            "endpoint": self.endpoint,
            "settings": self.settings(routes=self.routes, **more),
        }


@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """Options for what is recorded about pre-shared keys."""

    without_key_facts: Annotated[
        bool,
        flag("--without-key-facts", "Of pre-shared keys record only whether they were returned."),
    ] = False
    psk_key_file: Annotated[
        Path | None,
        option(
            "FILE",
            "A secret of your own, 32 random bytes or more, mode 0600: it makes fingerprints of "
            "pre-shared keys comparable across snapshots.",
        ),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return these options as arguments for the settings of a fetch or for ``load``."""
        return {"key_facts": not self.without_key_facts, "psk_key_file": self.psk_key_file}


def parse_quota(text: str) -> tuple[str, Limit]:
    """Parse a quota from the command line.

    Examples
    --------
    >>> parse_quota("DownloadVpnConnectionConfig=60/60")
    ('DownloadVpnConnectionConfig', Limit(count=60, per_s=60.0))
    """
    match = re.fullmatch(r"(\w+)=([1-9][0-9]{0,6})/([0-9]{1,6}(?:\.[0-9]+)?)", text, re.ASCII)
    if match is None or float(match[3]) <= 0:
        raise typer.BadParameter(f"{text!r} is not a quota: write ACTION=COUNT/SECONDS")
    return match[1], Limit(int(match[2]), per_s=float(match[3]))
