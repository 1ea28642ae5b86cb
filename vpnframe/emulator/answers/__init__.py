"""What a reader of the fleet should find, worked out from the fleet alone."""
