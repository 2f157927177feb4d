"""What the table of configurations shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.records import BudgetRecord, ConfigurationRecord, ScoreRecord
from kenning_lego.reports.findings import Findings, Outcome
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    NO_BREAK,
    SIZE_BYTES,
    TIME_NS,
    Column,
    milliseconds,
    quantity,
    share,
)
from kenning_lego.reports.palette import shade
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.variant_names import Scaled, described


@dataclass(frozen=True, slots=True)
class Brick:
    """One block of a configuration.

    Args:
        block: its name.
        said: block and variant in words.
        removed: % of the FLOPs that the variant removes, as text; None when unknown.
        kept: the share that is left, from 0 to 1.
        shade: of the palette.
    """

    block: str
    said: str
    removed: str | None
    kept: float
    shade: int


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound of a budget in words, and whether it had to be loosened."""

    text: str
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A configuration; figures are None where there are none.

    `number` marks its points in the plots, where names would not fit.
    """

    name: str
    number: str | None
    budget: tuple[Bound, ...]
    feasible: bool
    bricks: tuple[Brick, ...] = ()
    latency_predicted: str | None = None
    latency_measured: str | None = None
    latency_interval: str | None = None
    error: str | None = None
    memory_predicted: str | None = None
    memory_measured: str | None = None
    score_predicted: str | None = None
    score_measured: str | None = None
    energy: str | None = None
    energy_interval: str | None = None
    solved: str | None = None
    nearest: tuple[tuple[Bound, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and the units of their columns.

    `energy_sources` are the sensors behind the column of energy; without any there is no column.
    """

    rows: tuple[Row, ...]
    latency_unit: str
    memory_unit: str
    energy_unit: str
    energy_sources: tuple[str, ...]
    has_blocks: bool


def configuration_table(findings: Findings) -> Table | None:
    """The table, or None when the run chose no configuration."""
    record = findings.record
    if not record.configurations:
        return None
    sides = [side for each in findings.outcomes for side in (each.predicted, each.measured)]
    latency = Column.fitting([_ns(side.latency_ms) for side in sides], TIME_NS, 4)
    memory = Column.fitting([side.memory_bytes for side in sides], SIZE_BYTES)
    energy = Column.fitting([_nj(each.measured.energy_mj) for each in findings.outcomes], ENERGY_NJ)
    variants = {each.name: each for part in record.segments for each in part.variants}
    quality = Quality.of(record)
    outcome_of = {id(each.configuration): each for each in findings.outcomes}

    def row(outcome: Outcome) -> Row:
        configuration = outcome.configuration
        chosen = configuration.variants if configuration else _originals(findings)
        return Row(
            name=outcome.name,
            number=None if outcome.label == outcome.name else outcome.label,
            budget=bounds(configuration.budget) if configuration else (),
            feasible=True,
            bricks=tuple(brick(block, name, variants) for block, name in chosen.items()),
            latency_predicted=latency.number(_ns(outcome.predicted.latency_ms)),
            latency_measured=latency.number(_ns(outcome.measured.latency_ms)),
            latency_interval=_interval(outcome, latency),
            error=share(outcome.latency_error, signed=True),
            memory_predicted=memory.number(outcome.predicted.memory_bytes),
            memory_measured=memory.number(outcome.measured.memory_bytes),
            score_predicted=quality.score(outcome.predicted.score),
            score_measured=quality.score(outcome.measured.score),
            energy=energy.number(_nj(outcome.measured.energy_mj)),
            energy_interval=_energy_interval(outcome.measured, energy),
            solved=_solved(configuration) if configuration else None,
        )

    rows = [row(each) for each in findings.outcomes if each.configuration is None]
    for each in record.configurations:
        outcome = outcome_of.get(id(each))
        rows.append(row(outcome) if outcome else _infeasible(each))
    return Table(
        tuple(rows),
        latency.unit.symbol,
        memory.unit.symbol,
        energy.unit.symbol,
        tuple(
            dict.fromkeys(
                each.measured.energy_source
                for each in findings.outcomes
                if each.measured.energy_source
            )
        ),
        any(each.bricks for each in rows),
    )


def bounds(budget: BudgetRecord, changed: tuple[str, ...] = ()) -> tuple[Bound, ...]:
    """A budget in words; empty when it bounds nothing."""
    texts = {
        "latency": quantity(_ns(budget.latency_ms), TIME_NS, 4, trim=True),
        "memory": quantity(budget.memory_bytes, SIZE_BYTES, 4, trim=True),
    }
    return tuple(
        Bound(f"{name}{NO_BREAK}≤{NO_BREAK}{text}", name in changed)
        for name, text in texts.items()
        if text
    )


def _infeasible(configuration: ConfigurationRecord) -> Row:
    return Row(
        configuration.name,
        None,
        bounds(configuration.budget),
        feasible=False,
        solved=_solved(configuration),
        nearest=tuple(bounds(each.budget, each.changed) for each in configuration.nearest),
    )


def _originals(findings: Findings) -> Mapping[str, str]:
    return {
        segment.name: variant.name
        for segment in findings.record.segments
        for variant in segment.variants
        if segment.scalable and variant.is_original
    }


def brick(block: str, name: str, variants: Mapping[str, Scaled]) -> Brick:
    """What stands for a block of a configuration; `variants` are found by name."""
    variant = variants.get(name)
    if variant is None:
        return Brick(block, f"{block}: {name}", None, 0.0, 0)
    kept = min(1.0, max(0.0, 1.0 - variant.ratio_reached))
    return Brick(
        block, f"{block}: {described(variant)}", f"{variant.ratio * 100:.0f}", kept, shade(variant)
    )


def _interval(outcome: Outcome, latency: Column) -> str | None:
    if outcome.timing is None:
        return None
    summary = outcome.timing.summary
    return latency.interval(summary.median_low, summary.median_high)


def _energy_interval(measured: ScoreRecord, energy: Column) -> str | None:
    return energy.interval(_nj(measured.energy_low_mj), _nj(measured.energy_high_mj))


def _solved(configuration: ConfigurationRecord) -> str | None:
    if configuration.solver is None:
        return None
    time = milliseconds(configuration.solve_ms, 2)
    return f"{configuration.solver}, {time}" if time else configuration.solver


def _ns(ms: float | None) -> float | None:
    return None if ms is None else ms * 1e6


def _nj(mj: float | None) -> float | None:
    return None if mj is None else mj * 1e6
