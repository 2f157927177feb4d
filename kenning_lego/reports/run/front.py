"""The front of a run's configurations as points of predicted figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.formatting import integer
from kenning_lego.stats.quality_law import QualityLaw


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """An undominated configuration."""

    latency_ns: float
    memory_bytes: float
    score: float


def front_points(record: RunRecord) -> tuple[FrontPoint, ...]:
    """The points that the record holds; none if it holds no front, or no score to begin at."""
    front, original = record.front, record.network.test_score
    if front is None or original is None:
        return ()
    found = record.accuracy
    law = QualityLaw(found.unit, found.power) if found else QualityLaw()
    sign = 1.0 if record.network.higher_is_better else -1.0
    lowest, highest = record.network.score_limits

    def score(cost: int) -> float:
        predicted = original - sign * law.loss(cost / 1e9)
        predicted = predicted if lowest is None else max(lowest, predicted)
        return predicted if highest is None else min(highest, predicted)

    return tuple(
        FrontPoint(latency / 1e3, float(memory), score(cost))
        for cost, latency, memory in zip(
            front.costs, front.latencies_ps, front.memory_bytes, strict=True
        )
    )


def best_along(
    points: Iterable[FrontPoint], figure: Callable[[FrontPoint], float], *, higher: bool
) -> list[tuple[float, float]]:
    """The best score that is to be had up to each value of a figure: the steps, ascending."""
    steps: list[tuple[float, float]] = []
    for value, score in sorted((figure(point), point.score) for point in points):
        if steps and (score <= steps[-1][1] if higher else score >= steps[-1][1]):
            continue
        if steps and steps[-1][0] == value:
            steps.pop()
        steps.append((value, score))
    return steps


def front_said(record: RunRecord, points: Sequence[FrontPoint]) -> str:
    """How many there are, in words; empty without a front."""
    if record.front is None or not points:
        return ""
    many = integer(record.front.points)
    shown = f", {integer(len(points))} of them drawn" if record.front.points > len(points) else ""
    close = f" (to within {record.front.gap:.2g})" if record.front.gap else ""
    return f" Small dots: the {many} undominated configurations{close}{shown}; the line is the best of them."  # noqa: E501
