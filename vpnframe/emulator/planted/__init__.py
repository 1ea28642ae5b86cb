"""Plant defects in a synthetic fleet, and record the connections that have them."""
