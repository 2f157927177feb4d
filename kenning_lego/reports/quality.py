"""How scores of a network's metric are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.formatting import NO_BREAK, decimal, share, significant

_SHARES = frozenset(
    {
        "top1",
        "top5",
        "accuracy",
        "balancedaccuracy",
        "precision",
        "recall",
        "sensitivity",
        "gmean",
        "f1",
        "map",
        "map50",
        "miou",
        "pck",
    }
)
"""Metrics that are shares of one, so that 0.9312 is read as 93.12 %."""


@dataclass(frozen=True, slots=True)
class Quality:
    """A metric's name and scale.

    Args:
        name: as the record has it, such as "top1".
        is_share: its scores are shares of one, and written as %.
    """

    name: str
    is_share: bool

    @classmethod
    def of(cls, record: RunRecord) -> Quality:
        """The metric of a run; a score above one shows that it is not a share."""
        network = record.network
        scores = [network.validation_score, network.test_score]
        for each in record.configurations:
            scores += [side.score for side in (each.predicted, each.measured) if side]
        return cls.named(network.metric, scores)

    @classmethod
    def named(cls, metric: str, scores: Iterable[float | None]) -> Quality:
        """A metric by its name and what it was seen to be."""
        plain = metric.lower().replace("-", "").replace("_", "")
        within = all(abs(score) <= 1 for score in scores if score is not None)
        return cls(metric, plain in _SHARES and within)

    @property
    def factor(self) -> float:
        """From the record's scale to the one that is shown."""
        return 100.0 if self.is_share else 1.0

    @property
    def unit(self) -> str:
        """Of a score, as it stands behind the number."""
        return "%" if self.is_share else ""

    @property
    def difference_unit(self) -> str:
        """Of a difference between scores."""
        return "points" if self.is_share else ""

    def score(self, value: float | None) -> str | None:
        """A score with its unit."""
        return share(value, 2) if self.is_share else significant(value, 4)

    def difference(self, value: float | None, *, signed: bool = False) -> str | None:
        """A difference between scores, without its unit."""
        if value is None:
            return None
        return decimal(value * self.factor, 2 if self.is_share else 4, signed=signed)

    def with_unit(self, difference: str) -> str:
        """A difference with its unit behind it."""
        return f"{difference}{NO_BREAK}{self.difference_unit}".rstrip()
