"""``vpnframe fetch``."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.report import write_and_report
from vpnframe.cloud.actions import Limit
from vpnframe.crawl.crawl import Downloads
from vpnframe.crawl.progress import ProgressBar
from vpnframe.fetching import FetchSettings, fetch


def parse_quota(text: str) -> tuple[str, Limit]:
    """Read a quota as it is written on the command line.

    Parameters
    ----------
    text : str
        ``ACTION=COUNT/SECONDS``.

    Returns
    -------
    tuple of str and Limit
        The action and its limit.

    Raises
    ------
    typer.BadParameter
        It is written otherwise.

    Examples
    --------
    >>> parse_quota("DownloadVpnConnectionConfig=60/60")
    ('DownloadVpnConnectionConfig', Limit(count=60, per_s=60.0))
    """
    match = re.fullmatch(r"(\w+)=([1-9][0-9]{0,6})/([0-9]{1,6}(?:\.[0-9]+)?)", text, re.ASCII)
    if match is None or float(match[3]) <= 0:
        raise typer.BadParameter(f"{text!r} is not ACTION=COUNT/SECONDS")
    return match[1], Limit(int(match[2]), per_s=float(match[3]))


def run(
    out: Annotated[
        Path, typer.Option(envvar="VPNFRAME_OUT", metavar="DIR", help="The inventory folder.")
    ],
    region: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VPNFRAME_REGION", metavar="ID", help="Only this region; may be given again."
        ),
    ] = None,
    downloads: Annotated[
        Downloads,
        typer.Option(
            envvar="VPNFRAME_DOWNLOADS",
            help="all: download every configuration. none: list rows alone, in seconds.",
        ),
    ] = "all",
    endpoint: Annotated[
        str | None,
        typer.Option(
            envvar="VPNFRAME_ENDPOINT", metavar="URL", help="Send every call there instead."
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(envvar="VPNFRAME_CA_FILE", metavar="FILE", help="Trust this CA, in PEM."),
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VPNFRAME_QUOTA",
            metavar="ACTION=COUNT/SECONDS",
            help="Your quota of a call, where it is not the published one; may be given again.",
        ),
    ] = None,
    quota_share: Annotated[
        float,
        typer.Option(
            envvar="VPNFRAME_QUOTA_SHARE",
            metavar="SHARE",
            help="The part of each quota to use: it is shared with the whole account.",
        ),
    ] = 0.5,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every call that failed.")
    ] = False,
) -> None:
    """Read the fleet of an account into an inventory folder.

    Credentials come from where Alibaba Cloud's own tools find them: ALIBABA_CLOUD_ACCESS_KEY_ID
    and ALIBABA_CLOUD_ACCESS_KEY_SECRET, ~/.aliyun/config.json, or the machine's RAM role.
    """
    if verbose:
        logging.basicConfig(stream=sys.stderr, format="%(message)s")
        logging.getLogger("vpnframe").setLevel(logging.DEBUG)
    settings = FetchSettings(
        quota_share=quota_share, quotas=dict(map(parse_quota, quota or [])), ca_file=ca_file
    )
    with ProgressBar(sys.stderr) as bar:
        inventory = fetch(
            regions=region or None,
            downloads=downloads,
            endpoint=endpoint,
            settings=settings,
            on_event=bar,
        )
    write_and_report(inventory, out)
