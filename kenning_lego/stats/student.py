"""Student's t distribution, without scipy."""

from __future__ import annotations

import math
from functools import lru_cache


def student_tail(value: float, degrees: float) -> float:
    """P(T > value) for t with so many degrees of freedom, which need not be whole.

    The regularised incomplete beta function of degrees / (degrees + value^2), by the continued
    fraction of Abramowitz and Stegun 26.5.8 in Lentz's form.
    """
    if value < 0:
        return 1 - student_tail(-value, degrees)
    square = value * value
    return _incomplete_beta(degrees / 2, 0.5, degrees, square) / 2


@lru_cache(maxsize=1024)
def student_quantile(probability: float, degrees: float) -> float:
    """The value that t stays below with that probability, at least 0.5."""
    low, high = 0.0, 1.0
    while student_tail(high, degrees) > 1 - probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        if student_tail(middle, degrees) > 1 - probability:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(a: float, b: float, degrees: float, square: float) -> float:
    """I_x(a, b) for x = degrees / (degrees + square), which must not be rounded to 1."""
    x, rest = degrees / (degrees + square), square / (degrees + square)
    if rest == 0:
        return 1.0
    if x == 0:
        return 0.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    )
    if x < (a + 1) / (a + b + 2):
        return front / (a * _fraction(a, b, x))
    return 1 - front / (b * _fraction(b, a, rest))


def _fraction(a: float, b: float, x: float) -> float:
    # Lentz: the fraction 1 + d1 / (1 + d2 / (1 + ...)) from the front.
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 500):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value
