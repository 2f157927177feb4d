"""Variants learn what their blocks compute."""
