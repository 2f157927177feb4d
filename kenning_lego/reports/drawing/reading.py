"""Plots that the page's script reads values off: it needs their scales, and which paths to read.

Paths hold their points already, to a tenth of a px, so that nothing is written twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.reports.drawing.svg import Scale, element


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale, and how a value on it is said.

    Args:
        scale: of the drawing.
        name: said before a value, such as ``run``; empty where the unit is enough.
        unit: said behind it.
    """

    scale: Scale
    name: str = ""
    unit: str = ""


def plot(x: Axis, y: Axis, *content: str) -> str:
    """Markup whose :func:`series` are on these axes."""
    return element(
        "g",
        *content,
        class_="plot",
        data_x=_ends(x.scale),
        data_x_name=x.name,
        data_x_unit=x.unit,
        data_y=_ends(y.scale),
        data_y_unit=y.unit,
    )


def series(name: str, path: str, class_: str, *, steps: bool = False) -> str:
    """A path whose points can be read.

    Args:
        name: said before a value; empty where there is no other.
        path: of M, L, H and V with absolute coordinates; ``h0`` makes dots.
        class_: of the style sheet.
        steps: it holds its value until the next.
    """
    kind = "steps" if steps else "points"
    return element("path", d=path, class_=class_, data_series=name, data_kind=kind)


def _ends(scale: Scale) -> str:
    ends = (scale.start, scale.end, scale.low, scale.high)
    return " ".join(f"{each:.9g}" for each in ends)
