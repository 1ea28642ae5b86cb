"""Name the RAM permissions that a fetch needs, and create policies that allow them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from vpnframe.cloud.actions import ACTIONS, CONNECTIONS, DOWNLOAD

REVELATION = (
    "The policy for a fetch reveals the pre-shared keys and BGP keys of every connection: "
    f"{CONNECTIONS}, {DOWNLOAD} and DescribeCustomerGateways return keys, and no read permission "
    "excludes the keys. Treat everyone who has this policy as someone who knows your keys."
)

_NAMED = re.compile(r"needs the permission ([a-z]+:[A-Za-z]+)")


def permission_of(action: str) -> str:
    """Return the RAM permission that an API action needs."""
    return f"{'sts' if action in ('GetCallerIdentity', 'AssumeRole') else 'vpc'}:{action}"


def naming_permission(message: str, action: str) -> str:
    """Append to the cloud's message the name of the permission that a refused call needs."""
    return f"{message.rstrip('.')}; {action} needs the permission {permission_of(action)}"


def refused_sentence(messages: Iterable[str]) -> str | None:
    """Return a sentence on the permissions that the messages report as refused; None if none."""
    names = sorted({name for message in messages for name in _NAMED.findall(message)})
    if not names:
        return None
    them = "it" if len(names) == 1 else "them"
    allowing = f"`vpnframe doctor --policy` prints a policy that allows {them}"
    return f"refused: {', '.join(names)}; {allowing}"


def needed(*, routes: bool = True) -> tuple[str, ...]:
    """Return the names of the API actions of a fetch that need a permission."""
    needing = (action for action in ACTIONS.values() if action.needs_permission)
    return tuple(action.name for action in needing if routes or not action.is_for_routes)


def policy() -> str:
    """Return the minimal RAM policy for a fetch, as JSON."""
    return _policy({"Action": [f"vpc:{name}" for name in needed()], "Resource": "*"})


def trust_policy(principal: str) -> str:
    """Return, as JSON, the trust policy that allows a principal to assume a role."""
    return _policy({"Action": "sts:AssumeRole", "Principal": {"RAM": [principal]}})


def assuming_policy(role_arns: Iterable[str]) -> str:
    """Return, as JSON, a policy that allows a user to assume the given roles."""
    return _policy({"Action": "sts:AssumeRole", "Resource": [*role_arns]})


def _policy(allowed: dict[str, object]) -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", **allowed}]}, indent=2)
