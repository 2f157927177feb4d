"""What code that is not ours may raise when it meets a network that it cannot handle."""

from __future__ import annotations

FOREIGN_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Torch, Torch-Pruning and users' networks have no exception of their own for it."""
