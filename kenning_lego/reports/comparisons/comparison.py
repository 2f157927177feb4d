"""Two runs side by side: what is faster, what slower, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kenning_lego.core.errors import UsageError
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Column, Table
from kenning_lego.stats.comparison import Difference, compare_medians, compare_overall
from kenning_lego.stats.recorded import rounds_of

_SAME_TARGET = ("board", "cpu", "machine", "cores")
"""Facts that make out a target; its kernel and its Python may be updated."""
_OF_THE_RUN = ("engine", "version", "provider", "threads", "batch", "precision")
_COLUMNS = (
    Column("measurement", "text"),
    Column("before_ms"),
    Column("after_ms"),
    Column("change_low", "share"),
    Column("change_high", "share"),
    Column("outcome", "text"),
    Column("regression", "flag"),
    Column("notes", "text"),
)
_DOUBTED = ("drifting", "throttled", "noisy")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that both runs measured.

    Args:
        name: of the measurement.
        before_ns: median in the first run.
        after_ns: median in the second run.
        difference: between them.
        regression: whether it is slower beyond the threshold, with confidence.
        notes: what the reader should know about it.
    """

    name: str
    before_ns: float
    after_ns: float
    difference: Difference
    regression: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """All of them, and what they have in common.

    Args:
        rows: in the order of the first run.
        overall: the geometric mean of all ratios; None if nothing had enough rounds.
        overall_regression: whether that is slower beyond the threshold.
        warnings: what differs between the runs beside their latencies.
        confidence: for all rows together.
        threshold: share from which a difference matters.
    """

    rows: tuple[Row, ...]
    overall: Difference | None
    overall_regression: bool
    warnings: tuple[str, ...]
    confidence: float
    threshold: float

    @property
    def regressed(self) -> bool:
        """Whether anything is slower beyond the threshold."""
        return self.overall_regression or any(row.regression for row in self.rows)

    def tables(self) -> tuple[Table, ...]:
        """One table with a row for what both runs measured."""
        rows = tuple(
            (
                row.name,
                row.before_ns / 1e6,
                row.after_ns / 1e6,
                row.difference.low,
                row.difference.high,
                row.difference.outcome,
                row.regression,
                "; ".join(row.notes),
            )
            for row in self.rows
        )
        return (Table("measurements", "Comparison", _COLUMNS, rows),)

    def to_json(self) -> dict[str, Any]:
        """For programs; shares and ns."""
        return {
            "kind": "comparison",
            "confidence": self.confidence,
            "threshold": self.threshold,
            "correction": "holm",
            "regression": self.regressed,
            "warnings": list(self.warnings),
            "overall": None if self.overall is None else asdict(self.overall),
            "rows": [asdict(row) for row in self.rows],
        }


def compare_runs(
    before: RunRecord,
    after: RunRecord,
    *,
    confidence: float = 0.95,
    threshold: float = 0.02,
    across_targets: bool = False,
) -> Comparison:
    """Compare what two runs measured under the same names.

    Args:
        before: the run to compare with.
        after: the run in question.
        confidence: that nothing is called different by chance, for all together.
        threshold: share from which being slower is a regression.
        across_targets: compare even what was measured on other boards or clocks.

    Raises:
        UsageError: the runs have nothing in common, or were measured on different targets or
            clocks and `across_targets` is not set.
    """
    elsewhere = [*_targets(before, after), *_clocks(before, after)]
    if elsewhere and not across_targets:
        raise UsageError(
            f"the runs were not measured alike: {'; '.join(elsewhere)}",
            "compare runs of one target, or say --across-targets",
        )
    others = {each.name: each for each in after.measurements if each.samples_ns}
    both = {
        each.name: (each, others[each.name])
        for each in before.measurements
        if each.samples_ns and each.name in others
    }
    if not both:
        raise UsageError(
            "the runs have no measurement in common", "compare runs of the same network and blocks"
        )
    pairs = {name: (rounds_of(one), rounds_of(other)) for name, (one, other) in both.items()}
    found = compare_medians(pairs, confidence=confidence, threshold=threshold)
    overall = compare_overall(pairs, confidence=confidence, threshold=threshold)
    made = _made_of(before), _made_of(after)
    rows = tuple(
        Row(
            name=name,
            before_ns=_median(one),
            after_ns=_median(other),
            difference=found[name],
            regression=found[name].beyond(threshold),
            notes=tuple(_notes(one, other, made)),
        )
        for name, (one, other) in both.items()
    )
    return Comparison(
        rows=rows,
        overall=overall,
        overall_regression=overall is not None and overall.beyond(threshold),
        warnings=(*elsewhere, *_warnings(before, after)),
        confidence=confidence,
        threshold=threshold,
    )


