"""A review as other programs and browsers read it."""
