"""The network half: signed requests out, records without secrets back."""
