"""A report as data, which every format writes in its own way."""
