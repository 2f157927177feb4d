"""The charts of a report, each drawn for a desk and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kenning_lego.core.run_headers import TelemetryRecord
from kenning_lego.reports.classification import classified
from kenning_lego.reports.confusion_chart import confusion_chart
from kenning_lego.reports.findings import Findings
from kenning_lego.reports.formatting import counted
from kenning_lego.reports.front import front_points, front_said
from kenning_lego.reports.latency_chart import latency_chart
from kenning_lego.reports.memory import MEMORY
from kenning_lego.reports.prediction_chart import prediction_chart
from kenning_lego.reports.runs_chart import runs_chart
from kenning_lego.reports.timeline import Panel, panels, seconds_of
from kenning_lego.reports.timeline_chart import timeline_chart
from kenning_lego.reports.tradeoff_charts import (
    score_latency_chart,
    score_size_chart,
    variants_chart,
)

FULL_PX = 1080.0
HALF_PX = 516.0
PHONE_PX = 350.0

_Draw = Callable[[Findings, str, float], str | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, as SVG for two widths: type does not shrink on a phone.

    Args:
        wide: for desks and paper.
        narrow: for phones.
        caption: what the marks mean.
    """

    wide: str
    narrow: str
    caption: str


@dataclass(frozen=True, slots=True)
class Charts:
    """All charts; None where the record has nothing to draw."""

    latency: Chart | None
    prediction: Chart | None
    runs: Chart | None
    trade_offs: tuple[Chart, ...]
    board: tuple[Chart, ...]
    confusion: tuple[Chart, ...]


def charts_of(findings: Findings) -> Charts:
    """Draw what the record holds."""
    trade_offs = (
        _drawn(
            findings,
            score_latency_chart,
            "score-latency",
            HALF_PX,
            "Quality over latency. Hollow: predicted; filled: measured; grey: the original."
            + front_said(findings.record, front_points(findings.record)),
        ),
        _drawn(
            findings,
            score_size_chart,
            "score-size",
            HALF_PX,
            f"Quality over memory ({MEMORY[findings.record.memory].lower()}), marked in the same"
            " way.",
        ),
        _drawn(
            findings,
            variants_chart,
            "variants",
            HALF_PX,
            "What each variant saves and costs on its own. Area: size of the artifact; the warmer"
            " the colour, the more was removed. Down and to the right is better.",
        ),
    )
    return Charts(
        _drawn(
            findings,
            latency_chart,
            "latency",
            FULL_PX,
            "A row for each variant, by the share of FLOPs that was to be removed. Dot: median;"
            " thick line: its 95 % interval (mostly hidden by the dot); thin line: the middle half"
            " of the runs.",
        ),
        _drawn(
            findings,
            prediction_chart,
            "prediction",
            HALF_PX,
            "Latency of each configuration. Hollow: predicted; filled: measured, with the 95 %"
            " interval of its median; upright: the budget.",
        ),
        _drawn(
            findings,
            runs_chart,
            "runs",
            FULL_PX,
            f"The runs of {findings.main.name} in order; the line is their median. Where there are"
            " more runs than room, a dot is the median of neighbours and an upright their range.",
        ),
        tuple(chart for chart in trade_offs if chart),
        tuple(_timelines(findings.record.telemetry)),
        tuple(_confusions(findings)),
    )


def _confusions(findings: Findings) -> Iterator[Chart]:
    for number, (name, record) in enumerate(classified(findings)):
        identity = f"confusion-{number}"
        wide = confusion_chart(record, name, f"{identity}-wide", HALF_PX)
        narrow = confusion_chart(record, name, f"{identity}-narrow", PHONE_PX)
        if wide and narrow:
            yield Chart(wide, narrow, f"{name}: the darker, the larger the share of its row.")


def _timelines(telemetry: TelemetryRecord | None) -> Iterator[Chart]:
    for panel in panels(telemetry):
        times = seconds_of(telemetry) if telemetry else []
        name = f"board-{panel.identity}"
        yield Chart(
            timeline_chart(panel, times, f"{name}-wide", HALF_PX),
            timeline_chart(panel, times, f"{name}-narrow", PHONE_PX),
            _caption(panel),
        )


def _caption(panel: Panel) -> str:
    if not panel.left_out:
        return f"{panel.title} while the target was measured."
    return f"{panel.title}: the highest; {counted(panel.left_out, 'line')} below them left out."


def _drawn(
    findings: Findings, draw: _Draw, identity: str, width: float, caption: str
) -> Chart | None:
    wide = draw(findings, f"{identity}-wide", width)
    narrow = draw(findings, f"{identity}-narrow", PHONE_PX)
    return None if wide is None or narrow is None else Chart(wide, narrow, caption)
