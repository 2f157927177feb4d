"""What the verb ``report`` does."""
