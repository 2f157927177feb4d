"""The target's part on the oldest Python that it supports: ``make test-python310``."""
