"""The data model: records, algorithm names, and how two API responses become one connection."""
