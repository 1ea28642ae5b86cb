"""Standards as tables of verdicts: shipped and user-defined ones, and judging with them."""
