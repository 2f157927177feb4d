"""Comparisons as continuous integration reads them."""
