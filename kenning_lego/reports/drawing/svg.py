"""The few parts of SVG that our charts need: elements, scales, ticks, axes.

Colours are left to the page's style sheet through classes, so that one drawing serves light,
dark and print.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from kenning_lego.reports.formatting import decimal

CHARACTER_PX = 6.5
"""Mean width of a character of the charts' 12 px type; a safe estimate without a font."""

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from values to px."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where the value stands, in px."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Tick:
    """A round value and how it is written."""

    value: float
    label: str


_TINY = 1e-300
"""Below, floating point has too few digits left to draw with."""


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """A range with room at both ends; one that is a single value, or nearly so, is widened."""
    room = (high - low) * share
    largest = max(abs(low), abs(high))
    if high - low <= max(1e-9 * largest, _TINY):
        room = largest * 0.1 if largest > _TINY else 1.0
    return low - room, high + room


def nice_ticks(low: float, high: float, count: int) -> tuple[Tick, ...]:
    """About `count` multiples of 1, 2 or 5 times a power of ten within [low, high], low < high."""
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((1, 2, 5, 10), key=lambda factor: abs(math.log(factor * power / rough))) * power
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    values = [index * step for index in range(first, last + 1)]
    return tuple(Tick(value, decimal(value, decimals) or "") for value in values)


def printable(content: str) -> str:
    """Text with what XML cannot hold replaced, and escaped."""
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", content))


def element(tag: str, *content: str, **attributes: str | float) -> str:
    """An element; `content` is markup, attribute names have ``_`` for ``-`` (``class_``)."""
    pairs = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for name, value in attributes.items()
    )
    inside = "".join(content)
    return f"<{tag}{pairs}>{inside}</{tag}>" if inside else f"<{tag}{pairs}/>"


def text(x: float, y: float, content: str, **attributes: str | float) -> str:
    """Text whose baseline starts (or as ``text_anchor`` says) at a point."""
    return element("text", printable(content), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float) -> str:
    """A line between two points."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def group(title: str, *content: str, **attributes: str | float) -> str:
    """Elements that belong together, with a title that browsers show on hover."""
    return element("g", element("title", printable(title)), *content, **attributes)


def linked(target: str, title: str, *content: str, **attributes: str | float) -> str:
    """Elements that lead to another place of the page, with a title as those of :func:`group`."""
    said = element("title", printable(title))
    return element("a", said, *content, href=target, **attributes)


def shortened(content: str, width: float) -> str:
    """A label cut to so many px; more of its end is kept, where names differ most."""
    room = max(3, int(width / CHARACTER_PX))
    if len(content) <= room:
        return content
    head = (room - 1) // 3
    return f"{content[:head]}\N{HORIZONTAL ELLIPSIS}{content[head + 1 - room :]}"


def drawing(
    identity: str,
    title: str,
    description: str,
    width: float,
    height: float,
    body: Iterable[str],
    *,
    role: str = "img",
) -> str:
    """A whole drawing of so many px, named and described for those who cannot see it.

    Its role is ``group`` where it holds links: what is within an image cannot be reached.
    """
    return element(
        "svg",
        element("title", printable(title), id=f"{identity}-title"),
        element("desc", printable(description), id=f"{identity}-desc"),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_attribute(width)} {_attribute(height)}",
        width=width,
        height=height,
        role=role,
        aria_labelledby=f"{identity}-title {identity}-desc",
    )


def across(scale: Scale, ticks: Iterable[Tick], top: float, bottom: float) -> list[str]:
    """The x axis: a hairline from top to bottom at every tick, its label below."""
    parts = []
    for tick in ticks:
        x = scale(tick.value)
        parts.append(line(x, top, x, bottom, class_="grid"))
        parts.append(text(x, bottom + 16, tick.label, class_="tick", text_anchor="middle"))
    return parts


def upwards(scale: Scale, ticks: Iterable[Tick], left: float, right: float) -> list[str]:
    """The y axis: a hairline from left to right at every tick, its label on the left."""
    parts = []
    for tick in ticks:
        y = scale(tick.value)
        parts.append(line(left, y, right, y, class_="grid"))
        parts.append(text(left - 8, y + 4, tick.label, class_="tick", text_anchor="end"))
    return parts


def _attribute(value: str | float) -> str:
    if isinstance(value, str):
        return printable(value)
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
