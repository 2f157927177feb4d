"""Numbers as people read them: a unit, sensible digits, a real minus sign.

Every function is pure and answers None for what is not there (None, infinite, not a number), so
that a page can say so instead of showing a zero.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"
RANGE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit's symbol and how many base units it holds."""

    symbol: str
    factor: float


TIME_NS = (Unit("ns", 1.0), Unit("µs", 1e3), Unit("ms", 1e6), Unit("s", 1e9))
SIZE_BYTES = (Unit("B", 1.0), Unit("kB", 1e3), Unit("MB", 1e6), Unit("GB", 1e9))
ENERGY_NJ = (Unit("nJ", 1.0), Unit("µJ", 1e3), Unit("mJ", 1e6), Unit("J", 1e9))
PLAIN = (Unit("", 1.0),)
COUNT = (Unit("", 1.0), Unit("k", 1e3), Unit("M", 1e6), Unit("G", 1e9), Unit("T", 1e12))


def decimal(value: float | None, decimals: int, *, signed: bool = False) -> str | None:
    """A number with so many decimals; never a negative zero."""
    if value is None or not math.isfinite(value):
        return None
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    sign = MINUS if text.startswith("-") else "+" if signed else ""
    return sign + text.lstrip("-")


def significant(value: float | None, digits: int = 3) -> str | None:
    """A number with at least so many significant digits; integer digits are never dropped.

    Numbers below 0.0001 are written with a power of ten, such as 1.9e-6 (with a real minus).
    """
    if value is None or not math.isfinite(value):
        return None
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    return decimal(value, _decimals(value, digits))


def quantity(
    value: float | None, units: tuple[Unit, ...], digits: int = 3, *, trim: bool = False
) -> str | None:
    """A value in base units with the unit that suits it, such as ``4.02 ms``.

    Args:
        value: in base units.
        units: what to choose from, in ascending order.
        digits: significant digits, at least.
        trim: drop zeros at the end, for what was given rather than measured: ``25 MB``.
    """
    if value is None or not math.isfinite(value):
        return None
    unit = _unit(value, units, digits)
    # Counted things are whole: "17 B", never "17.0 B".
    whole = unit.factor == 1 and float(value).is_integer()
    number = decimal(value, 0) if whole else significant(value / unit.factor, digits)
    if trim and number and "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number}{NO_BREAK}{unit.symbol}".rstrip()


def duration(ns: float | None, digits: int = 3) -> str | None:
    """A time in ns as ns, µs, ms or s."""
    return quantity(ns, TIME_NS, digits)


def milliseconds(ms: float | None, digits: int = 3) -> str | None:
    """A time in ms as ns, µs, ms or s."""
    return None if ms is None else duration(ms * 1e6, digits)


def seconds(value: float | None) -> str | None:
    """A wall time in s as ms, s, or min and s."""
    if value is None or not math.isfinite(value):
        return None
    if value < 120:
        return duration(value * 1e9)
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}{NO_BREAK}min {rest}{NO_BREAK}s"


def size(value: float | None, digits: int = 3) -> str | None:
    """A size in bytes as B, kB, MB or GB (powers of 1000)."""
    return quantity(value, SIZE_BYTES, digits)


def count(value: float | None, digits: int = 3) -> str | None:
    """A count as itself or in k, M, G, T."""
    return quantity(value, COUNT, digits)


def integer(value: int) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,}".replace(",", NO_BREAK).replace("-", MINUS)


def counted(number: int, noun: str) -> str:
    """So many of something: "1 run", "120 runs", "3 queries"."""
    if number == 1:
        return f"1 {noun}"
    several = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{integer(number)} {several}"


def share(value: float | None, decimals: int = 1, *, signed: bool = False) -> str | None:
    """A share of one as %."""
    if value is None:
        return None
    text = decimal(value * 100, decimals, signed=signed)
    return None if text is None else f"{text}{NO_BREAK}%"


@dataclass(frozen=True, slots=True)
class Figures:
    """One unit and one number of decimals for figures that stand below each other.

    Args:
        unit: what the figures are in.
        decimals: digits after the point.
    """

    unit: Unit
    decimals: int

    @classmethod
    def fitting(
        cls, values: Iterable[float | None], units: tuple[Unit, ...], digits: int = 3
    ) -> Figures:
        """Those in which the middle one of the values has so many significant digits."""
        there = [abs(each) for each in values if each is not None and math.isfinite(each) and each]
        middle = statistics.median(there) if there else 1.0
        unit = _unit(middle, units, digits)
        whole = unit.factor == 1 and all(float(each).is_integer() for each in there)
        decimals = 0 if whole else _decimals(middle / unit.factor, digits)
        return cls(unit, decimals)

    def number(self, value: float | None) -> str | None:
        """The value, given in base units, without the unit.

        What would be rounded to zero, and is not, keeps two significant digits.
        """
        if value is None:
            return None
        scaled = value / self.unit.factor
        text = decimal(scaled, self.decimals)
        return significant(scaled, 2) if scaled and text and not text.strip("0.") else text

    def interval(self, low: float | None, high: float | None) -> str | None:
        """Two bounds, given in base units, without the unit."""
        first, last = self.number(low), self.number(high)
        return None if first is None or last is None else f"{first}{RANGE}{last}"


def _decimals(value: float, digits: int) -> int:
    """Decimals that give a value, once rounded, so many significant digits."""
    rounded = float(f"{value:.{digits - 1}e}")
    return 0 if rounded == 0 else max(0, digits - 1 - math.floor(math.log10(abs(rounded))))


def _unit(value: float, units: tuple[Unit, ...], digits: int) -> Unit:
    """The largest unit of which the rounded value holds at least one."""
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    fitting = [unit for unit in units if rounded >= unit.factor]
    return fitting[-1] if fitting else units[0]
