"""Configuration of the compilers; importing this imports none of them."""

from __future__ import annotations

from pydantic import Field

from kenning_lego.core.configuration import Component

DEFAULT_TOLERANCE = 1e-4
"""Largest gap, relative to the largest output, that rearranged float32 arithmetic explains."""


class CompilerConfig(Component):
    """How segments become artifacts."""

    tolerance: float = Field(default=DEFAULT_TOLERANCE, gt=0)
    """Largest difference to torch that is allowed, relative to the largest output."""
