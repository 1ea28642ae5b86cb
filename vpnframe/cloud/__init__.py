"""Access to the cloud's API: sends signed requests, returns records without secrets."""
