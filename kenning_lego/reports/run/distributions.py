"""The section of distributions: how whole networks' latencies spread, and how they went."""

from __future__ import annotations

from functools import partial

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.reports.document.parts import Chart, Part, Section
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import counted
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.measurement_table import for_judging, measurement_table, of_networks
from kenning_lego.reports.run.runs_chart import runs_chart
from kenning_lego.reports.run.spread_chart import MOST_ROWS, spread_chart
from kenning_lego.reports.run.timings import Timing

_CLOCKS = {
    "target": "on the target's clock",
    "in-process": "on this machine's clock, in the host's own process",
    "host": "on the host's clock, the way to the target included",
}


def distributions(findings: Findings) -> Section | None:
    """The runs of whole networks, or None where none was measured."""
    table = measurement_table(findings)
    if table is None:
        return None
    parts: list[Part] = [*_spreads(findings)]
    runs = chart("runs", partial(runs_chart, findings), _runs_said(findings), lead=True)
    if runs:
        parts.append(runs)
    parts.append(table)
    return Section("distributions", "Distributions", tuple(parts), frozenset({"performance"}))


def _spreads(findings: Findings) -> list[Chart]:
    """One drawing for each clock: what different clocks tell is not on one scale."""
    shown = of_networks(findings)
    others = for_judging(findings)
    told = [each for each in shown if each.record.name not in others] or shown
    found = []
    for number, clock in enumerate(dict.fromkeys(each.record.clock for each in told)):
        mine = [each for each in told if each.record.clock == clock]
        drawn = chart(f"spread-{number + 1}", partial(_spread, mine), _said(mine), lead=True)
        if drawn:
            found.append(drawn)
    return found


def _spread(timings: list[Timing], name: str, width: float) -> str | None:
    return spread_chart(timings, name, width)


def _said(timings: list[Timing]) -> str:
    left = len(timings) - MOST_ROWS
    more = f" {counted(left, 'further measurement')} in the table alone." if left > 0 else ""
    return (
        f"Latencies {_CLOCKS[timings[0].record.clock]}; the higher, the more runs. Line: median,"
        " with its 95 % interval; ticks: percentiles with theirs, where the runs are enough to"
        f" claim them.{more}"
    )


def _runs_said(findings: Findings) -> str:
    timing = findings.main.timing
    record = timing.record if timing else None
    said = (
        f"The runs of {findings.main.name} in order; the line is their median, the band its 95 %"
        " interval. Where there are more runs than room, a dot is the median of neighbours and an"
        " upright their range; triangles: slower than the scale reaches."
    )
    return " ".join((said, *(_history(record) if record else ())))


def _history(record: MeasurementRecord) -> list[str]:
    """What the record says of how the runs went."""
    said = []
    if record.warmup:
        said.append(f"Before them {counted(record.warmup, 'run')} of warm-up were dropped.")
    if record.verdict is not None:
        found = "; ".join(record.verdict.reasons)
        name = record.verdict.name.replace("_", " ")
        said.append(f"Verdict: {name}{f': {found}' if found else ''}.")
    return said
