"""What the frames of a pipeline say: bounds kept, switches, answers, configurations used."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kenning_lego.core.pipeline_records import (
    NO_ANSWER,
    PipelineRecord,
    PipelinesRecord,
)
from kenning_lego.core.records import BudgetRecord

DISTURBANCES = ("load",)
"""Kinds of events that, as a change of bounds does, begin frames of grace."""

_NONE = BudgetRecord()


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """As a share of one; None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Used:
    """What one configuration did.

    Args:
        index: in the pipeline's record.
        frames: that it ran.
        median_ns: of their durations.
        correct: right answers of the known ones.
    """

    index: int
    frames: int
    median_ns: float
    correct: Share


@dataclass(frozen=True, slots=True)
class PipelineFindings:
    """What can be said of one pipeline.

    Args:
        record: of the pipeline.
        begins_s: when each frame began.
        budgets: in force for each frame.
        within: frames, out of grace, that took no longer than their bound on latency; of those
            that had one.
        switches: changes of the configuration from one frame to the next.
        correct: right answers of the known ones.
        score: mean of the predicted scores of the frames' configurations.
        used: the configurations that ran frames, the most used first.
        over_memory_s: for how long more was loaded than the bound on memory allows.
    """

    record: PipelineRecord
    begins_s: tuple[float, ...]
    budgets: tuple[BudgetRecord, ...]
    within: Share
    switches: int
    correct: Share
    score: float | None
    used: tuple[Used, ...]
    over_memory_s: float

    @property
    def frames(self) -> int:
        """That were kept."""
        return len(self.begins_s)

    @property
    def median_ms(self) -> float | None:
        """Of the frames' durations."""
        durations = self.record.frames.duration_ns
        return statistics.median(durations) / 1e6 if durations else None

    @property
    def span_s(self) -> float:
        """From the first frame's begin to the last's end."""
        if not self.frames:
            return 0.0
        return self.begins_s[-1] + self.record.frames.duration_ns[-1] / 1e9 - self.begins_s[0]


def pipeline_findings(record: PipelinesRecord) -> tuple[PipelineFindings, ...]:
    """What can be said of each pipeline of a record."""
    return tuple(_findings(record, each) for each in record.pipelines)


def _findings(run: PipelinesRecord, record: PipelineRecord) -> PipelineFindings:
    frames = record.frames
    begins = tuple(begin / 1e9 for begin in frames.begin_ns)
    changes = [each.at_s for each in record.bounds]
    budgets = tuple(_in_force(record, changes, begin) for begin in begins)
    graced = _graced(begins, list(_disturbances(run, record)), run.grace_frames)
    bounded = [
        duration <= budget.latency_ms * 1e6
        for duration, budget, grace in zip(frames.duration_ns, budgets, graced, strict=True)
        if budget.latency_ms is not None and not grace
    ]
    return PipelineFindings(
        record=record,
        begins_s=begins,
        budgets=budgets,
        within=Share(sum(bounded), len(bounded)),
        switches=sum(before != after for before, after in pairwise(frames.configuration)),
        correct=_correct(frames.correct),
        score=_mean_score(record),
        used=_used(record),
        over_memory_s=_over_memory_s(run, record),
    )


def _in_force(record: PipelineRecord, changes: Sequence[float], at_s: float) -> BudgetRecord:
    position = bisect_right(changes, at_s)
    return record.bounds[position - 1].budget if position else _NONE


def _disturbances(run: PipelinesRecord, record: PipelineRecord) -> Iterator[float]:
    yield from (each.at_s for each in record.bounds)
    for event in run.events:
        if event.kind in DISTURBANCES and event.pipeline in ("", record.name):
            yield event.at_s


def _graced(begins: Sequence[float], moments: Sequence[float], grace: int) -> list[bool]:
    """Whether a frame is one of the first `grace` that began at or after one of the moments."""
    graced = [False] * len(begins)
    for moment in moments if grace else ():
        first = bisect_right(begins, moment)
        # The frame under way at that moment could not know either.
        for index in range(max(0, first - 1), min(first + grace, len(begins))):
            graced[index] = True
    return graced


def _correct(answers: Sequence[int]) -> Share:
    known = [each for each in answers if each != NO_ANSWER]
    return Share(sum(known), len(known))


def _mean_score(record: PipelineRecord) -> float | None:
    scores = [each.predicted.score for each in record.configurations]
    ran = [scores[index] for index in record.frames.configuration]
    known = [score for score in ran if score is not None]
    return statistics.fmean(known) if known and len(known) == len(ran) else None


def _used(record: PipelineRecord) -> tuple[Used, ...]:
    frames = record.frames
    ran: dict[int, list[int]] = {}
    for position, index in enumerate(frames.configuration):
        ran.setdefault(index, []).append(position)
    answers = frames.correct
    used = [
        Used(
            index,
            len(positions),
            statistics.median(frames.duration_ns[position] for position in positions),
            _correct([answers[position] for position in positions] if answers else []),
        )
        for index, positions in ran.items()
    ]
    return tuple(sorted(used, key=lambda each: (-each.frames, each.index)))


def _over_memory_s(run: PipelinesRecord, record: PipelineRecord) -> float:
    """For how long more was loaded than allowed."""
    moments = sorted({*(b.at_s for b in record.bounds), *(m.at_s for m in record.loaded)})
    bounds = [each.at_s for each in record.bounds]
    loads = [each.at_s for each in record.loaded]
    over = 0.0
    for begin, end in pairwise([*moments, run.duration_s]):
        position = bisect_right(loads, begin)
        budget = _in_force(record, bounds, begin).memory_bytes
        if position and budget is not None and record.loaded[position - 1].memory_bytes > budget:
            over += max(0.0, end - begin)
    return over
