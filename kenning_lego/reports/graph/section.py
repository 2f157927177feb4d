"""The section of the network's graph."""

from __future__ import annotations

from functools import partial

from kenning_lego.reports.document.parts import Chart, Charts, Part, ReportTypes, Section
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import duration
from kenning_lego.reports.graph.drawing import graph_chart
from kenning_lego.reports.graph.layout import MOST_ROOMY
from kenning_lego.reports.graph.timed import Drawn, Timed, drawn_of
from kenning_lego.reports.run.findings import Findings

_COLOURS = (
    "Segments whose 95 % intervals overlap, directly or through others, cannot be told apart and"
    " have one colour, that of their mean."
)
_MARKS = "Upright: the share; thick: its interval. Broken border: fixed."


def network_graph(findings: Findings) -> Section | None:
    """Where the time goes, or None where too little was measured to say."""
    drawn = drawn_of(findings)
    if drawn is None:
        return None
    alone = len(drawn.networks) == 1 or drawn.graph.count > MOST_ROOMY
    charts = tuple(
        found
        for number, each in enumerate(drawn.networks)
        if (found := _chart(drawn, each, f"network-{number + 1}", alone=alone))
    )
    parts: tuple[Part, ...] = charts if alone else (Charts(charts),)
    types: ReportTypes = frozenset({"performance"})
    return Section("network", "Where the time goes", parts, types, short="Network")


def _chart(drawn: Drawn, network: Timed, name: str, *, alone: bool) -> Chart | None:
    missing = sum(len(each.segments) for each in network.nodes if each.latency is None)
    without = f" Not measured, and not in it: {missing}." if missing else ""
    caption = (
        f"{network.name}: each segment's share of {duration(network.whole_ns)}, the sum of"
        f" medians.{without} {_COLOURS} {_MARKS}"
    )
    return chart(name, partial(graph_chart, drawn, network), caption, lead=alone)
