"""The drawings of load tests: tails of latency, each query in order, latency over the rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.drawing.curves import SHADES, Curve, Plane, curve_chart
from kenning_lego.reports.drawing.in_order import InOrder, in_order_chart
from kenning_lego.reports.drawing.svg import Tick
from kenning_lego.reports.formatting import TIME_NS, Figures, Unit, counted, duration
from kenning_lego.reports.loads.findings import Load
from kenning_lego.stats.intervals import ordered_quantile

_FEWEST = 8
_POINTS = 120
"""Of one curve."""
_MOST = len(SHADES)
_MOST_IN_ORDER = 6
_TICKS = tuple(
    Tick(-math.log10(1 - quantile), name)
    for quantile, name in (
        *((0.5, "50"), (0.9, "90"), (0.99, "99")),
        *((0.999, "99.9"), (0.9999, "99.99"), (0.99999, "99.999")),
    )
)


def load_charts(loads: Sequence[Load]) -> Iterator[Chart]:
    """All that there is to draw."""
    timed = [each for each in loads if each.latencies and each.latencies.count >= _FEWEST]
    tails = [each for each in timed if each.keeps_up]
    if tails:
        caption = (
            "How long the faster queries take, by their share: at 99, a hundredth takes longer than"
            f" the curve says. It ends where there are too few queries to tell.{_left_out(tails)}"
        )
        found = chart("tails", partial(_tails, tails[-_MOST:]), caption, lead=True)
        yield from () if found is None else (found,)
    swept = sorted(
        (each for each in loads if each.record.rate_per_s is not None and each.latencies),
        key=lambda each: each.record.rate_per_s or 0.0,
    )
    if len({each.record.rate_per_s for each in swept}) > 1:
        caption = (
            "Percentiles of latency, the time in the queue included, at each rate of queries; where"
            " the target did not keep up they are cut off."
        )
        found = chart("rates", partial(_rates, swept), caption, lead=True)
        yield from () if found is None else (found,)
    for number, each in enumerate(timed[:_MOST_IN_ORDER], 1):
        yield from _ordered(each, f"queries-{number}")


def _tails(loads: Sequence[Load], name: str, width: float) -> str | None:
    unit = Figures.fitting(
        [each.latencies.maximum for each in loads if each.latencies], TIME_NS
    ).unit
    curves = [Curve(each.name, _tail(each, unit)) for each in loads]
    plane = Plane(
        "Tails of latency",
        "; ".join(_told(each) for each in loads) + ". The table of results holds the same figures.",
        "share of queries, %",
        f"latency, {unit.symbol}",
        y_unit=unit.symbol,
        from_zero=True,
        x_ticks=_TICKS,
    )
    return curve_chart(curves, plane, (), name, width)


def _tail(load: Load, unit: Unit) -> list[tuple[float, float]]:
    """Points up to where one query in ten beyond is left to judge by."""
    ascending = sorted(load.result.latencies_ns)
    farthest = max(math.log10(len(ascending) / 10), math.log10(2))
    places = [farthest * number / _POINTS for number in range(1, _POINTS + 1)]
    return [(at, ordered_quantile(ascending, 1 - 10**-at) / unit.factor) for at in places]


def _rates(loads: Sequence[Load], name: str, width: float) -> str | None:
    summaries = [
        (each.record.rate_per_s or 0.0, each.latencies) for each in loads if each.latencies
    ]
    unit = Figures.fitting([each.median for _, each in summaries], TIME_NS).unit
    found = {
        "p50": [(rate, each.median / unit.factor) for rate, each in summaries],
        "p90": [(rate, each.p90.value / unit.factor) for rate, each in summaries if each.p90],
        "p99": [(rate, each.p99.value / unit.factor) for rate, each in summaries if each.p99],
    }
    curves = [Curve(key, points, dots=True) for key, points in found.items() if points]
    kept = [each.latencies.maximum for each in loads if each.latencies and each.keeps_up]
    plane = Plane(
        "Latency over the rate of queries",
        "; ".join(_told(each) for each in loads) + ".",
        "queries a second",
        f"latency, {unit.symbol}",
        y_unit=unit.symbol,
        from_zero=True,
        limits=(0.0, max(kept) / unit.factor if kept else math.inf),
    )
    return curve_chart(curves, plane, (), name, width)


def _left_out(tails: Sequence[Load]) -> str:
    left = len(tails) - _MOST
    return f" {counted(left, 'further one')} in the table alone." if left > 0 else ""


def _ordered(load: Load, name: str) -> Iterator[Chart]:
    result, latencies = load.result, load.latencies
    ascending = sorted(result.latencies_ns)
    low, high = (latencies.median_low, latencies.median_high) if latencies else (None, None)
    alone = load.service.median if load.service and load.scenario == "server" else None
    shown = InOrder(
        f"Queries in order: {load.name}",
        "query",
        result.latencies_ns,
        ascending,
        None if low is None or high is None else (low, high),
        line_ns=alone,
    )
    caption = (
        f"{load.name}: latency of each query in the order in which they came; broken line: median."
    )
    if load.scenario == "server":
        caption += " Solid line: the call alone; what is above it was spent in the queue."
    found = chart(name, partial(in_order_chart, shown), caption, lead=True)
    if found:
        yield found


def _told(load: Load) -> str:
    if load.latencies is None:
        return f"{load.name}: no query was answered"
    number = counted(load.latencies.count, "query")
    return f"{load.name}: {number}, median {duration(load.latencies.median)}"
