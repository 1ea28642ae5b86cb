"""The permissions that a fetch needs, and what they reveal."""

from __future__ import annotations

import json

LISTED = "DescribeVpnConnections"
DOWNLOAD = "DownloadVpnConnectionConfig"
_LISTS = (LISTED, "DescribeVpnAttachments", "DescribeVpnGateways", "DescribeCustomerGateways")
_ROUTES = (
    "DescribeVpcs",
    "DescribeVpnRouteEntries",
    "DescribeVpnPbrRouteEntries",
    "DescribeVcoRouteEntries",
)
REVELATION = (
    "These reads reveal the pre-shared keys and BGP keys of every connection "
    f"({LISTED} and {DOWNLOAD}; DescribeCustomerGateways has BGP keys): there is no read "
    "permission without them, so treat whoever holds this policy as somebody who knows your keys."
)


def needed(*, routes: bool = True) -> tuple[str, ...]:
    """Give the calls that need a permission.

    Parameters
    ----------
    routes : bool
        Whether routes and VPCs are read, too.

    Returns
    -------
    tuple of str
        The lists first, the download last.

    Examples
    --------
    >>> len(needed()), len(needed(routes=False))
    (9, 5)
    """
    return (*_LISTS, *(_ROUTES if routes else ()), DOWNLOAD)


def policy() -> str:
    """Write the RAM policy that a fetch needs, and no more.

    Returns
    -------
    str
        JSON to paste: the reads, and an explicit denial of every change.

    References
    ----------
    Alibaba Cloud, "RAM: policy structure and syntax", version 1.

    Examples
    --------
    >>> [statement["Effect"] for statement in json.loads(policy())["Statement"]]
    ['Allow', 'Deny']
    """
    statements = [
        {"Effect": "Allow", "Action": [f"vpc:{name}" for name in needed()], "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["vpc:Create*", "vpc:Modify*", "vpc:Delete*"],
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "1", "Statement": statements}, indent=2)
