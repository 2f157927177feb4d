"""What the verb ``select`` does."""
