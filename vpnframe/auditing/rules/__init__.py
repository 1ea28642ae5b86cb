"""All rules of an audit; a new rule needs a function here and texts in ``auditing/texts``."""

from __future__ import annotations

from vpnframe.auditing.rules import availability, crypto, gateways, keys, links, overlap, selectors
from vpnframe.auditing.verdicts import REGISTERED

# Findings of equal severity are sorted by module in this order, then by the order in the module.
_MODULES = (crypto, keys, links, gateways, availability, overlap, selectors)
RULES = tuple(
    one
    for module in _MODULES
    for one in REGISTERED.values()
    if one.find.__module__ == module.__name__
)
