"""The section of energy: what an inference takes, how that is known, and power over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.reports.board.timeline import Line, power_lines, seconds_of
from kenning_lego.reports.document.parts import Chart, Part, ReportTypes, Section
from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.drawing.curves import SHADES, Curve, Mark, Plane, curve_chart
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    Figures,
    Unit,
    integer,
    quantity,
    seconds,
    significant,
)
from kenning_lego.reports.run.energy_chart import energy_chart
from kenning_lego.reports.run.findings import Findings, Outcome

_EACH = (
    "Energy of one inference beyond what the target uses when idle. Dot: estimate; line: its 95 %"
    " interval. One that reaches zero cannot be told from idle."
)
_WATTS = (Unit("mW", 1e-3), Unit("W", 1.0))
_NOTE = (
    "Net energy: mean power while one inference ran after the other, less mean power when idle,"
    " times the time of an inference. Bounds are at 95 % and follow from how the readings scatter;"
    " what the sensor itself is wrong by is not in them."
)


def energy(findings: Findings) -> Section | None:
    """The section, or None where no energy was measured."""
    told = [each for each in findings.outcomes if each.measured.energy_mj is not None]
    if not told:
        return None
    parts: list[Part] = []
    each_chart = chart("energy", partial(energy_chart, told), _EACH, lead=True)
    parts += [each_chart] if each_chart else []
    parts += _power(findings, told)
    parts.append(_table(told))
    types: ReportTypes = frozenset({"energy", "performance"})
    return Section("energy", "Energy", tuple(parts), types)


def _power(findings: Findings, told: Sequence[Outcome]) -> Iterator[Chart]:
    """Power over time, with the intervals that the energies are from."""
    telemetry = findings.record.telemetry
    keys = {key for each in told for key in (each.measured.energy_source or "").split(" + ")}
    if telemetry is None or not telemetry.times_s:
        return
    lines = power_lines(telemetry, keys)[: len(SHADES)]
    if not lines:
        return
    begin, times = telemetry.times_s[0], seconds_of(telemetry)
    curves = [Curve(each.name if len(lines) > 1 else "", _points(each, times)) for each in lines]
    marks = tuple(_marks(told, begin, one=len(lines) == 1))
    plane = Plane(
        "Power over time",
        f"{seconds(times[-1])}; {', '.join(each.name or 'power' for each in lines)}.",
        "time, s",
        "power, W",
        y_unit="W",
        from_zero=True,
    )
    drawn = chart("power", partial(curve_chart, curves, plane, marks), _said(told), lead=True)
    if drawn:
        yield drawn


def _points(each: Line, times: Sequence[float]) -> list[tuple[float, float]]:
    pairs = zip(times, each.values, strict=True)
    return [(at, value) for at, value in pairs if value is not None]


def _marks(told: Sequence[Outcome], begin: float, *, one: bool) -> Iterator[Mark]:
    known = [
        (each.name, each.configuration.energy)
        for each in told
        if each.configuration and each.configuration.energy
    ]
    for name, found in known:
        power = quantity(found.busy_w, _WATTS) or "an unknown power"
        busy = f"{name}: {integer(found.inferences)} inferences at {power}"
        yield Mark(busy, x=found.busy_s[0] - begin, x_end=found.busy_s[1] - begin)
    if one and known:
        idle = sum(found.idle_w for _, found in known) / len(known)
        if math.isfinite(idle):
            yield Mark(f"idle, {quantity(idle, _WATTS)}", y=idle)


def _said(told: Sequence[Outcome]) -> str:
    spans = any(each.configuration and each.configuration.energy for each in told)
    said = f"What {' and '.join(_sources(told))} told."
    if spans:
        return f"{said} Shaded: when configurations ran inference after inference."
    return f"{said} The record does not say when the configurations ran."


def _sources(told: Sequence[Outcome]) -> tuple[str, ...]:
    sources = (each.measured.energy_source for each in told)
    return tuple(dict.fromkeys(each for each in sources if each)) or ("a sensor",)


def _table(told: Sequence[Outcome]) -> Table:
    figures = Figures.fitting([_nj(each.measured.energy_mj) for each in told], ENERGY_NJ)
    unit = figures.unit.symbol
    return Table(
        "energy",
        (
            Column("configuration", "Configuration", number=False),
            Column("energy_nj", "Energy", unit),
            Column("interval", "95 % interval", unit, where="page"),
            Column("energy_low_nj", "low", where="data"),
            Column("energy_high_nj", "high", where="data"),
            Column("idle_w", "Idle", "W"),
            Column("busy_w", "Busy", "W"),
            Column("inferences", "Inferences"),
            Column("readings", "Readings"),
            Column("source", "Source", number=False),
            Column("told_apart", "Told from idle", number=False),
        ),
        (Rows(tuple(_row(each, figures) for each in told)),),
        note=_NOTE,
    )


def _row(outcome: Outcome, figures: Figures) -> tuple[Cell, ...]:
    measured = outcome.measured
    low, high = _nj(measured.energy_low_mj), _nj(measured.energy_high_mj)
    found = outcome.configuration.energy if outcome.configuration else None
    idle, busy = (found.idle_w, found.busy_w) if found else (None, None)
    runs, readings = (found.inferences, found.readings) if found else (None, None)
    apart = None if low is None else low > 0
    why = "not recorded"
    return (
        Cell(outcome.name, outcome.name, about=configuration_subject(outcome.name)),
        Cell(figures.number(_nj(measured.energy_mj)), _nj(measured.energy_mj), strong=True),
        Cell(figures.interval(low, high)),
        Cell(None, low),
        Cell(None, high),
        Cell(significant(idle), idle, why=why),
        Cell(significant(busy), busy, why=why),
        Cell(None if runs is None else integer(runs), runs, why=why),
        Cell(None if readings is None else integer(readings), readings, why=why),
        Cell(measured.energy_source, measured.energy_source, why=why),
        Cell(None if apart is None else "yes" if apart else "no", apart, why=why),
    )


def _nj(mj: float | None) -> float | None:
    return None if mj is None else mj * 1e6
