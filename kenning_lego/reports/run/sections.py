"""The sections of a run that are mostly drawings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kenning_lego.reports.document.parts import Chart, Charts, ReportTypes, Section
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.run.classification import classified
from kenning_lego.reports.run.confusion_chart import confusion_chart
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.front import front_points, front_said
from kenning_lego.reports.run.latency_chart import latency_chart
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.reports.run.tradeoff_charts import (
    score_latency_chart,
    score_size_chart,
    variants_chart,
)

_VARIANTS = (
    "What each variant saves and costs on its own. Area: size of the artifact; the warmer the"
    " colour, the more was removed. Down and to the right is better."
)
_Draw = Callable[[Findings, str, float], str | None]


def trade_offs(findings: Findings) -> Section | None:
    """What is traded for what, or None where there is nothing to compare."""
    record = findings.record
    drawn: dict[str, tuple[_Draw, str]] = {
        "score-latency": (
            score_latency_chart,
            "Quality over latency. Hollow: predicted; filled: measured; grey: the original."
            + front_said(record, front_points(record)),
        ),
        "score-size": (
            score_size_chart,
            f"Quality over memory ({MEMORY[record.memory].lower()}), marked in the same way.",
        ),
        "variants": (variants_chart, _VARIANTS),
    }
    charts = [
        chart(name, partial(draw, findings), caption) for name, (draw, caption) in drawn.items()
    ]
    found = tuple(each for each in charts if each)
    if not found:
        return None
    return Section("trade-offs", "Trade-offs", (Charts(found),), frozenset({"selection"}))


def latency(findings: Findings) -> Section | None:
    """Every variant's latency, or None where there is nothing to compare."""
    found = chart(
        "latency",
        partial(latency_chart, findings),
        "A row for each variant, by the share of FLOPs that was to be removed. Dot: median; thick"
        " line: its 95 % interval (mostly hidden by the dot); thin line: the middle half of the"
        " runs.",
        lead=True,
    )
    if found is None:
        return None
    types: ReportTypes = frozenset({"performance"})
    return Section("latency", "Latency of each block", (found,), types, short="Latency")


def confusion_matrices(findings: Findings) -> tuple[Chart, ...]:
    """One for each configuration of few enough classes."""
    found = [
        chart(
            f"confusion-{number}",
            partial(confusion_chart, record, name),
            f"{name}: the darker, the larger the share of its row.",
        )
        for number, (name, record) in enumerate(classified(findings))
    ]
    return tuple(each for each in found if each)
