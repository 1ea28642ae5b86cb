"""Fetch a whole fleet: accounts, regions, lists, downloads and checkpoints."""
