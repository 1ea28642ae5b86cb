"""``vpnframe fetch``."""

from __future__ import annotations

import logging
import math
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from vpnframe.cli.report import report
from vpnframe.cloud.actions import Limit
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
    skip_region: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VPNFRAME_SKIP_REGION",
            metavar="ID",
            help="Leave this region out; it is shown as skipped. May be given again.",
        ),
    ] = None,
    downloads: Annotated[
        str,
        typer.Option(
            envvar="VPNFRAME_DOWNLOADS",
            metavar="all|none|SHARE",
            help="all: every configuration. none: the list rows alone, in seconds. 5%: so many, "
            "drawn at random.",
        ),
    ] = "all",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the unfinished crawl of this folder."),
    ] = False,
    deadline: Annotated[
        float | None,
        typer.Option(
            envvar="VPNFRAME_DEADLINE",
            metavar="SECONDS",
            help="Stop then; what was read is written, and --resume goes on.",
        ),
    ] = None,
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
        quota_share=quota_share,
        quotas=dict(map(parse_quota, quota or [])),
        ca_file=ca_file,
        skip_regions=skip_region or (),
        deadline_s=math.inf if deadline is None else deadline,
        out=out,
        is_resumed=resume,
    )
    try:
        with ProgressBar(sys.stderr) as bar:
            inventory = fetch(
                regions=region or None,
                downloads=downloads,
                endpoint=endpoint,
                settings=settings,
                on_event=bar,
            )
    except KeyboardInterrupt:
        print(f"stopped; go on with: vpnframe fetch --out {out} --resume", file=sys.stderr)
        raise
    report(inventory, out)
