"""Figures as PNG, for where SVG is not shown."""

from __future__ import annotations

from typing import Final

from kenning_lego.core.errors import MissingDependencyError

ZOOM: Final = 2
"""Dots for each px of the drawing: sharp on paper and on dense displays."""


def render_png(drawing: str) -> bytes:
    """Paint a drawing.

    Args:
        drawing: an SVG that needs nothing else.

    Raises:
        MissingDependencyError: resvg-py is not installed.
    """
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise MissingDependencyError("resvg-py", "png", "a figure as PNG") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=drawing, zoom=ZOOM))
