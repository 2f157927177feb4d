"""From a network to a graph of operations that computes the same."""
