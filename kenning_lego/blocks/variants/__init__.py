"""What can stand in for a block, and what it costs."""
