"""Comparisons of records."""
