"""Output formats of an audit for other programs (SARIF, OCSF) and for browsers (HTML)."""
