"""What the verb ``export`` does."""
