"""Profiles: what standards say of each setting, and how a fleet is judged by them."""
