"""A synthetic fleet: the same arguments always produce the same cloud."""
