"""Find which tunnel takes a packet, and why."""
