"""Security review: rules and profiles, findings with evidence, waivers, output formats."""
