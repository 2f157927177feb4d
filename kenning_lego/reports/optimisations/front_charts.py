"""Charts of a search: every candidate's score over its latency, and over its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kenning_lego.core.optimisation_records import CandidateRecord, OptimisationRecord
from kenning_lego.reports.drawing.labels import place
from kenning_lego.reports.drawing.svg import drawing, element, group, text
from kenning_lego.reports.formatting import SIZE_BYTES, TIME_NS, Figures, Unit, duration, size
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.tradeoff_charts import HEIGHT_PX, plane_around, step_line, titled

Figure = Callable[[CandidateRecord], float]


def latency_chart(record: OptimisationRecord, identity: str, width: float) -> str | None:
    """Score over latency; None if nothing was measured."""
    return _chart(record, identity, width, "latency", _latency_ns, TIME_NS)


def size_chart(record: OptimisationRecord, identity: str, width: float) -> str | None:
    """Score over the artifact's size; None if nothing was measured."""
    return _chart(record, identity, width, "size", _size_bytes, SIZE_BYTES)


def measured(record: OptimisationRecord) -> list[CandidateRecord]:
    """The candidates that were measured, the fastest first."""
    found = [each for each in record.candidates if each.state == "measured"]
    return sorted(found, key=_latency_ns)


def quality_of(record: OptimisationRecord) -> Quality:
    """How scores are written."""
    network = record.network
    scores = [each.score for each in record.candidates]
    return Quality.named(network.metric, [network.validation_score, network.test_score, *scores])


def _chart(
    record: OptimisationRecord,
    identity: str,
    width: float,
    name: str,
    figure: Figure,
    units: tuple[Unit, ...],
) -> str | None:
    several = measured(record)
    if not several:
        return None
    quality, higher = quality_of(record), record.network.higher_is_better
    unit = Figures.fitting([max(map(figure, several))], units).unit

    def scaled(each: CandidateRecord) -> tuple[float, float]:
        return figure(each) / unit.factor, (each.score or 0.0) * quality.factor

    plane = plane_around(
        [scaled(each) for each in several],
        width,
        f"{name}, {unit.symbol}",
        f"{titled(quality.name, quality.unit)} ({'higher' if higher else 'lower'} is better)",
    )

    def at(each: CandidateRecord) -> tuple[float, float]:
        x, y = scaled(each)
        return plane.x(x), plane.y(y)

    front = _stairs(several, figure, higher=higher)
    body = [*plane.parts, element("path", d=step_line([at(each) for each in front]), class_="best")]
    for each in several:
        x, y = at(each)
        mark = "measured" if each.undominated else "predicted"
        point = element("circle", cx=x, cy=y, r=4.5, class_=mark)
        kind = "point original" if not each.within_limits else "point"
        body.append(group(_said(each, quality), point, class_=kind))
    wanted = [(*at(each), _label(each)) for each in several if each.name == record.best]
    labels = place(wanted, [at(each) for each in several], plane.frame)
    body += [text(each.x, each.y, each.text, class_="label") for each in labels]
    return drawing(
        identity,
        f"{quality.name} over {name}",
        f"{len(several)} candidates; undominated ones are filled, those beyond a limit are grey. "
        "The table of candidates holds the same figures.",
        width,
        HEIGHT_PX,
        body,
    )


def _stairs(
    several: Sequence[CandidateRecord], figure: Figure, *, higher: bool
) -> list[CandidateRecord]:
    """The best in score up to each value of a figure."""
    sign = 1.0 if higher else -1.0
    found: list[CandidateRecord] = []
    for each in sorted(several, key=lambda one: (figure(one), -sign * (one.score or 0.0))):
        if not found or sign * (each.score or 0.0) > sign * (found[-1].score or 0.0):
            found.append(each)
    return found


def _label(candidate: CandidateRecord) -> str:
    return f"best: {candidate.name}"


def _said(candidate: CandidateRecord, quality: Quality) -> str:
    figures = duration(_latency_ns(candidate)), size(candidate.size_bytes)
    both = ", ".join(each for each in (*figures, quality.score(candidate.score)) if each)
    return f"{candidate.name}: {both}"


def _latency_ns(candidate: CandidateRecord) -> float:
    return (candidate.latency_ms or 0.0) * 1e6


def _size_bytes(candidate: CandidateRecord) -> float:
    return float(candidate.size_bytes or 0)
