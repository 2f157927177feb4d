"""Which candidates are hopeless, undominated, within limits, and the best: plain functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Goal = Literal["score", "latency", "size"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a candidate.

    Args:
        score: in the metric's units.
        latency_ms: the median.
        size_bytes: of the artifact.
    """

    score: float
    latency_ms: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a choice must keep; None is no limit."""

    score: float | None = None
    latency_ms: float | None = None
    size_bytes: int | None = None

    def kept_by(self, figures: Figures, *, higher: bool) -> bool:
        """Whether a candidate keeps all of them.

        Args:
            figures: of the candidate.
            higher: whether a higher score is the better.
        """
        sign = 1.0 if higher else -1.0
        return (
            (self.score is None or sign * figures.score >= sign * self.score)
            and (self.latency_ms is None or figures.latency_ms <= self.latency_ms)
            and (self.size_bytes is None or figures.size_bytes <= self.size_bytes)
        )


def undominated(figures: Mapping[str, Figures], *, higher: bool) -> set[str]:
    """Names of those to which no other is at least equal in all figures and better in one."""
    keys = {name: _key(each, higher=higher) for name, each in figures.items()}
    return {
        name
        for name, own in keys.items()
        if not any(other != own and all(map(_at_most, other, own)) for other in keys.values())
    }


def best(figures: Mapping[str, Figures], goal: Goal, *, higher: bool) -> str | None:
    """The best in the goal; of equals in that the faster, then the better in score, the smaller.

    Args:
        figures: of those to choose from, by name.
        goal: what to be best in.
        higher: whether a higher score is the better.
    """
    first: dict[Goal, Callable[[tuple[float, float, float]], float]] = {
        "score": lambda key: key[0],
        "latency": lambda key: key[1],
        "size": lambda key: key[2],
    }
    keys = {name: _key(each, higher=higher) for name, each in figures.items()}
    return min(
        keys,
        key=lambda name: (first[goal](keys[name]), keys[name][1], keys[name][0], keys[name][2]),
        default=None,
    )


def hopeless(
    figures: Mapping[str, Figures],
    samples: int,
    limits: tuple[float, float],
    times: float,
    *,
    higher: bool,
) -> dict[str, str]:
    """Candidates that another one makes pointless already after a trial, and which.

    The other one is `times` as fast, no larger, and better in score by more than three standard
    errors of the difference of two means over so many samples. For values within limits, the
    standard deviation is at most half of their distance (Popoviciu, 1935); without limits nothing
    is dropped.

    Args:
        figures: after a trial, by name.
        samples: that each was tried on.
        limits: the lowest and the highest score that there can be.
        times: as fast.
        higher: whether a higher score is the better.

    Returns:
        The other one's name, by the hopeless one's.
    """
    spread = limits[1] - limits[0]
    if not math.isfinite(spread) or not samples:
        return {}
    margin = 3 * math.sqrt(2 / samples) * spread / 2
    sign = 1.0 if higher else -1.0
    found = {}
    for name, own in figures.items():
        others = (
            other
            for other, each in figures.items()
            if each.latency_ms * times <= own.latency_ms
            and each.size_bytes <= own.size_bytes
            and sign * (each.score - own.score) > margin
        )
        other = _fastest(others, figures)
        if other is not None:
            found[name] = other
    return found


def _fastest(names: Iterable[str], figures: Mapping[str, Figures]) -> str | None:
    return min(names, key=lambda name: figures[name].latency_ms, default=None)


def _key(figures: Figures, *, higher: bool) -> tuple[float, float, float]:
    """Of which less is better, each."""
    score = -figures.score if higher else figures.score
    return score, figures.latency_ms, float(figures.size_bytes)


def _at_most(one: float, other: float) -> bool:
    return one <= other
