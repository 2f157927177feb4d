"""Several records beside each other."""
