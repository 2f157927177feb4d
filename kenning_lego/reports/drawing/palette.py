"""Which of the style sheet's shades stands for how much of a block was removed."""

from __future__ import annotations

from kenning_lego.reports.variant_names import Scaled

_PRUNED_SHADES = 5


def shade(variant: Scaled) -> int:
    """0 for an original, else 1 (little removed) to 5 (nearly all); the same in every report."""
    if variant.kind == "original":
        return 0
    return min(_PRUNED_SHADES, max(1, round(variant.ratio * _PRUNED_SHADES)))
