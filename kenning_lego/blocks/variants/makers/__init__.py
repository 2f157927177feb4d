"""Makers of variants: one module each, and what they have in common."""
