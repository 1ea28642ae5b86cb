"""The expected results for a fleet, computed from the fleet alone."""
