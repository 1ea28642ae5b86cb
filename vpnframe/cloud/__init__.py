"""Access to the cloud's API: send signed requests, and return records without secrets."""
