"""What the board's sensors told during a run, as lines over time and in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kenning_lego.core.run_headers import TelemetryRecord
from kenning_lego.core.telemetry import place_of, quantity_of
from kenning_lego.reports.formatting import counted

MOST_LINES = 6
"""In one drawing; as many as there are shades."""

_FEWEST_SAMPLES = 3
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One sensor's values over time; None where it told nothing."""

    name: str
    values: tuple[float | None, ...]

    @property
    def peak(self) -> float:
        """The largest value."""
        return max(value for value in self.values if value is not None)


@dataclass(frozen=True, slots=True)
class Panel:
    """What is drawn over one axis.

    Args:
        identity: of the drawing.
        title: what it shows.
        unit: of the values.
        lines: the highest ones, at most :data:`MOST_LINES`.
        left_out: lines that were lower than those.
        from_zero: whether the axis begins at zero.
    """

    identity: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    left_out: int
    from_zero: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    """How quantities become a panel: what to show, and a name for what has no place."""

    identity: str
    title: str
    unit: str
    factor: float
    quantities: dict[str, str]
    from_zero: bool = True


_KINDS = (
    _Kind("temperature", "Temperature", "°C", 1.0, {"temperature_c": ""}, from_zero=False),
    _Kind("frequency", "Frequency", "MHz", 1e-3, {"frequency_khz": ""}),
    _Kind("power", "Power", "W", 1e-3, {"power_mw": "", "energy_uj": ""}),
    _Kind(
        "processor",
        "Processor time",
        "% of a core",
        1.0,
        {"worker_cpu_percent": "worker", "cpu_percent": "core "},
    ),
    _Kind("gpu", "GPU load", "%", 1.0, {"gpu_percent": ""}),
    _Kind(
        "memory",
        "Memory",
        "MB",
        1e-6,
        {
            "memory_used_bytes": "whole machine",
            "worker_rss_bytes": "worker",
            "worker_peak_bytes": "worker's peak",
            "gpu_memory_used_bytes": "",
        },
    ),
)


def seconds_of(telemetry: TelemetryRecord) -> list[float]:
    """When each sample was taken, in s from the first."""
    return [time - telemetry.times_s[0] for time in telemetry.times_s]


def panels(telemetry: TelemetryRecord | None) -> Iterator[Panel]:
    """What there is to draw: nothing that was absent, and nothing of too few samples."""
    if telemetry is None or len(telemetry.times_s) < _FEWEST_SAMPLES:
        return
    for kind in _KINDS:
        lines = list(_lines(telemetry, kind))
        if lines:
            highest = sorted(lines, key=lambda line: -line.peak)[:MOST_LINES]
            shown = tuple(line for line in lines if line in highest)
            yield Panel(
                kind.identity,
                kind.title,
                kind.unit,
                shown,
                len(lines) - len(shown),
                kind.from_zero,
            )


def power_lines(telemetry: TelemetryRecord, keys: Collection[str]) -> tuple[Line, ...]:
    """Power over time in W, of some sensors of power or energy.

    Args:
        telemetry: of the target.
        keys: of its columns; others are left out.
    """
    kind = next(each for each in _KINDS if each.identity == "power")
    wanted = {key: column for key, column in telemetry.columns.items() if key in keys}
    return tuple(_lines(telemetry.model_copy(update={"columns": wanted}), kind))


def _lines(telemetry: TelemetryRecord, kind: _Kind) -> Iterator[Line]:
    for quantity, name in kind.quantities.items():
        for key, column in telemetry.columns.items():
            if quantity_of(key) != quantity or key == "cpu_percent.all":
                continue
            values: Values = column
            if quantity == "energy_uj":
                values = _power_mw(telemetry.times_s, column)
            scaled = tuple(None if value is None else value * kind.factor for value in values)
            if any(value is not None for value in scaled):
                yield Line(f"{name}{place_of(key)}", scaled)


def _power_mw(times_s: Sequence[float], energy_uj: Values) -> list[float | None]:
    """Mean power since the sample before, from a counter of energy."""
    power: list[float | None] = [None]
    for (begin, before), (end, after) in pairwise(zip(times_s, energy_uj, strict=True)):
        if before is None or after is None or end <= begin:
            power.append(None)
        else:
            power.append((after - before) / (end - begin) / 1e3)
    return power


def throttled(telemetry: TelemetryRecord | None) -> tuple[str, ...]:
    """What held the clocks back during the run, in words; empty if nothing did or nobody knows."""
    if telemetry is None:
        return ()
    found = []
    for key, column in telemetry.columns.items():
        told = [value for value in column if value is not None]
        quantity, place = quantity_of(key), place_of(key).replace("-", " ")
        if quantity == "throttled" and any(told):
            often = sum(value > 0 for value in told)
            found.append(f"{place} (in {often} of {counted(len(told), 'sample')})")
        elif quantity == "throttle_count" and told and told[-1] > told[0]:
            found.append(f"{place} ({counted(round(told[-1] - told[0]), 'time')})")
    return tuple(found)
