"""Data by task, read from local files."""
