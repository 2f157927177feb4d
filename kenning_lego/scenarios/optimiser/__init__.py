"""The search over compilers, precisions, ratios and engines: configuration and steps in order."""
