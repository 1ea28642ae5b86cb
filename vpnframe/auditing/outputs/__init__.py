"""Formats of an audit's result for other programs (SARIF, OCSF) and for browsers (HTML)."""
