"""Whether medians of two runs differ, and by how much, with one confidence for all of them.

Each pair of medians is compared on a logarithmic scale, so that differences are shares. Their
standard errors come from the block bootstrap (:func:`~kenning_lego.stats.bootstrap.standard_error`)
and Welch's t test decides. Of many comparisons some differ by chance: Holm's procedure ("A simple
sequentially rejective multiple test procedure", 1979) keeps the probability of even one such
mistake within 1 - confidence. Each interval is as wide as the level that its decision was made
at, so an interval excludes zero exactly if a difference is claimed.

What no sample of two runs can tell is how much a third run would differ: memory is laid out anew,
the board is warmer. That is what the threshold is for.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.bootstrap import ENOUGH_ROUNDS, standard_error
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.student import student_quantile, student_tail

Outcome = Literal["faster", "slower", "same", "too_few_samples"]
Key = TypeVar("Key", bound=Hashable)
Group = TypeVar("Group", bound=Hashable)
Both = tuple[Rounds, Rounds]
"""The earlier and the later samples of one thing."""
Error = tuple[float, float] | None
"""Of the logarithm of a median, and the degrees of freedom behind it."""

_FINEST = 0.005
"""A threshold of zero asks for no precision; then this share is what one wants to see."""

_WIDEST = 20.0
"""On the logarithmic scale; wider says nothing, and its bounds are no numbers."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How the second of two medians differs from the first, as a share of the first.

    Args:
        outcome: ``faster`` or ``slower`` if the difference is beyond chance; ``same`` if it is
            not and would be seen from the threshold on; ``too_few_samples`` if it would not.
        change: the point estimate; positive is slower.
        low: lower bound; None with too few rounds for bounds.
        high: upper bound; None with too few rounds for bounds.
        p_value: of no difference, after Holm's correction; None with too few rounds.
        missing: rounds that each run would still need, about; 0 unless there are too few.
    """

    outcome: Outcome
    change: float
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    missing: int = 0

    def beyond(self, threshold: float) -> bool:
        """Whether it is slower by more than that share, with confidence."""
        return self.outcome == "slower" and self.low is not None and self.low > threshold


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two medians on the logarithmic scale."""

    change: float
    error: float
    degrees: float
    rounds: int

    @property
    def p_value(self) -> float:
        if self.error == 0:
            return 1.0 if self.change == 0 else 0.0
        return 2 * student_tail(abs(self.change) / self.error, self.degrees)

    def half_width(self, level: float) -> float:
        return self.error * student_quantile(1 - level / 2, self.degrees)


def compare_medians(
    pairs: Mapping[Key, Both], *, confidence: float = 0.95, threshold: float = 0.02
) -> dict[Key, Difference]:
    """Compare many pairs at once, in the pairs' order.

    The same pairs the other way round give the same shares on the logarithmic scale with the
    other sign.

    Args:
        pairs: of the earlier and the later run, by name.
        confidence: that no difference is claimed where there is none, for all together.
        threshold: share from which a difference matters.

    Raises:
        UsageError: a median is not positive.
    """
    return _differences(_all_pairs(pairs), confidence, threshold)


def compare_overall(
    pairs: Mapping[Key, Both], *, confidence: float = 0.95, threshold: float = 0.02
) -> Difference | None:
    """The geometric mean of all ratios of medians, as one comparison.

    What hits one item of a run hits others, so their errors are taken as if all went the same
    way: an upper bound of the mean's error, whatever the dependence.

    Returns:
        None if not one pair has enough rounds.

    Raises:
        UsageError: a median is not positive.
    """
    return compare_groups({0: pairs}, confidence=confidence, threshold=threshold)[0].overall


@dataclass(frozen=True, slots=True)
class Compared:
    """One group of pairs.

    Args:
        differences: by the pairs' names, in their order.
        overall: as of :func:`compare_overall`.
    """

    differences: Mapping[Hashable, Difference]
    overall: Difference | None


def compare_groups(
    groups: Mapping[Group, Mapping[Key, Both]], *, confidence: float = 0.95, threshold: float = 0.02
) -> dict[Group, Compared]:
    """Compare several runs with one, each a group of pairs.

    Args:
        groups: of pairs of the first run and another, by name.
        confidence: that no difference is claimed where there is none, for all pairs of all groups
            together, and again for all groups' means together.
        threshold: share from which a difference matters.

    Raises:
        UsageError: a median is not positive.
    """
    flat = {(group, key): both for group, pairs in groups.items() for key, both in pairs.items()}
    found = _all_pairs(flat)
    differences = _differences(found, confidence, threshold)
    means = {
        group: _mean(known)
        for group, pairs in groups.items()
        if (known := [pair for key in pairs if isinstance(pair := found[group, key], _Pair)])
    }
    overall = _decided(means, confidence, threshold)
    return {
        group: Compared({key: differences[group, key] for key in pairs}, overall.get(group))
        for group, pairs in groups.items()
    }


