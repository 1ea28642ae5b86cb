"""Profiles, which contain the verdicts of standards on settings, and how they judge tunnels."""
