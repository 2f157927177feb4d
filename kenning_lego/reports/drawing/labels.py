"""Where the labels of points go so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kenning_lego.reports.drawing.svg import CHARACTER_PX

_HEIGHT_PX = 14.0
_MARK_PX = 7.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in px; `top` is the smaller y."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area that both cover, in square px."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    @property
    def area(self) -> float:
        """In square px."""
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Label:
    """Text at the left end of its baseline."""

    text: str
    x: float
    y: float


def place(
    wanted: Sequence[tuple[float, float, str]],
    marks: Iterable[tuple[float, float]],
    frame: Box,
) -> list[Label]:
    """Put each label beside its point, at the free place nearest to it.

    Args:
        wanted: x, y and text of the points that have a label, in order of importance.
        marks: all points that should stay visible.
        frame: what labels may not leave.
    """
    taken = [Box(x - _MARK_PX, y - _MARK_PX, x + _MARK_PX, y + _MARK_PX) for x, y in marks]
    labels = []
    for x, y, content in wanted:
        boxes = _places(x, y, len(content) * CHARACTER_PX)
        costs = [_cost(box, taken, frame) for box in boxes]
        box = boxes[costs.index(min(costs))]
        taken.append(box)
        labels.append(Label(content, box.left, box.bottom - 3))
    return labels


def _places(x: float, y: float, width: float) -> list[Box]:
    """Right, left, above, below, then the corners; near ones before far ones."""
    places = []
    half, centre = _HEIGHT_PX / 2, width / 2
    for away in (9.0, 22.0, 36.0):
        middles = [
            (x + away + centre, y),
            (x - away - centre, y),
            (x, y - away - half),
            (x, y + away + half),
            (x + away / 2 + centre, y - away),
            (x + away / 2 + centre, y + away),
            (x - away / 2 - centre, y - away),
            (x - away / 2 - centre, y + away),
        ]
        places += [Box(a - centre, b - half, a + centre, b + half) for a, b in middles]
    return places


def _cost(box: Box, taken: Iterable[Box], frame: Box) -> float:
    outside = box.area - box.overlap(frame)
    # Text that is cut off is worse than text that touches something.
    return 10 * outside + sum(box.overlap(each) for each in taken)
