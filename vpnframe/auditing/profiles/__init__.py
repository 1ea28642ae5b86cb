"""Judge tunnel settings by profiles; a profile contains a standard's verdicts on settings."""
