"""Defects that are put into a fleet, and where."""
