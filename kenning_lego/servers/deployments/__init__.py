"""Pipelines that the server owns: their workers, budgets, records, and who chooses for them."""
