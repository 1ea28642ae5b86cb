"""What is asserted of every rule, from the file of its family."""

from __future__ import annotations

import specs_availability
import specs_crypto
import specs_gateways
import specs_keys
import specs_links
import specs_overlap
import specs_selectors

FAMILIES = (
    specs_availability,
    specs_crypto,
    specs_gateways,
    specs_keys,
    specs_links,
    specs_overlap,
    specs_selectors,
)
SPECS = {rule_id: spec for family in FAMILIES for rule_id, spec in family.SPECS.items()}
CASES = {rule_id: spec.case for rule_id, spec in SPECS.items()}
EDGES = {rule_id: spec.edges for rule_id, spec in SPECS.items()}
