"""Networks of many kinds, to see that the block engine holds for all of them."""
