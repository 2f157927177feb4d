"""Records beside each other: what is faster, what slower, and what cannot be told.

The first record is the one that the others are compared with. All differences are decided
together (:mod:`kenning_lego.stats.comparison`), however many records there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kenning_lego.core.errors import UsageError
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Column, Table
from kenning_lego.reports.comparisons.sides import Side, sides_of
from kenning_lego.reports.comparisons.warnings import DOUBTED, elsewhere, warnings_of
from kenning_lego.stats.comparison import Compared, Difference, compare_groups
from kenning_lego.stats.recorded import rounds_of
from kenning_lego.stats.rounds import Rounds

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


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that both records measured.

    Args:
        name: of the measurement.
        before_ns: median in the first record.
        after_ns: median in the other.
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
    """Two records: all that both measured, and what they have in common.

    Args:
        mark: letter of the record that is compared with the first one.
        rows: in the order of the first record; none of trainings.
        overall: the geometric mean of all ratios; None if nothing had enough rounds.
        overall_regression: whether that is slower beyond the threshold.
        warnings: what differs between the records beside their latencies.
        confidence: for all rows together.
        threshold: share from which a difference matters.
    """

    mark: str
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

    def row(self, name: str) -> Row | None:
        """The row of that name, if both records measured it."""
        return next((each for each in self.rows if each.name == name), None)

    def tables(self) -> tuple[Table, ...]:
        """One table with a row for what both records measured."""
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


@dataclass(frozen=True, slots=True)
class Comparisons(Shown):
    """The first of several records with each of the others.

    Args:
        sides: the records.
        pairs: one for each side but the first.
        confidence: for all rows of all pairs together.
        threshold: share from which a difference matters.
    """

    sides: tuple[Side, ...]
    pairs: tuple[Comparison, ...]
    confidence: float
    threshold: float

    @property
    def regressed(self) -> bool:
        """Whether anything is slower than in the first record, beyond the threshold."""
        return any(each.regressed for each in self.pairs)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all that the first record and another one measured, in the first one's order."""
        return tuple(dict.fromkeys(row.name for pair in self.pairs for row in pair.rows))

    def tables(self) -> tuple[Table, ...]:
        """A table for each record but the first."""
        found = ((pair.mark, table) for pair in self.pairs for table in pair.tables())
        if len(self.pairs) == 1:
            return tuple(table for _, table in found)
        first = self.sides[0].mark
        return tuple(
            replace(table, name=f"{table.name}-{mark}", title=f"{mark} against {first}")
            for mark, table in found
        )

    def to_json(self) -> dict[str, Any]:
        """For programs; shares and ns. Of two records the comparison itself."""
        if len(self.pairs) == 1:
            return self.pairs[0].to_json()
        return {
            "kind": "comparisons",
            "regression": self.regressed,
            "records": {each.mark: each.record.id for each in self.sides},
            "with_the_first": {each.mark: each.to_json() for each in self.pairs},
        }


def compare_records(
    records: Sequence[AnyRecord],
    *,
    confidence: float = 0.95,
    threshold: float = 0.02,
    across_targets: bool = False,
) -> Comparisons:
    """Compare what the first of several records measured with the others, name by name.

    Args:
        records: of one kind; the first is the one to compare with.
        confidence: that nothing is called different by chance, for all together.
        threshold: share from which being slower is a regression.
        across_targets: compare even what was measured on other boards or clocks.

    Raises:
        UsageError: they cannot be compared, or one has nothing in common with the first, or was
            measured on another target or clock and `across_targets` is not set.
    """
    sides = sides_of(records)
    first, others = sides[0], sides[1:]
    for other in others:
        _check(first, other, several=len(others) > 1, across_targets=across_targets)
    rounds = {each.mark: _rounds(each, sides) for each in sides}
    groups: dict[str, dict[str, tuple[Rounds, Rounds]]] = {
        other.mark: {
            name: (rounds[first.mark][name], rounds[other.mark][name])
            for name in first.measurements
            if name in other.measurements
        }
        for other in others
    }
    found = compare_groups(groups, confidence=confidence, threshold=threshold)
    who = {each.mark: each.mark for each in sides}
    if len(others) == 1:
        who = {first.mark: "the first run", others[0].mark: "the second run"}
    pairs = tuple(
        _pair(first, other, found[other.mark], who, (confidence, threshold)) for other in others
    )
    return Comparisons(sides, pairs, confidence, threshold)


def _check(first: Side, other: Side, *, several: bool, across_targets: bool) -> None:
    apart = list(elsewhere(first, other))
    which = f"{first.mark} and {other.mark}" if several else "the runs"
    if apart and not across_targets:
        raise UsageError(
            f"{which} were not measured alike: {'; '.join(apart)}",
            "compare runs of one target, or say --across-targets",
        )
    if first.kind != "training" and not first.measurements.keys() & other.measurements.keys():
        raise UsageError(
            f"{which} have no measurement in common", "compare runs of the same network and blocks"
        )


def _rounds(side: Side, sides: Sequence[Side]) -> dict[str, Rounds]:
    """Of what another side measured too."""
    shared = [each.measurements.keys() for each in sides if each is not side]
    return {
        name: rounds_of(each)
        for name, each in side.measurements.items()
        if any(name in names for names in shared)
    }


def _pair(
    first: Side,
    other: Side,
    found: Compared,
    who: Mapping[str, str],
    asked: tuple[float, float],
) -> Comparison:
    confidence, threshold = asked
    names = who[first.mark], who[other.mark]
    rows = tuple(
        Row(
            name=name,
            before_ns=median_ns(one),
            after_ns=median_ns(other.measurements[name]),
            difference=found.differences[name],
            regression=found.differences[name].beyond(threshold),
            notes=tuple(_notes(first, other, name, names)),
        )
        for name, one in first.measurements.items()
        if name in other.measurements
    )
    overall = found.overall
    return Comparison(
        mark=other.mark,
        rows=rows,
        overall=overall,
        overall_regression=overall is not None and overall.beyond(threshold),
        warnings=(*elsewhere(first, other), *warnings_of(first, other, names)),
        confidence=confidence,
        threshold=threshold,
    )


def median_ns(measurement: MeasurementRecord) -> float:
    """Of the samples, of which there is at least one."""
    ascending = sorted(measurement.samples_ns)
    return (ascending[(len(ascending) - 1) // 2] + ascending[len(ascending) // 2]) / 2


def _notes(first: Side, other: Side, name: str, who: tuple[str, str]) -> Iterator[str]:
    one, another = first.measurements[name], other.measurements[name]
    if one.clock != another.clock:
        yield f"clocks: {one.clock} and {another.clock}"
    if first.made_of.get(name) != other.made_of.get(name):
        yield "other artifacts"
    if one.loops != another.loops:
        yield f"means of {one.loops} and {another.loops} calls"
    for which, each in zip(who, (one, another), strict=True):
        if each.verdict is not None and each.verdict.name in DOUBTED:
            yield f"{each.verdict.name} in {which}"
