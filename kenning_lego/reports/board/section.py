"""The section of what the board's sensors told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.core.run_headers import TelemetryRecord
from kenning_lego.reports.board.timeline import Panel, panels, seconds_of
from kenning_lego.reports.board.timeline_chart import timeline_chart
from kenning_lego.reports.document.parts import Chart, Charts, Paragraph, ReportTypes, Section
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import counted


def board_over_time(telemetry: TelemetryRecord | None, source: str) -> Section | None:
    """Utilisation, memory, temperatures, frequencies and power, or None without samples.

    Args:
        telemetry: of the target.
        source: name of the record's file.
    """
    charts = tuple(_charts(telemetry))
    if not charts:
        return None
    note = Paragraph(
        "Sampled by the target, outside what it times. What has no drawing was not there to be"
        f" read; {source} says why.",
        "small-print",
    )
    types: ReportTypes = frozenset({"performance", "energy"})
    return Section("board", "The board while it ran", (Charts(charts), note), types, "The board")


def _charts(telemetry: TelemetryRecord | None) -> Iterator[Chart]:
    times = seconds_of(telemetry) if telemetry else []
    for panel in panels(telemetry):
        found = chart(f"board-{panel.identity}", partial(_draw, panel, times), _caption(panel))
        if found:
            yield found


def _draw(panel: Panel, times: Sequence[float], name: str, width: float) -> str:
    return timeline_chart(panel, times, name, width)


def _caption(panel: Panel) -> str:
    if not panel.left_out:
        return f"{panel.title} while the target was measured."
    return f"{panel.title}: the highest; {counted(panel.left_out, 'line')} below them left out."
