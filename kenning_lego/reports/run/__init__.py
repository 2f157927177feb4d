"""The report of a run: blocks, variants, configurations."""
