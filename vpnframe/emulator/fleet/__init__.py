"""A made-up fleet: the same arguments always give the same cloud."""
