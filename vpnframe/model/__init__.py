"""The data model of a connection: records, terms, facts about its keys, and its two sources."""
