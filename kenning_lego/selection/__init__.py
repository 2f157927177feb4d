"""Choosing one variant per block for a budget."""
