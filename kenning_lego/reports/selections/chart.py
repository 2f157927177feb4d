"""The front of a network with what was chosen of it."""

from __future__ import annotations

from kenning_lego.core.records import FrontRecord
from kenning_lego.core.selection_records import ChosenRecord, SelectionRecord
from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.drawing.labels import place
from kenning_lego.reports.drawing.svg import drawing, element, group, text
from kenning_lego.reports.formatting import (
    TIME_NS,
    Figures,
    counted,
    integer,
    milliseconds,
    significant,
    size,
)
from kenning_lego.reports.run.front import FrontPoint, best_along
from kenning_lego.reports.run.tradeoff_charts import HEIGHT_PX, plane_around, step_line


def front_chart(record: SelectionRecord, network: str, identity: str, width: float) -> str | None:
    """Accuracy cost over latency of one network; None where there is nothing to draw.

    The front's points are small; those that were chosen stand out.
    """
    front = _points(record.undominated.get(network))
    chosen = [
        (answer.name, each)
        for answer in record.answers
        for each in answer.chosen
        if each.network == network and each.predicted.latency_ms is not None
    ]
    seen = [(each.latency_ns, each.score) for each in front]
    seen += [_place(each) for _, each in chosen]
    if not seen or (not front and len(chosen) < 2):
        return None
    unit = Figures.fitting([max(ns for ns, _ in seen)], TIME_NS).unit
    plane = plane_around(
        [(ns / unit.factor, cost) for ns, cost in seen],
        width,
        f"predicted latency, {unit.symbol}",
        "accuracy cost (lower is better)",
    )

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return plane.x(point[0] / unit.factor), plane.y(point[1])

    body = list(plane.parts)
    if front:
        dots = "".join(
            f"M{x:.1f} {y:.1f}h0" for x, y in (at((each.latency_ns, each.score)) for each in front)
        )
        body.append(element("path", d=dots, class_="front"))
        steps = best_along(front, lambda each: each.latency_ns, higher=False)
        body.append(element("path", d=step_line([at(each) for each in steps]), class_="best"))
    for name, each in chosen:
        x, y = at(_place(each))
        mark = element("circle", cx=x, cy=y, r=5.0, class_="predicted")
        about = configuration_subject(name)
        body.append(group(f"{name}: {_figures(each)}", mark, class_="point", data_about=about))
    wanted = [(*at(_place(each)), name) for name, each in chosen]
    labels = place(wanted, [(x, y) for x, y, _ in wanted], plane.frame)
    body += [text(each.x, each.y, each.text, class_="label") for each in labels]
    return drawing(
        identity,
        f"Choices for {network}",
        f"{counted(len(chosen), 'choice')} among {integer(len(front))} points of the front. The"
        " table of choices holds their figures.",
        width,
        HEIGHT_PX,
        body,
    )


def _points(front: FrontRecord | None) -> list[FrontPoint]:
    """The front's points, with the accuracy cost in the score's place."""
    if front is None:
        return []
    columns = zip(front.latencies_ps, front.memory_bytes, front.costs, strict=False)
    return [FrontPoint(ps / 1e3, float(memory), cost / 1e9) for ps, memory, cost in columns]


def _place(chosen: ChosenRecord) -> tuple[float, float]:
    return (chosen.predicted.latency_ms or 0.0) * 1e6, chosen.accuracy_cost


def _figures(chosen: ChosenRecord) -> str:
    predicted = chosen.predicted
    figures = (
        milliseconds(predicted.latency_ms),
        size(predicted.memory_bytes),
        f"accuracy cost {significant(chosen.accuracy_cost)}",
    )
    return ", ".join(each for each in figures if each)
