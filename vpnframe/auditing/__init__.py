"""Security review: rules and profiles over the tables, findings with evidence, waivers, formats."""
