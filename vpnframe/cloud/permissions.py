"""The permissions that a fetch needs, and what they reveal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

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

_OF_STS = ("GetCallerIdentity", "AssumeRole")
_NAMED = re.compile(r"needs the permission ([a-z]+:[A-Za-z]+)")


def permission_of(action: str) -> str:
    """Return the RAM permission that a call needs.

    Examples
    --------
    >>> permission_of("DescribeVpcs")
    'vpc:DescribeVpcs'
    """
    return f"{'sts' if action in _OF_STS else 'vpc'}:{action}"


def naming_permission(message: str, action: str) -> str:
    """Append the permission that a refused call needs to the cloud's message."""
    return f"{message.rstrip('.')}; {action} needs the permission {permission_of(action)}"


def refused_sentence(messages: Iterable[str]) -> str | None:
    """Return a sentence that names the permissions of refused calls; None without any.

    Examples
    --------
    >>> refused_sentence([naming_permission("Forbidden.RAM: no right.", "DescribeVpcs")])
    'refused: vpc:DescribeVpcs; `vpnframe doctor --policy` prints a policy that allows it'
    """
    names = sorted({name for message in messages for name in _NAMED.findall(message)})
    if not names:
        return None
    them = "it" if len(names) == 1 else "them"
    return (
        f"refused: {', '.join(names)}; `vpnframe doctor --policy` prints a policy that allows "
        f"{them}"
    )


def needed(*, routes: bool = True) -> tuple[str, ...]:
    """Return the names of the calls that need a permission.

    Examples
    --------
    >>> len(needed()), len(needed(routes=False))
    (9, 5)
    """
    return (*_LISTS, *(_ROUTES if routes else ()), DOWNLOAD)


def policy() -> str:
    """Return the minimal RAM policy for a fetch, as JSON.

    References
    ----------
    Alibaba Cloud, "RAM: policy structure and syntax", version 1.

    Examples
    --------
    >>> [statement["Effect"] for statement in json.loads(policy())["Statement"]]
    ['Allow']
    """
    return _policy({"Action": [f"vpc:{name}" for name in needed()], "Resource": "*"})


def trust_policy(principal: str) -> str:
    """Return the trust policy of a role, which states who may assume it, as JSON.

    References
    ----------
    Alibaba Cloud, "RAM: edit the trust policy of a RAM role".

    Examples
    --------
    >>> json.loads(trust_policy("acs:ram::1:root"))["Statement"][0]["Action"]
    'sts:AssumeRole'
    """
    return _policy({"Action": "sts:AssumeRole", "Principal": {"RAM": [principal]}})


def assuming_policy(role_arns: Iterable[str]) -> str:
    """Return the policy that allows its holder to assume the roles, as JSON.

    Examples
    --------
    >>> json.loads(assuming_policy(["acs:ram::1:role/audit"]))["Statement"][0]["Resource"]
    ['acs:ram::1:role/audit']
    """
    return _policy({"Action": "sts:AssumeRole", "Resource": [*role_arns]})


def _policy(allowed: dict[str, object]) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", **allowed}]}, indent=2)
