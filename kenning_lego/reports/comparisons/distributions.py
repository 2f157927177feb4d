"""Distributions of the same measurement in several records, over one axis where clocks are one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import Comparisons, median_ns
from kenning_lego.reports.comparisons.overlay_chart import Curve, Overlay, overlay_chart
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import TIME_NS, Figures, counted, duration
from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.recorded import rounds_of

MOST = 4
"""Drawings of distributions; more say the same again."""

_POINTS = 120
_TAIL = 0.995
"""Share of the samples that is drawn: single outliers would leave no room for the others."""
_FARTHEST = 3.0
"""Nor is anything drawn beyond so many times the largest median."""

Timed = tuple[int, Side, MeasurementRecord]
"""Number of the record, the record, and what it measured."""


def distribution_charts(comparisons: Comparisons) -> Iterator[Chart]:
    """Of whole networks and configurations that the first record and another one measured."""
    for place, name in enumerate(whole_names(comparisons)[:MOST], 1):
        groups = by_clock(comparisons.sides, name)
        for clock, timed in groups.items():
            where = f", {clock} clock" if len(groups) > 1 else ""
            low, high = _range(timed)
            beyond = sum(sample > high for *_, each in timed for sample in each.samples_ns)
            cut = f" {counted(beyond, 'run')} beyond {duration(high)} left out." if beyond else ""
            found = chart(
                f"distribution-{place}-{clock}",
                partial(_draw, f"{name}{where}", timed, (low, high)),
                f"{name}{where}: the share of runs that took no longer. On the line at a half: the"
                f" median and its 95 % interval.{cut}",
            )
            if found:
                yield found


def whole_names(comparisons: Comparisons) -> list[str]:
    """Names that are not a block's variant, nor a run that only checks sums; the chosen first."""
    first = comparisons.sides[0].record
    names = list(comparisons.names)
    if not isinstance(first, RunRecord):
        return names
    several = len(first.segments) > 1
    blocks = {each.measurement for segment in first.segments for each in segment.variants}
    checks = {each.measurement for each in first.additivity.runs} if first.additivity else set()
    aside = {*checks, *(blocks if several else ()), *_references(names)}
    chosen = [each.measurement for each in first.configurations]
    ranked = sorted(names, key=lambda name: chosen.index(name) if name in chosen else len(chosen))
    return [name for name in ranked if name not in aside]


def by_clock(sides: Sequence[Side], name: str) -> dict[str, list[Timed]]:
    """What each record measured under a name, those on one clock together."""
    groups: dict[str, list[Timed]] = {}
    for number, side in enumerate(sides):
        if name in side.measurements:
            timed = side.measurements[name]
            groups.setdefault(timed.clock, []).append((number, side, timed))
    return groups


def interval_ns(measurement: MeasurementRecord) -> tuple[float, float] | None:
    """Of the median at 95 %: the recorded one, else one from the samples; None with too few."""
    if measurement.interval_ns is not None:
        return measurement.interval_ns
    found = median_of_rounds(rounds_of(measurement))
    return None if found is None else (found.low, found.high)


def _references(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.startswith(("reference of ", "composed-"))]


def _range(timed: Sequence[Timed]) -> tuple[float, float]:
    """From the fastest run to the slowest that is drawn, in ns."""
    ascending = [sorted(each.samples_ns) for *_, each in timed]
    slow = max(each[round((len(each) - 1) * _TAIL)] for each in ascending)
    most = _FARTHEST * max(median_ns(each) for *_, each in timed)
    return float(min(each[0] for each in ascending)), float(min(slow, most))


def _draw(
    name: str, timed: Sequence[Timed], range_ns: tuple[float, float], identity: str, width: float
) -> str:
    low, high = range_ns
    unit = Figures.fitting([high], TIME_NS).unit
    medians = "; ".join(f"{side.mark} {duration(median_ns(each))}" for _, side, each in timed)
    overlay = Overlay(
        title=f"Distributions of {name}",
        described=f"Medians: {medians}. The table of medians holds the same figures.",
        x_title=f"latency, {unit.symbol}",
        y_title="share of the runs",
        curves=tuple(_curve(number, side, each, unit.factor) for number, side, each in timed),
        y_from_zero=True,
        x_range=(low / unit.factor, high / unit.factor),
    )
    return overlay_chart(overlay, identity, width)


def _curve(number: int, side: Side, measurement: MeasurementRecord, factor: float) -> Curve:
    ascending = sorted(measurement.samples_ns)
    count = len(ascending)
    ranks = sorted({round(step * (count - 1) / _POINTS) for step in range(_POINTS + 1)})
    median, interval = median_ns(measurement), interval_ns(measurement)
    spans: tuple[tuple[float, float, float, float], ...] = ()
    said = f"{side.mark}: median {duration(median)}, {counted(count, 'run')}"
    if interval is not None:
        spans = ((0.5, interval[0] / factor, interval[1] / factor, median / factor),)
        said += f", 95 % interval {duration(interval[0], 4)} to {duration(interval[1], 4)}"
    return Curve(
        number=number,
        name=side.mark,
        points=tuple((ascending[rank] / factor, (rank + 1) / count) for rank in ranks),
        said=said,
        labelled=(median / factor, 0.5),
        spans=spans,
        stairs=True,
    )
