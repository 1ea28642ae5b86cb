"""Audit VPN fleets by rules and profiles, with waivers and several output formats."""
