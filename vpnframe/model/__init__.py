"""One connection in words: records, terms, what may be known of its keys, and its two sources."""
