"""Charts are drawn for a desk and for a phone: type does not shrink with them."""

from __future__ import annotations

from collections.abc import Callable

from kenning_lego.reports.document.parts import Chart

FULL_PX = 1080.0
"""Across a page."""
HALF_PX = 516.0
"""Two beside each other."""
PHONE_PX = 350.0


def chart(
    name: str, draw: Callable[[str, float], str | None], caption: str, *, lead: bool = False
) -> Chart | None:
    """A chart in both widths, or None where there is nothing to draw.

    Args:
        name: unique in the document.
        draw: gives an SVG, from its name and its width in px.
        caption: what the marks mean.
        lead: it takes the whole width of a page.
    """
    wide = draw(f"{name}-wide", FULL_PX if lead else HALF_PX)
    narrow = draw(f"{name}-narrow", PHONE_PX)
    return Chart(name, wide, narrow, caption, lead) if wide and narrow else None
