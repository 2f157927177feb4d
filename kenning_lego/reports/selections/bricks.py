"""Variants as bars where only their names are known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kenning_lego.reports.document.tables import Brick
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.variant_names import described

_NAME = re.compile(r"@(?P<kind>[a-z_]+)(?:-(?P<ratio>[01]\.\d+))?(?:\+(?P<way>.+))?$")


@dataclass(frozen=True, slots=True)
class _Named:
    """What a variant's name says of it."""

    kind: str
    ratio: float
    ratio_reached: float
    way: str


def named_brick(block: str, name: str) -> Brick | None:
    """What stands for a block; None where the name does not say what the variant is."""
    found = _NAME.search(name)
    if found is None or (found["ratio"] is None) != (found["kind"] == "original"):
        return None
    ratio = float(found["ratio"] or 0.0)
    if ratio > 1:
        return None
    variant = _Named(found["kind"], ratio, ratio, found["way"] or "")
    said = f"{block}: {described(variant)}"
    return Brick(block, said, f"{ratio * 100:.0f}", 1.0 - ratio, shade(variant))
