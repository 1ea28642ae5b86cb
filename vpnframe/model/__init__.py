"""The data model: records, algorithm names, facts about keys, joining a connection's answers."""
