"""How records are told apart in drawings: colour, shape, dashes and a letter, not colour alone."""

from __future__ import annotations

import math

from kenning_lego.reports.drawing.svg import CHARACTER_PX, element, line, text

_DASHES = ("", "8 3", "2.5 3", "9 3 2.5 3", "4.5 2.5", "12 3", "1.5 2", "6 2 1.5 2 1.5 2")
"""Of lines, so that they differ in grey too."""
_CORNERS = (0, 4, 3, -4, -3, 6, 5, -6)
"""Of marks; 0 is a circle, negative ones stand on a corner."""
_TRIANGLE = 3


def style(number: int) -> str:
    """The class of a record's colour.

    Args:
        number: of the record, from 0 for the first one.
    """
    return f"series-{number}"


def trace(number: int, path: str) -> str:
    """A line of the record."""
    dashes = _DASHES[number]
    more = {"stroke_dasharray": dashes} if dashes else {}
    return element("path", d=path, class_=f"trace {style(number)}", **more)


def mark(number: int, x: float, y: float, radius: float = 4.0) -> str:
    """A point of the record, in its shape."""
    corners = _CORNERS[number]
    if not corners:
        return element("circle", cx=x, cy=y, r=radius, class_=style(number))
    turned = math.pi / abs(corners) if corners > 0 and corners != _TRIANGLE else 0.0
    reach = radius * (1.3 if abs(corners) == _TRIANGLE else 1.15)
    upright = -math.pi / 2 if corners != -_TRIANGLE else math.pi / 2
    points = " ".join(
        f"{x + reach * math.cos(angle):.1f},{y + reach * math.sin(angle):.1f}"
        for corner in range(abs(corners))
        for angle in (upright + turned + 2 * math.pi * corner / abs(corners),)
    )
    return element("polygon", points=points, class_=style(number))


def whisker(number: int, low: float, high: float, y: float) -> str:
    """An interval from left to right, with ends."""
    path = f"M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - 3:.1f}v6M{high:.1f} {y - 3:.1f}v6"
    return element("path", d=path, class_=f"whisker {style(number)}")


def legend(entries: list[tuple[int, str]], y: float, width: float) -> tuple[list[str], float]:
    """A row of marks with what they are called.

    Args:
        entries: number of the record and its name.
        y: of the first row's middle.
        width: in px, beyond which rows are broken.

    Returns:
        The parts, and the y below the last row.
    """
    parts: list[str] = []
    x = 0.0
    for number, name in entries:
        room = 34 + len(name) * CHARACTER_PX + 14
        if x and x + room > width:
            x, y = 0.0, y + 18
        parts += [
            line(x, y, x + 22, y, class_=f"whisker {style(number)}", **_dashed(number)),
            mark(number, x + 11, y),
            text(x + 28, y + 4, name),
        ]
        x += room
    return parts, y + 18


def _dashed(number: int) -> dict[str, str | float]:
    return {"stroke_dasharray": _DASHES[number]} if _DASHES[number] else {}
