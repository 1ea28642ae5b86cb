"""Fetch the VPN fleet of one or more accounts from the cloud's API; resume interrupted fetches."""
