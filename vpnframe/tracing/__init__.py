"""Which tunnel takes a packet, and why."""
