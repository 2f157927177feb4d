"""Who knows the trace, and in hindsight how the machine was: what is attainable at best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.adaptation_driver import Drive
from benchmarks.adaptation_policies import Policy
from benchmarks.adaptation_trace import Frame
from kenning_lego.selection.front import Front
from kenning_lego.selection.units import UNITS_PER_ONE

RESERVES = (1.0, 1.06, 1.12, 1.2, 1.35)
"""Factors on what frames were seen to take, with each of which the trace is run."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What frames were seen to take under a load.

    Args:
        predicted_ms: of some configurations, ascending.
        quantile_ms: time that all but the late share of their frames kept.
    """

    predicted_ms: NDArray[np.float64]
    quantile_ms: NDArray[np.float64]

    @classmethod
    def of(cls, durations_ms: Mapping[float, NDArray[np.float64]], late: float) -> Experience:
        """From frames' times by the predicted latency; a slower network never takes less."""
        predicted = sorted(durations_ms)
        quantiles = [float(np.quantile(durations_ms[each], 1.0 - late)) for each in predicted]
        return cls(np.array(predicted), np.maximum.accumulate(quantiles))

    def of_points(self, front: Front) -> NDArray[np.float64]:
        """The same for all points of a front, in between what was seen."""
        return np.interp(front.latencies / UNITS_PER_ONE, self.predicted_ms, self.quantile_ms)


class Clairvoyant(Policy):
    """Knows the budget and the load of every frame, how frames do, and switches for nothing.

    Args:
        front: what it chooses from.
        free: how frames do on a free core.
        shared: how they do on a shared one.
        reserve: factor on both.
    """

    def __init__(
        self, front: Front, free: Experience, shared: Experience, reserve: float = 1.0
    ) -> None:
        super().__init__()
        self._front = front
        self._takes_ms = {
            False: free.of_points(front) * reserve,
            True: shared.of_points(front) * reserve,
        }

    def start(self, frame: Frame, now: float) -> int:
        """The best that keeps the budget under the load of this frame."""
        del now
        self._point = self._choose(frame)
        return self._point

    def next(self, frame: Frame, now: float) -> int | None:
        """The same again, if it is another."""
        before = self._point
        return None if self.start(frame, now) == before else self._point

    def _choose(self, frame: Frame) -> int:
        budget, takes = frame.budget, self._takes_ms[frame.busy]
        fits = np.ones(len(takes), bool)
        if budget.latency_ms is not None:
            fits &= takes <= budget.latency_ms
        if budget.memory_bytes is not None:
            fits &= self._front.memories <= budget.memory_bytes
        return int(np.argmax(fits)) if fits.any() else int(self._front.latencies.argmin())


@dataclass(frozen=True, slots=True)
class Hindsight:
    """The best that knowing the trace attains.

    Args:
        right: by frame, the share of its images that were classified rightly.
        kept: by frame, whether it kept its budget on latency.
        reserves: on a free core and on a shared one.
    """

    right: NDArray[np.float64]
    kept: NDArray[np.bool_]
    reserves: tuple[float, float]


def in_hindsight(
    trace: Sequence[Frame],
    runs: Mapping[float, Drive],
    right: Mapping[float, NDArray[np.float64]],
    share: float,
) -> Hindsight:
    """The reserves, one for each load, with which a share of the frames is kept most accurately.

    How late frames of the next minutes will be nobody knows beforehand, so a policy of one fixed
    reserve keeps more or less than that share as the machine pleases. This one may choose after
    the event. Frames of the two loads are put together from the runs with either reserve, which
    changes nothing: the policy decides on each frame alone, and its switches take no time.

    Args:
        trace: that was run.
        runs: by reserve.
        right: of these runs, by frame.
        share: of the counted frames that is to be kept; if none does, the one that keeps most.
    """
    busy = np.array([frame.busy for frame in trace])
    counted = np.array([frame.counted for frame in trace])
    bounds = np.array([frame.budget.latency_ms or np.inf for frame in trace])
    kept = {reserve: run.durations_ms <= bounds for reserve, run in runs.items()}
    choices = [
        Hindsight(
            np.where(busy, right[shared], right[free]),
            np.where(busy, kept[shared], kept[free]),
            (free, shared),
        )
        for free, shared in product(runs, runs)
    ]

    def merit(choice: Hindsight) -> tuple[float, float]:
        return min(share, float(choice.kept[counted].mean())), float(choice.right.mean())

    return max(choices, key=merit)
