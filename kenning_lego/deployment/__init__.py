"""Putting the target's part on a board from a host, over ssh or as a bundle of wheels."""
