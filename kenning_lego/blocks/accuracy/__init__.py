"""What variants cost in accuracy."""
