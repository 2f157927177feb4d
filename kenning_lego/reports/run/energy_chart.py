"""The chart of energies: one inference of each configuration, with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    padded,
    shortened,
    text,
)
from kenning_lego.reports.formatting import ENERGY_NJ, Figures, counted, quantity
from kenning_lego.reports.run.findings import Outcome

_ROW_PX = 30.0
_TOP_PX = 8.0
_BOTTOM_PX = 40.0
_RIGHT_PX = 16.0
_NAMES_SHARE = 0.32


def energy_chart(told: Sequence[Outcome], identity: str, width: float) -> str | None:
    """A row for each configuration, from zero.

    Args:
        told: with a measured energy.
        identity: of the drawing.
        width: in px.
    """
    if not told:
        return None
    values = [value for each in told for value in _values(each)]
    unit = Figures.fitting([max(map(abs, values))], ENERGY_NJ).unit
    low, high = padded(min(0.0, *values) / unit.factor, max(0.0, *values) / unit.factor)
    longest = max(len(each.name) for each in told)
    names_px = min(longest * CHARACTER_PX + 16, width * _NAMES_SHARE)
    scale = Scale(low if min(values) < 0 else 0.0, high, names_px, width - _RIGHT_PX)
    bottom = _TOP_PX + len(told) * _ROW_PX
    title = f"energy of an inference, {unit.symbol}"
    body = [
        *across(scale, nice_ticks(scale.low, high, 4 if width < 500 else 8), _TOP_PX, bottom),
        line(scale(0), _TOP_PX, scale(0), bottom, class_="zero"),
        text(scale.end, bottom + 34, title, class_="axis", text_anchor="end"),
    ]
    for number, each in enumerate(told):
        y = _TOP_PX + (number + 0.5) * _ROW_PX
        body.append(text(0, y + 4, shortened(each.name, names_px - 10), class_="label"))
        marks = _marks(each, scale, unit.factor, y)
        about = configuration_subject(each.name)
        body.append(group(_said(each), *marks, class_="point", data_about=about))
    return drawing(
        identity,
        "Energy of an inference",
        f"{counted(len(told), 'configuration')}. The table below holds the same figures.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _values(outcome: Outcome) -> list[float]:
    measured = outcome.measured
    found = (measured.energy_mj, measured.energy_low_mj, measured.energy_high_mj)
    return [each * 1e6 for each in found if each is not None]


def _marks(outcome: Outcome, scale: Scale, factor: float, y: float) -> Iterator[str]:
    def at(mj: float) -> float:
        return scale(mj * 1e6 / factor)

    measured = outcome.measured
    low, high = measured.energy_low_mj, measured.energy_high_mj
    if low is not None and high is not None:
        yield line(at(low), y, at(high), y, class_="interval")
    if measured.energy_mj is not None:
        yield element("circle", cx=at(measured.energy_mj), cy=y, r=4.5, class_="measured")


def _said(outcome: Outcome) -> str:
    value, *bounds = (quantity(each, ENERGY_NJ) for each in _values(outcome))
    between = f", 95 % interval {' to '.join(filter(None, bounds))}" if len(bounds) > 1 else ""
    return f"{outcome.name}: {value}{between}"
