"""What is installed and found on this machine, and what to improve before measuring on it."""
