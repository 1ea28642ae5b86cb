"""Generate a synthetic fleet. The same arguments always produce the same fleet."""
