"""The script of a report's page: it sorts, filters and reads values off; nothing depends on it."""
