"""What the verb ``convert`` does."""
