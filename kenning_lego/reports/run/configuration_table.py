"""The section of configurations: what was chosen for each budget, predicted and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.records import BudgetRecord, ConfigurationRecord, ScoreRecord
from kenning_lego.reports.document.parts import Paragraph, Part, Section
from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.document.tables import Brick, Cell, Column, Rows, Table, Where
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    SIZE_BYTES,
    TIME_NS,
    Figures,
    milliseconds,
    share,
)
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.budgets import bounds, in_the_way
from kenning_lego.reports.run.findings import Findings, Outcome
from kenning_lego.reports.variant_names import Scaled, described


def configurations(findings: Findings) -> Section | None:
    """The section, or None when the run chose no configuration."""
    if not findings.record.configurations:
        return None
    table = _Writer.of(findings).table()
    parts: tuple[Part, ...] = (table,)
    if any(column.key == "blocks" for column in table.columns):
        parts = (
            Paragraph(
                "A bar is a block, in the network's order: its height is the share of FLOPs that"
                " is kept, the number below it the % that was to be removed."
            ),
            table,
        )
    return Section("configurations", "Configurations", parts, frozenset({"selection"}))


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes configurations as rows, figures that stand below each other in one unit."""

    findings: Findings
    latency: Figures
    memory: Figures
    energy: Figures
    quality: Quality
    variants: Mapping[str, Scaled]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, findings: Findings) -> _Writer:
        sides = [side for each in findings.outcomes for side in (each.predicted, each.measured)]
        measured = [each.measured for each in findings.outcomes]
        return cls(
            findings,
            Figures.fitting([_ns(side.latency_ms) for side in sides], TIME_NS, 4),
            Figures.fitting([side.memory_bytes for side in sides], SIZE_BYTES),
            Figures.fitting([_nj(each.energy_mj) for each in measured], ENERGY_NJ),
            Quality.of(findings.record),
            {each.name: each for part in findings.record.segments for each in part.variants},
            tuple(dict.fromkeys(each.energy_source for each in measured if each.energy_source)),
        )

    def table(self) -> Table:
        record = self.findings.record
        outcomes = {id(each.configuration): each for each in self.findings.outcomes}
        rows = [self._row(each) for each in self.findings.outcomes if each.configuration is None]
        for each in record.configurations:
            outcome = outcomes.get(id(each))
            rows.append(self._row(outcome) if outcome else self._infeasible(each))
        return Table(
            "configurations",
            self._columns(),
            (Rows(tuple(rows)),),
            note=self._note(),
            style="roomy",
        )

    @property
    def _has_blocks(self) -> bool:
        every = [each.configuration for each in self.findings.outcomes]
        return bool(_originals(self.findings)) or any(each and each.variants for each in every)

    def _columns(self) -> tuple[Column, ...]:
        latency, memory = self.latency.unit.symbol, self.memory.unit.symbol
        name = self.quality.name
        memories = (each.measured.memory_bytes for each in self.findings.outcomes)
        # Artifacts' sizes are known beforehand: a column of dashes would push scores off the page.
        measured: Where = "both" if any(each is not None for each in memories) else "data"
        return (
            Column("configuration", "Configuration", number=False),
            Column("budget_latency_ms", "Budget, latency", where="data"),
            Column("budget_memory_bytes", "Budget, memory", where="data"),
            Column("feasible", "Feasible", where="data"),
            Column("variants", "Variants", where="data"),
            Column("budget", "Budget", number=False, where="page"),
            *(
                (Column("blocks", "Blocks", number=False, where="page"),)
                if self._has_blocks
                else ()
            ),
            Column("latency_predicted_ns", "predicted", latency, "Latency"),
            Column("latency_measured_ns", "measured", latency, "Latency"),
            Column("latency_low_ns", "low", where="data"),
            Column("latency_high_ns", "high", where="data"),
            Column("latency_error", "error", "", "Latency"),
            Column("memory_predicted_bytes", "predicted", memory, "Memory"),
            Column("memory_measured_bytes", "measured", memory, "Memory", where=measured),
            Column("score_predicted", "predicted", "", name),
            Column("score_measured", "measured", "", name),
            *((Column("energy_nj", "Energy", self.energy.unit.symbol),) if self.sources else ()),
        )

    def _row(self, outcome: Outcome) -> tuple[Cell, ...]:
        configuration = outcome.configuration
        chosen = configuration.variants if configuration else _originals(self.findings)
        budget = configuration.budget if configuration else BudgetRecord()
        predicted, measured = outcome.predicted, outcome.measured
        low, high = _interval(outcome)
        return (
            self._name(outcome),
            *_data(budget, feasible=True, variants=chosen),
            Cell(None, lines=bounds(budget), why="no bound"),
            *((self._bricks(chosen),) if self._has_blocks else ()),
            Cell(
                self.latency.number(_ns(predicted.latency_ms)),
                _ns(predicted.latency_ms),
                why="not predicted",
            ),
            Cell(
                self.latency.number(_ns(measured.latency_ms)),
                _ns(measured.latency_ms),
                note=self.latency.interval(low, high) or "",
                strong=True,
            ),
            Cell(None, low),
            Cell(None, high),
            Cell(share(outcome.latency_error, signed=True), outcome.latency_error),
            Cell(
                self.memory.number(predicted.memory_bytes),
                predicted.memory_bytes,
                why="not predicted",
            ),
            Cell(self.memory.number(measured.memory_bytes), measured.memory_bytes, strong=True),
            Cell(self.quality.score(predicted.score), predicted.score, why="not predicted"),
            Cell(self.quality.score(measured.score), measured.score, strong=True),
            *((self._energy(measured),) if self.sources else ()),
        )

    def _name(self, outcome: Outcome) -> Cell:
        return Cell(
            outcome.name,
            outcome.name,
            note=_solved(outcome.configuration),
            ordinal="" if outcome.label == outcome.name else outcome.label,
            about=configuration_subject(outcome.name),
        )

    def _bricks(self, chosen: Mapping[str, str]) -> Cell:
        bricks = tuple(brick(block, name, self.variants) for block, name in chosen.items())
        return Cell(None, bricks=bricks, why="no blocks")

    def _energy(self, measured: ScoreRecord) -> Cell:
        between = self.energy.interval(_nj(measured.energy_low_mj), _nj(measured.energy_high_mj))
        energy = _nj(measured.energy_mj)
        return Cell(self.energy.number(energy), energy, note=between or "", strong=True)

    def _infeasible(self, configuration: ConfigurationRecord) -> tuple[Cell, ...]:
        asked = " and ".join(bounds(configuration.budget)) or "this budget"
        nearest = tuple(
            ", ".join(bounds(each.budget, each.changed)) or "no bound at all"
            for each in configuration.nearest
        )
        near = ("The nearest that can be met:",) if nearest else ()
        return (
            Cell(configuration.name, configuration.name, note=_solved(configuration)),
            *_data(configuration.budget, feasible=False, variants={}),
            Cell(
                f"No composition meets {asked}.",
                note=" ".join((*in_the_way(configuration.conflicts), *near)),
                lines=nearest,
                span=len(self._columns()) - 5,
            ),
        )

    def _note(self) -> str:
        additivity = self.findings.record.additivity
        fitted = additivity is not None and additivity.fitted_errors is not None
        note = (
            "Below a measured latency stands the 95 % interval of its median. Predicted latency is"
            f" the sum of the blocks' medians{' with what was fitted to composed runs' * fitted};"
            " the error is prediction minus measurement."
        )
        if self.sources:
            note += (
                " Energy is that of one inference beyond what the target uses when idle, with its"
                f" 95 % interval, from {'; '.join(self.sources)}; what the sensor itself is wrong"
                " by is not in it."
            )
        return note


def _data(
    budget: BudgetRecord, *, feasible: bool, variants: Mapping[str, str]
) -> tuple[Cell, Cell, Cell, Cell]:
    chosen = "; ".join(f"{block}={name}" for block, name in variants.items())
    return (
        Cell(None, budget.latency_ms),
        Cell(None, budget.memory_bytes),
        Cell(None, feasible),
        Cell(None, chosen or None),
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


def _interval(outcome: Outcome) -> tuple[float | None, float | None]:
    if outcome.timing is None:
        return None, None
    return outcome.timing.summary.median_low, outcome.timing.summary.median_high


def _solved(configuration: ConfigurationRecord | None) -> str:
    if configuration is None or configuration.solver is None:
        return ""
    time = milliseconds(configuration.solve_ms, 2)
    return f"{configuration.solver}, {time}" if time else configuration.solver


def _ns(ms: float | None) -> float | None:
    return None if ms is None else ms * 1e6


def _nj(mj: float | None) -> float | None:
    return None if mj is None else mj * 1e6
