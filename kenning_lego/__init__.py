"""Benchmark networks block by block on their target; pick the best configuration for a budget."""

__version__ = "0.1.0"
