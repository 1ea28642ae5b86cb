"""Defects that are planted in a fleet, and where."""
