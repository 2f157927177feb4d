"""Quality over latency with the points and the fronts of several records.

Records of another metric, another dataset or another clock have a drawing of their own.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.records import NetworkRecord, RunRecord
from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.series import legend, mark, trace
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.drawing.labels import Box, Label, place
from kenning_lego.reports.drawing.svg import drawing, group, text
from kenning_lego.reports.formatting import TIME_NS, Figures, duration
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.front import best_along, front_points
from kenning_lego.reports.run.tradeoff_charts import HEIGHT_PX, plane_around, step_line, titled

_LEGEND_PX = 24.0
_MOST_LABELS = 24
"""With more points, names cover each other; pointing at them shows them."""
_NEAR_PX = 12.0
"""Points of one name that are no further apart share a label."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Named:
    """A point of the drawing with the mark of its record and its own name."""

    at: Point
    mark: str
    name: str


@dataclass(frozen=True, slots=True)
class Cloud:
    """What one record was seen, or predicted, to reach.

    Args:
        number: of the record, from 0.
        side: the record.
        network: its metric and dataset.
        clock: on which it was timed.
        measured: name, latency in ns and score.
        front: steps of the best score that is to be had up to each latency in ns, predicted.
    """

    number: int
    side: Side
    network: NetworkRecord
    clock: str
    measured: tuple[tuple[str, float, float], ...]
    front: tuple[Point, ...]

    @property
    def points(self) -> list[Point]:
        """All of them."""
        return [*((latency, score) for _, latency, score in self.measured), *self.front]


def tradeoff_charts(comparisons: Comparisons) -> Iterator[Chart]:
    """One drawing for all records that can stand on the same axes."""
    groups: dict[tuple[str, str, str, bool], list[Cloud]] = {}
    for number, side in enumerate(comparisons.sides):
        cloud = _cloud(number, side)
        if cloud is not None and cloud.points:
            network = cloud.network
            key = cloud.clock, network.metric, network.dataset, network.higher_is_better
            groups.setdefault(key, []).append(cloud)
    for place_, ((clock, metric, dataset, _), clouds) in enumerate(groups.items()):
        where = f" {metric} of {dataset}, {clock} clock." if len(groups) > 1 else ""
        fronts = any(each.front for each in clouds)
        lines = " Lines: the best that was predicted up to each latency." if fronts else ""
        found = chart(
            f"trade-off-{place_}",
            partial(_draw, clouds),
            f"Quality over latency; marks were measured.{lines}{where}",
            lead=True,
        )
        if found:
            yield found


def _cloud(number: int, side: Side) -> Cloud | None:
    match side.record:
        case RunRecord() as run:
            clock = ", ".join(side.clocks)
            measured = tuple(
                (each.name, each.measured.latency_ms * 1e6, each.measured.score)
                for each in run.configurations
                if each.measured is not None
                and each.measured.latency_ms is not None
                and each.measured.score is not None
            )
            higher = run.network.higher_is_better
            steps = best_along(front_points(run), lambda each: each.latency_ns, higher=higher)
            return Cloud(number, side, run.network, clock, measured, tuple(steps))
        case OptimisationRecord() as search:
            clock = ", ".join(side.clocks)
            measured = tuple(
                (each.name, each.latency_ms * 1e6, each.score)
                for each in search.candidates
                if each.latency_ms is not None and each.score is not None
            )
            return Cloud(number, side, search.network, clock, measured, ())
        case _:
            return None


def _draw(clouds: Sequence[Cloud], identity: str, width: float) -> str | None:
    points = [point for each in clouds for point in each.points]
    network = clouds[0].network
    quality = Quality.named(network.metric, [score for _, score in points])
    unit = Figures.fitting([max(latency for latency, _ in points)], TIME_NS).unit
    better = "higher" if network.higher_is_better else "lower"
    plane = plane_around(
        [(latency / unit.factor, score * quality.factor) for latency, score in points],
        width,
        f"latency, {unit.symbol}",
        f"{titled(quality.name, quality.unit)} ({better} is better)",
    )

    def at(point: Point) -> Point:
        return plane.x(point[0] / unit.factor), plane.y(point[1] * quality.factor)

    body = list(plane.parts)
    wanted: list[Named] = []
    marks: list[Point] = []
    for each in clouds:
        if each.front:
            steps = step_line([at(step) for step in each.front])
            body.append(group(f"{each.side.mark}: predicted", trace(each.number, steps)))
        for name, latency, score in each.measured:
            x, y = at((latency, score))
            said = f"{each.side.mark}, {name}: {duration(latency)}, {quality.score(score)}"
            body.append(group(said, mark(each.number, x, y, 5.0)))
            marks.append((x, y))
            wanted.append(Named((x, y), each.side.mark, name))
        if each.front:
            wanted.append(Named(at(each.front[-1]), each.side.mark, "predicted"))
    labels = _labels(wanted, marks, plane.frame)
    body += [text(each.x, each.y, each.text, class_="label") for each in labels]
    keys, below = legend(
        [(each.number, each.side.mark) for each in clouds], HEIGHT_PX + _LEGEND_PX / 2, width
    )
    return drawing(
        identity,
        f"{quality.name} over latency",
        f"{len(marks)} measured points of {len(clouds)} records.",
        width,
        below,
        [*body, *keys],
    )


def _labels(wanted: Sequence[Named], marks: list[Point], frame: Box) -> list[Label]:
    many = len(wanted) > _MOST_LABELS
    groups = together(wanted)[:_MOST_LABELS]
    texts = [", ".join(each.mark for each in group) for group in groups]
    if not many:
        texts = [f"{said} {group[0].name}" for said, group in zip(texts, groups, strict=True)]
    places = [(*group[0].at, said) for said, group in zip(texts, groups, strict=True)]
    return place(places, marks, frame)


def together(wanted: Sequence[Named]) -> list[list[Named]]:
    """The points that one label can name: of several records, of one name, and near each other."""
    groups: list[list[Named]] = []
    by_name: dict[str, list[list[Named]]] = defaultdict(list)
    for each in wanted:
        for several in by_name[each.name]:
            if math.dist(several[0].at, each.at) <= _NEAR_PX and each.mark != several[-1].mark:
                several.append(each)
                break
        else:
            groups.append([each])
            by_name[each.name].append(groups[-1])
    return groups
