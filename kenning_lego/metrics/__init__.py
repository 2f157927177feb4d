"""Quality of outputs."""
