"""Standards as tables of verdicts: shipped ones, the user's own, and what they say of a fleet."""
