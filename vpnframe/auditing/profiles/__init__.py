"""Profiles (standards as tables of verdicts): read them from files, and judge fleets by them."""
