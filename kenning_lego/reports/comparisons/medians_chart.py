"""Medians of the same things in several records, side by side with their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import Comparisons, median_ns
from kenning_lego.reports.comparisons.distributions import Timed, by_clock, interval_ns
from kenning_lego.reports.comparisons.series import legend, mark, whisker
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    group,
    line,
    nice_ticks,
    shortened,
    text,
)
from kenning_lego.reports.formatting import TIME_NS, Figures, duration

MOST_ROWS = 60
"""With more, the slowest ones are drawn."""

_FEWEST = 2
_LINE_PX = 11.0
_GAP_PX = 8.0
_RIGHT_PX = 22.0
_BOTTOM_PX = 42.0
_PHONE_PX = 500.0
_NAMES_PX = 230.0


@dataclass(frozen=True, slots=True)
class MedianRow:
    """One block in all records that timed it on the same clock."""

    name: str
    timed: tuple[Timed, ...]

    @property
    def slowest_ns(self) -> float:
        """The largest of its medians."""
        return max(median_ns(each) for _, _, each in self.timed)


def median_charts(comparisons: Comparisons) -> Iterator[Chart]:
    """One drawing for each clock; none where there is one thing alone to show."""
    clocks: dict[str, list[MedianRow]] = {}
    for label, name in _names(comparisons):
        for clock, timed in by_clock(comparisons.sides, name).items():
            clocks.setdefault(clock, []).append(MedianRow(label, tuple(timed)))
    for clock, rows in clocks.items():
        if len(rows) < _FEWEST:
            continue
        shown = sorted(rows, key=lambda row: -row.slowest_ns)[:MOST_ROWS]
        kept = [row for row in rows if row in shown] if len(rows) > MOST_ROWS else rows
        left = len(rows) - len(kept)
        where = f" The {clock} clock alone." if len(clocks) > 1 else ""
        more = f" The slowest {len(kept)}; {left} others are in the table." if left else ""
        found = chart(
            f"medians-{clock}",
            partial(_draw, kept, comparisons),
            f"Medians with their 95 % intervals, a row for each.{where}{more}",
            lead=True,
        )
        if found:
            yield found


def _names(comparisons: Comparisons) -> list[tuple[str, str]]:
    """What stands in the rows, and the measurement behind it: of runs the blocks' originals."""
    first, names = comparisons.sides[0].record, set(comparisons.names)
    if isinstance(first, RunRecord):
        originals = [
            (segment.name, each.measurement or "")
            for segment in first.segments
            for each in segment.variants
            if each.is_original
        ]
        return [(label, name) for label, name in originals if name in names]
    # Distributions show the few of other kinds.
    found = comparisons.names if isinstance(first, OptimisationRecord) else ()
    return [(name, name) for name in found]


def _draw(
    rows: Sequence[MedianRow], comparisons: Comparisons, identity: str, width: float
) -> str | None:
    narrow = width < _PHONE_PX
    farthest = max(_end(each) for row in rows for each in row.timed)
    unit = Figures.fitting([farthest], TIME_NS).unit
    names_px = min(_NAMES_PX, max(len(row.name) for row in rows) * CHARACTER_PX + 12)
    left = 4.0 if narrow else names_px
    scale = Scale(0.0, farthest / unit.factor * 1.03, left, width - _RIGHT_PX)
    numbers = sorted({number for row in rows for number, *_ in row.timed})
    keys, top = legend([(each, comparisons.sides[each].mark) for each in numbers], 10.0, width)
    header = 15.0 if narrow else 0.0
    height = len(numbers) * _LINE_PX + _GAP_PX + header
    bottom = top + len(rows) * height
    ticks = nice_ticks(0.0, scale.high, 4 if narrow else 8)
    body = [*keys, *across(scale, ticks, top, bottom)]
    for place, row in enumerate(rows):
        y = top + place * height
        label = shortened(row.name, width - 16 if narrow else names_px - 8)
        at = y + 12 if narrow else y + height / 2 + 4
        body.append(text(0, at, label, class_="label"))
        body += _marks(row, numbers, scale, unit.factor, y + header + _GAP_PX / 2)
        body.append(line(0, y + height, width - _RIGHT_PX, y + height, class_="rule"))
    title = f"latency, {unit.symbol}"
    body.append(text(width - _RIGHT_PX, bottom + 34, title, class_="axis", text_anchor="end"))
    return drawing(
        identity,
        "Medians side by side",
        f"{len(rows)} rows; up to {duration(farthest)}. The table of medians holds the same.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _marks(
    row: MedianRow, numbers: Sequence[int], scale: Scale, factor: float, top: float
) -> Iterator[str]:
    for number, side, each in row.timed:
        y = top + (numbers.index(number) + 0.5) * _LINE_PX
        median, interval = median_ns(each), interval_ns(each)
        parts = []
        said = f"{row.name}, {side.mark}: {duration(median, 4)}"
        end = median
        if interval is not None:
            end = interval[1]
            low, high = (scale(bound / factor) for bound in interval)
            parts.append(whisker(number, low, high, y))
            said += f" ({duration(interval[0], 4)} to {duration(interval[1], 4)})"
        parts.append(mark(number, scale(median / factor), y, 3.6))
        parts.append(text(scale(end / factor) + 7, y + 4, side.mark, class_="tick"))
        yield group(said, *parts)


def _end(timed: Timed) -> float:
    _, _, measurement = timed
    interval = interval_ns(measurement)
    return median_ns(measurement) if interval is None else max(interval[1], median_ns(measurement))
