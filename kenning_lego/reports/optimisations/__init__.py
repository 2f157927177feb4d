"""Pages of searches over compilers, precisions, ratios and engines."""
