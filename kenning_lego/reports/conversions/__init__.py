"""Support matrices as pages and as text."""