def _targets(before: RunRecord, after: RunRecord) -> Iterator[str]:
    one, other = before.target.environment.facts, after.target.environment.facts
    yield from _differing(one, other, _SAME_TARGET)


def _clocks(before: RunRecord, after: RunRecord) -> Iterator[str]:
    clocks = [sorted({each.clock for each in run.measurements}) for run in (before, after)]
    if clocks[0] != clocks[1]:
        yield f"clock: {', '.join(clocks[0])} and {', '.join(clocks[1])}"


def _warnings(before: RunRecord, after: RunRecord) -> Iterator[str]:
    yield from _differing(before.target.used, after.target.used, _OF_THE_RUN)
    was, now = before.scenario.get("target"), after.scenario.get("target")
    if isinstance(was, dict) and isinstance(now, dict):
        known = {*before.target.used, *after.target.used}
        yield from _differing(was, now, [key for key in _OF_THE_RUN if key not in known])
    if before.network.name != after.network.name:
        yield f"network: {before.network.name} and {after.network.name}"
    one_state = before.target.environment.state_before
    other_state = after.target.environment.state_before
    yield from _differing(one_state, other_state, ("governor",))
    for which, run in (("first", before), ("second", after)):
        for plan in run.plans:
            if plan.verdict is not None and plan.verdict.name in _DOUBTED:
                words = plan.verdict.name.replace("_", " ")
                yield f"the {which} run's {plan.name}: {words} ({plan.verdict.remedy})"
    for which, one, other in (("first", before, after), ("second", after, before)):
        names = {each.name for each in other.measurements if each.samples_ns}
        only = [each.name for each in one.measurements if each.samples_ns]
        missing = [name for name in only if name not in names]
        if missing:
            yield f"only in the {which} run: {_some(missing)}"


def _differing(
    one: Mapping[str, Any], other: Mapping[str, Any], keys: Sequence[str]
) -> Iterator[str]:
    for key in keys:
        if one.get(key) != other.get(key):
            was, now = (each.get(key, "unknown") for each in (one, other))
            yield f"{key}: {was} and {now}"


def _made_of(run: RunRecord) -> dict[str, object]:
    """What each measurement was made of: its artifact, or its configuration's variants."""
    variants = {
        each.measurement: each.artifact.digest
        for segment in run.segments
        for each in segment.variants
        if each.measurement is not None
    }
    digests = {
        each.name: each.artifact.digest for segment in run.segments for each in segment.variants
    }
    configurations = {
        each.measurement: {block: digests.get(name) for block, name in each.variants.items()}
        for each in run.configurations
        if each.measurement is not None
    }
    return {**variants, **configurations}


def _notes(
    one: MeasurementRecord,
    other: MeasurementRecord,
    made: tuple[Mapping[str, object], Mapping[str, object]],
) -> Iterator[str]:
    if made[0].get(one.name) != made[1].get(other.name):
        yield "other artifacts"
    if one.loops != other.loops:
        yield f"means of {one.loops} and {other.loops} calls"
    for which, each in (("first", one), ("second", other)):
        if each.verdict is not None and each.verdict.name in _DOUBTED:
            yield f"{each.verdict.name} in the {which} run"


def _median(measurement: MeasurementRecord) -> float:
    ascending = sorted(measurement.samples_ns)
    return (ascending[(len(ascending) - 1) // 2] + ascending[len(ascending) // 2]) / 2


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
