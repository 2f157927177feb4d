"""The chart of measurements over predictions: what is on the diagonal was foretold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.drawing.labels import Box, place
from kenning_lego.reports.drawing.svg import (
    Scale,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    padded,
    text,
    upwards,
)
from kenning_lego.reports.formatting import counted, share, significant
from kenning_lego.reports.run.agreement import Pair

BANDS = (0.05, 0.01)
"""Errors that are shaded, the widest first."""
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TOP_PX = 30.0
_BOTTOM_PX = 46.0
_MOST_PX = 360.0
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is compared.

    Args:
        key: unique among quantities.
        name: such as ``latency``.
        unit: of the axes; empty for none.
        factor: base units in one of these.
        pairs: at least one.
    """

    key: str
    name: str
    unit: str
    factor: float
    pairs: tuple[Pair, ...]

    @property
    def title(self) -> str:
        """The name with the unit."""
        return f"{self.name}, {self.unit}" if self.unit else self.name


def agreement_chart(quantity: Quantity, identity: str, width: float) -> str | None:
    """Measured over predicted, with bands of 1 % and 5 %; None without a pair."""
    pairs = [each for each in quantity.pairs if math.isfinite(each.predicted + each.measured)]
    if not pairs:
        return None
    seen = [value / quantity.factor for each in pairs for value in _values(each)]
    low, high = padded(min(seen), max(seen))
    right, side = width - _RIGHT_PX, min(width - _LEFT_PX - _RIGHT_PX, _MOST_PX)
    bottom = _TOP_PX + side
    x = Scale(low, high, _LEFT_PX, right)
    y = Scale(low, high, bottom, _TOP_PX)
    ticks = nice_ticks(low, high, 4 if width < 500 else 5)
    # Trials first, so that they cover no configuration.
    ordered = sorted(pairs, key=lambda each: each.kind, reverse=True)
    body = [
        *(_band(each, x, y) for each in BANDS if low > 0),
        *across(x, ticks, _TOP_PX, bottom),
        *upwards(y, ticks, _LEFT_PX, right),
        line(x(low), y(low), x(high), y(high), class_="zero"),
        text(0, 14, f"measured {quantity.title}", class_="axis"),
        text(right, bottom + 36, f"predicted {quantity.title}", class_="axis", text_anchor="end"),
        *(_point(each, quantity, x, y) for each in ordered),
        *_labels(pairs, quantity, x, y, Box(_LEFT_PX, _TOP_PX, right, bottom)),
    ]
    return drawing(
        identity,
        f"Measured over predicted {quantity.name}",
        f"{counted(len(pairs), 'network')}; {_worst(pairs)}. The table of predictions holds the"
        " same figures.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _values(pair: Pair) -> tuple[float, ...]:
    return (pair.predicted, pair.measured, *(pair.interval or ()))


def _band(error: float, x: Scale, y: Scale) -> str:
    """Where the measurement differs by no more than a share of itself, within the frame."""
    low, high = x.low, x.high
    if low * (1 + error) >= high:
        points = [(low, low), (low, high), (high, high), (high, low)]
    else:
        points = [
            (low, low),
            (low, low / (1 - error)) if low / (1 - error) < high else (low, high),
            (high * (1 - error), high),
            (high, high),
            (high, high / (1 + error)),
            (low * (1 + error), low),
        ]
    path = "L".join(f"{x(px):.1f} {y(py):.1f}" for px, py in points)
    return element("path", d=f"M{path}z", class_="within")


def _point(pair: Pair, quantity: Quantity, x: Scale, y: Scale) -> str:
    at = x(pair.predicted / quantity.factor), y(pair.measured / quantity.factor)
    parts = []
    if pair.interval is not None:
        low, high = (y(each / quantity.factor) for each in pair.interval)
        parts.append(line(at[0], low, at[0], high, class_="likely"))
    named = pair.kind == "configuration"
    shape, radius = ("measured", 4.5) if named else ("predicted", 3.5)
    parts.append(element("circle", cx=at[0], cy=at[1], r=radius, class_=shape))
    about = {"data_about": configuration_subject(pair.name)} if named else {}
    return group(_said(pair, quantity), *parts, class_="point", **about)


def _labels(
    pairs: Sequence[Pair], quantity: Quantity, x: Scale, y: Scale, frame: Box
) -> Iterator[str]:
    def at(pair: Pair) -> tuple[float, float]:
        return x(pair.predicted / quantity.factor), y(pair.measured / quantity.factor)

    named = [each for each in pairs if each.kind == "configuration"]
    if len(named) > _MOST_NAMED:
        return
    wanted = [(*at(each), each.name) for each in named]
    for label in place(wanted, [at(each) for each in pairs], frame):
        yield text(label.x, label.y, label.text, class_="label")


def _said(pair: Pair, quantity: Quantity) -> str:
    unit = f" {quantity.unit}" if quantity.unit else ""
    predicted = significant(pair.predicted / quantity.factor, 4)
    measured = significant(pair.measured / quantity.factor, 4)
    error = share(pair.error, signed=True)
    off = f", error {error}" if error else ""
    return f"{pair.name}: predicted {predicted}{unit}, measured {measured}{unit}{off}"


def _worst(pairs: Sequence[Pair]) -> str:
    errors = [abs(each.error) for each in pairs if each.error is not None]
    largest = share(max(errors)) if errors else None
    return f"the largest error is {largest}" if largest else "no error is known"
