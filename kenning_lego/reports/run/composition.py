"""Composition: chains beside one piece, and how well sums predict composed runs."""

from __future__ import annotations

from kenning_lego.core.records import AdditivityRecord, ErrorsRecord
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import (
    MINUS,
    TIME_NS,
    Figures,
    counted,
    milliseconds,
    share,
    significant,
)
from kenning_lego.reports.run.findings import Findings, Outcome


def composition(findings: Findings) -> Section | None:
    """The section, or None where the record holds no fused forms."""
    table = _forms(findings)
    if table is None:
        return None
    return Section("composition", "Composition", (table,), frozenset({"performance"}))


def _forms(findings: Findings) -> Table | None:
    outcomes = [each for each in findings.outcomes if _fused_ns(findings, each) is not None]
    if not outcomes:
        return None
    sides = [side for each in outcomes for side in (each.predicted, each.measured)]
    latency = Figures.fitting([_ns(side.latency_ms) for side in sides], TIME_NS, 4)
    unit = latency.unit.symbol
    note = (
        "Chain: segment after segment, as blocks are switched. Fused: the same artifacts merged"
        f" into one. Both were timed in turn on the target. {_whole(findings)}"
    )
    return Table(
        "composition-forms",
        (
            Column("configuration", "Configuration", number=False),
            Column("sum_ns", "Sum of medians", unit),
            Column("predicted_ns", "Predicted", unit),
            Column("chain_ns", "Chain", unit),
            Column("fused_ns", "Fused", unit),
            Column("chain_over_fused", "Chain over fused"),
            Column("border_ns", "A border costs", "µs"),
        ),
        (Rows(tuple(_form(findings, each, latency) for each in outcomes)),),
        note=note.rstrip(),
    )


def latency_errors(findings: Findings) -> Table | None:
    """The errors of predicted latencies, or None without composed runs."""
    additivity = findings.record.additivity
    if additivity is None:
        return None
    rows = [_error("sum of the blocks' medians", additivity.sum_errors)]
    if additivity.fitted_errors is not None:
        rows.append(_error("with fitted terms", additivity.fitted_errors))
    if additivity.engines_errors is not None:
        rows.append(_error("runs on several engines", additivity.engines_errors))
    return Table(
        "additivity",
        (
            Column("prediction", "Prediction", number=False),
            Column("median", "Median"),
            Column("p95", "95th percentile"),
            Column("bias", "Bias"),
        ),
        (Rows(tuple(rows)),),
        caption=f"Error of predicted latencies over {len(additivity.runs)} composed runs",
        note="Random configurations, run whole in between the blocks."
        f" {terms_in_words(additivity)}",
    )


def terms_in_words(additivity: AdditivityRecord) -> str:
    """What is added to the sums, and how that is known."""
    runs = counted(len(additivity.runs), "composed run")
    if additivity.fitted_errors is None:
        return f"{runs} gave no reason to add anything to the sums."
    terms = []
    if additivity.boundary_ms:
        terms.append(f"{_signed(additivity.boundary_ms)} for every segment")
    if additivity.scale != 1:
        terms.append(f"{share(additivity.scale - 1, signed=True)} of every latency")
    if additivity.ms_per_mb:
        terms.append(f"{_signed(additivity.ms_per_mb)} for every MB of artifacts")
    return (
        f"Fitted to {runs}: {', '.join(terms)}. The error with fitted terms is that of runs"
        " which took no part in the fit."
    )


def _signed(ms: float) -> str:
    text = milliseconds(abs(ms)) or ""
    return f"{'+' if ms > 0 else MINUS}{text}"


def _error(how: str, errors: ErrorsRecord) -> tuple[Cell, ...]:
    return (
        Cell(how, how),
        Cell(share(errors.median, 2), errors.median),
        Cell(share(errors.p95, 2), errors.p95),
        Cell(share(errors.bias, 2, signed=True), errors.bias),
    )


def _form(findings: Findings, outcome: Outcome, latency: Figures) -> tuple[Cell, ...]:
    fused, chain = _fused_ns(findings, outcome), _ns(outcome.measured.latency_ms)
    total = _ns(outcome.configuration.sum_ms if outcome.configuration else None)
    predicted = _ns(outcome.predicted.latency_ms)
    borders = len(findings.record.segments) - 1
    over = chain / fused - 1 if fused and chain else None
    border = (chain - fused) / borders if fused and chain and borders > 0 else None
    return (
        Cell(outcome.name, outcome.name),
        Cell(latency.number(total), total, why="not predicted"),
        Cell(latency.number(predicted), predicted, why="not predicted"),
        Cell(latency.number(chain), chain, strong=True),
        Cell(latency.number(fused), fused, strong=True),
        Cell(share(over, signed=True), over),
        Cell(None if border is None else significant(border / 1e3, 2), border),
    )


def _whole(findings: Findings) -> str:
    """The original in one piece, beside the chain and the fused form of the same run."""
    record = findings.record
    timing = findings.timings.get((record.whole.measurement if record.whole else None) or "")
    if timing is None:
        return ""
    whole = timing.summary.median
    said = [f"Exported in one piece, the original takes {milliseconds(whole / 1e6, 4)}"]
    fused, chain = _fused_ns(findings, findings.original), findings.original.measured.latency_ms
    if fused:
        said.append(f"merged from its segments {share(fused / whole - 1, signed=True)}")
    if chain:
        said.append(f"as a chain {share(chain * 1e6 / whole - 1, signed=True)}")
    return f"{', '.join(said)}."


def _fused_ns(findings: Findings, outcome: Outcome) -> float | None:
    configuration = outcome.configuration
    if configuration is None or configuration.fused_measurement is None:
        return None
    timing = findings.timings.get(configuration.fused_measurement)
    return None if timing is None else timing.summary.median


def _ns(ms: float | None) -> float | None:
    return None if ms is None else ms * 1e6
