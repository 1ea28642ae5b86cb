"""Define the options of the commands that call the cloud, as dataclasses of options."""

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
    """Raise BadParameter if VPNFRAME_ENDPOINT is empty, because it would select the real cloud."""
    if endpoint is None and "VPNFRAME_ENDPOINT" in os.environ:
        raise typer.BadParameter(
            "the variable VPNFRAME_ENDPOINT is empty: unset it, or set it to a URL"
        )
    return endpoint


def _start_log(is_wanted: bool) -> bool:
    """Start to print log messages on standard error, if ``is_wanted``."""
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
            "Read the accounts in this TOML file. Each is a table `account` with the keys name, "
            "profile, role_arn, skip_regions and quota_share.",
        ),
    ] = None
    region: Annotated[list[str] | None, option("ID", "Read only this region; repeatable.")] = None
    skip_region: Annotated[
        list[str] | None,
        option("ID", "Do not read this region, but report it as skipped; repeatable."),
    ] = None
    endpoint: Annotated[
        str | None,
        option(
            "URL",
            "Send all API calls to this URL instead of the cloud.",
            callback=_refuse_empty_endpoint,
        ),
    ] = None
    ca_file: Annotated[
        Path | None, option("FILE", "PEM file with a certificate authority to trust.")
    ] = None
    quota: Annotated[
        list[str] | None,
        option(
            "ACTION=COUNT/SECONDS",
            "Quota of an API action, if yours is not the published quota; repeatable.",
        ),
    ] = None
    quota_share: Annotated[
        float,
        option(
            "SHARE", "Use this share of each quota, as all users of an account share its quotas."
        ),
    ] = 0.5
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", callback=_start_log, help="Log each step and each failed call."
        ),
    ] = False

    config: ConfigOption = None

    def settings(self, **more: Any) -> FetchSettings:
        """Return these options as settings of a fetch; ``more`` are further settings."""
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
    """Options of the commands ``fetch`` and ``plan``."""

    downloads: Annotated[
        str,
        option(
            "all|none|SHARE",
            "Download all configurations, none, or a random sample such as 5%. With none, only "
            "lists are read, which takes seconds.",
        ),
    ] = "all"
    routes: Annotated[
        bool,
        flag(
            "--routes/--no-routes",
            "Whether to read VPCs and routes. The prefixes of a connection without selectors come "
            "from routes, so that without routes its overlaps are not judged.",
        ),
    ] = True

    def arguments(self, **more: Any) -> dict[str, Any]:
        """Return these options as arguments for ``fetch`` or ``plan``."""
        return {
            "regions": self.region or None,
            "downloads": self.downloads,
            "endpoint": self.endpoint,
            "settings": self.settings(routes=self.routes, **more),
        }


@dataclass(frozen=True, kw_only=True)
class KeyOptions:
    """Options that control what is recorded about pre-shared keys."""

    without_key_facts: Annotated[
        bool,
        flag(
            "--without-key-facts",
            "Record about a pre-shared key only whether the API returned it.",
        ),
    ] = False
    psk_key_file: Annotated[
        Path | None,
        option(
            "FILE",
            "File with a secret of your own, of 32 random bytes or more, with mode 0600. The "
            "secret makes fingerprints of pre-shared keys comparable between snapshots.",
        ),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return these options as arguments for ``FetchSettings`` or ``load``."""
        return {"key_facts": not self.without_key_facts, "psk_key_file": self.psk_key_file}


def parse_quota(text: str) -> tuple[str, Limit]:
    """Parse a quota in the syntax ``ACTION=COUNT/SECONDS`` of the command line."""
    match = re.fullmatch(r"(\w+)=([1-9][0-9]{0,6})/([0-9]{1,6}(?:\.[0-9]+)?)", text, re.ASCII)
    if match is None or float(match[3]) <= 0:
        raise typer.BadParameter(f"{text!r} is not a quota: write ACTION=COUNT/SECONDS")
    return match[1], Limit(int(match[2]), per_s=float(match[3]))
