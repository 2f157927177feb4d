"""What is run on the repository itself, and not installed."""
