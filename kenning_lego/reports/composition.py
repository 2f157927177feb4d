"""What composing costs and how well it is predicted: chains beside one piece, sums beside runs."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.records import AdditivityRecord, ErrorsRecord
from kenning_lego.reports.findings import Findings, Outcome
from kenning_lego.reports.formatting import (
    MINUS,
    TIME_NS,
    Column,
    counted,
    milliseconds,
    share,
    significant,
)


@dataclass(frozen=True, slots=True)
class Form:
    """One network in its forms; figures are None where there are none.

    Args:
        name: of the configuration.
        total: sum of the segments' medians.
        predicted: the sum with what was fitted.
        chain: measured, segment after segment.
        fused: measured, all segments merged into one artifact.
        overhead: the chain's time over the fused form's, less one.
        boundary: what a border between segments costs: the difference, shared among the borders.
    """

    name: str
    total: str | None
    predicted: str | None
    chain: str | None
    fused: str | None
    overhead: str | None
    boundary: str | None


@dataclass(frozen=True, slots=True)
class Errors:
    """How far a way to predict is off, over the composed runs."""

    how: str
    median: str | None
    p95: str | None
    bias: str | None


@dataclass(frozen=True, slots=True)
class Composition:
    """Both tables and what is to be said about them."""

    forms: tuple[Form, ...]
    unit: str
    whole: str | None
    errors: tuple[Errors, ...]
    terms: str | None


def composition(findings: Findings) -> Composition | None:
    """The tables, or None where the record holds neither fused forms nor composed runs."""
    record = findings.record
    outcomes = [each for each in findings.outcomes if _fused_ns(findings, each) is not None]
    if not outcomes and record.additivity is None:
        return None
    columns = [
        ms * 1e6
        for each in outcomes
        for ms in (each.predicted.latency_ms, each.measured.latency_ms)
        if ms is not None
    ]
    column = Column.fitting(columns, TIME_NS, 4)
    errors = []
    if record.additivity is not None:
        errors.append(_errors("sum of the blocks' medians", record.additivity.sum_errors))
        if record.additivity.fitted_errors is not None:
            errors.append(_errors("with fitted terms", record.additivity.fitted_errors))
        if record.additivity.engines_errors is not None:
            errors.append(_errors("runs on several engines", record.additivity.engines_errors))
    return Composition(
        tuple(_form(findings, each, column) for each in outcomes),
        column.unit.symbol,
        _whole(findings),
        tuple(errors),
        None if record.additivity is None else terms_in_words(record.additivity),
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


def _errors(how: str, errors: ErrorsRecord) -> Errors:
    return Errors(
        how, share(errors.median, 2), share(errors.p95, 2), share(errors.bias, 2, signed=True)
    )


def _form(findings: Findings, outcome: Outcome, column: Column) -> Form:
    fused, chain = _fused_ns(findings, outcome), _ns(outcome.measured.latency_ms)
    total = outcome.configuration.sum_ms if outcome.configuration else None
    borders = len(findings.record.segments) - 1
    boundary = None
    if fused and chain and borders > 0:
        boundary = significant((chain - fused) / borders / 1e3, 2)
    return Form(
        outcome.name,
        column.number(_ns(total)),
        column.number(_ns(outcome.predicted.latency_ms)),
        column.number(chain),
        column.number(fused),
        share(chain / fused - 1, signed=True) if fused and chain else None,
        boundary,
    )


def _whole(findings: Findings) -> str | None:
    """The original in one piece, beside the chain and the fused form of the same run."""
    record = findings.record
    timing = findings.timings.get((record.whole.measurement if record.whole else None) or "")
    if timing is None:
        return None
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