@dataclass(frozen=True, slots=True)
class Corrected:
    """A p-value after Holm's correction, and the level at which its decision was made."""

    p_value: float
    level: float


def holm(p_values: Mapping[Key, float], alpha: float) -> dict[Key, Corrected]:
    """Holm's procedure: from the smallest p-value on, until one is above its level.

    Args:
        p_values: by name.
        alpha: probability of even one false rejection, at most.
    """
    ordered = sorted(p_values, key=p_values.__getitem__)
    corrected: dict[Key, Corrected] = {}
    adjusted, level, rejecting = 0.0, alpha, True
    for rank, name in enumerate(ordered):
        left = len(ordered) - rank
        adjusted = max(adjusted, min(1.0, left * p_values[name]))
        if rejecting:
            level = alpha / left
            rejecting = p_values[name] <= level
        corrected[name] = Corrected(adjusted, level)
    return corrected


def _all_pairs(pairs: Mapping[Key, Both]) -> dict[Key, _Pair | Difference]:
    # The first of several runs is in many pairs. One seed for all, so that no order matters.
    distinct = {id(each): each for both in pairs.values() for each in both}
    errors = {key: standard_error(each) for key, each in distinct.items()}
    return {
        key: _pair(one, other, errors[id(one)], errors[id(other)])
        for key, (one, other) in pairs.items()
    }


def _pair(first: Rounds, second: Rounds, before: Error, after: Error) -> _Pair | Difference:
    rounds = min(first.rounds, second.rounds)
    medians = [float(np.median(each.values)) for each in (first, second)]
    if min(medians) <= 0:
        raise UsageError("a median is not positive", "compare measured durations")
    change = math.log(medians[1]) - math.log(medians[0])
    if before is None or after is None:
        missing = ENOUGH_ROUNDS - rounds
        return Difference("too_few_samples", math.expm1(change), missing=missing)
    (one, one_degrees), (other, other_degrees) = before, after
    squares = one**2 + other**2
    # Welch and Satterthwaite.
    below = one**4 / one_degrees + other**4 / other_degrees
    degrees = squares**2 / below if below else one_degrees + other_degrees
    return _Pair(change, math.sqrt(squares), degrees, rounds)


def _mean(known: Iterable[_Pair]) -> _Pair:
    pairs = list(known)
    return _Pair(
        change=sum(pair.change for pair in pairs) / len(pairs),
        error=sum(pair.error for pair in pairs) / len(pairs),
        degrees=min(pair.degrees for pair in pairs),
        rounds=min(pair.rounds for pair in pairs),
    )


def _differences(
    found: Mapping[Key, _Pair | Difference], confidence: float, threshold: float
) -> dict[Key, Difference]:
    """In the same order, with all that can be tested decided together."""
    testable = {key: pair for key, pair in found.items() if isinstance(pair, _Pair)}
    decided = _decided(testable, confidence, threshold)
    return {key: decided[key] if isinstance(pair, _Pair) else pair for key, pair in found.items()}


def _decided(
    pairs: Mapping[Key, _Pair], confidence: float, threshold: float
) -> dict[Key, Difference]:
    corrected = holm({key: pair.p_value for key, pair in pairs.items()}, 1 - confidence)
    return {key: _difference(pair, corrected[key], threshold) for key, pair in pairs.items()}


def _difference(pair: _Pair, corrected: Corrected, threshold: float) -> Difference:
    half_width = min(_WIDEST, pair.half_width(corrected.level))
    low, high = math.expm1(pair.change - half_width), math.expm1(pair.change + half_width)
    wanted = math.log1p(max(threshold, _FINEST))
    missing = 0
    outcome: Outcome
    if low > 0 or high < 0:
        outcome = "slower" if low > 0 else "faster"
    elif half_width <= wanted:
        outcome = "same"
    else:
        outcome = "too_few_samples"
        missing = max(1, math.ceil(pair.rounds * ((half_width / wanted) ** 2 - 1)))
    return Difference(outcome, math.expm1(pair.change), low, high, corrected.p_value, missing)
