"""The report of a selection."""
