"""What operators do with a board apart from serving: look it over, and test it."""
