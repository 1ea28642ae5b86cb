"""Output formats of a review for other programs and for browsers."""
