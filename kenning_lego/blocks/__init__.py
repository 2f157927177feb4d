"""From a network to blocks, variants and their accuracy."""
