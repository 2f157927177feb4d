"""What a choice of variants is predicted to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.records import RunRecord, ScoreRecord, SegmentRecord
from kenning_lego.selection.problem import Choice
from kenning_lego.stats.quality_law import QualityLaw


@dataclass(frozen=True, slots=True)
class Predictor:
    """From sums over the blocks to figures of the network.

    Args:
        original_score: of the network as it was given; None predicts no score.
        law: from the sum of accuracy costs to what the score loses.
        higher_is_better: of the metric.
        lowest: score that there can be. Costs are estimates and may be negative; a predicted score
            still stays within the metric's limits.
        highest: the same.
        fixed_cost: accuracy cost of the segments without a choice.
    """

    original_score: float | None
    law: QualityLaw
    higher_is_better: bool = True
    lowest: float = -math.inf
    highest: float = math.inf
    fixed_cost: float = 0.0

    @classmethod
    def of(cls, record: RunRecord) -> Predictor:
        """What a run's record says of the network's scores on the test part."""
        network = record.network
        lowest, highest = network.score_limits
        return cls(
            network.test_score,
            law_of(record),
            network.higher_is_better,
            -math.inf if lowest is None else lowest,
            math.inf if highest is None else highest,
            fixed_cost_of(record.segments),
        )

    def score(self, accuracy_cost: float) -> float | None:
        """The score at a sum of accuracy costs."""
        if self.original_score is None:
            return None
        loss = self.law.loss(accuracy_cost + self.fixed_cost)
        score = self.original_score - (loss if self.higher_is_better else -loss)
        return min(max(score, self.lowest), self.highest)

    def accuracy_cost(self, score: float) -> float | None:
        """The largest sum of accuracy costs at which the score is as good; None without scores.

        Raises:
            ValueError: no network could be so much better than the original.
        """
        if self.original_score is None:
            return None
        loss = self.original_score - score
        return self.law.cost(loss if self.higher_is_better else -loss) - self.fixed_cost

    def __call__(self, choice: Choice) -> ScoreRecord:
        """The figures of a choice."""
        return ScoreRecord(
            latency_ms=choice.latency_ms,
            memory_bytes=choice.memory_bytes,
            score=self.score(choice.accuracy_cost),
            energy_mj=choice.energy_mj,
        )


def fixed_cost_of(segments: Sequence[SegmentRecord]) -> float:
    """What compiling the segments without a choice costs in accuracy; nothing in fp32."""
    fixed = (each.variants[0].accuracy_cost for each in segments if not each.scalable)
    return math.fsum(cost or 0.0 for cost in fixed)


def law_of(record: RunRecord) -> QualityLaw:
    """How the accuracy costs of a record combine."""
    found = record.accuracy
    return QualityLaw(found.unit, found.power) if found else QualityLaw()
