"""What records say of networks that are measured whole."""

from __future__ import annotations

from kenning_lego.core.records import NetworkRecord
from kenning_lego.datasets.base import Dataset
from kenning_lego.metrics.base import Metric
from kenning_lego.scenarios.tester.recording import finite
from kenning_lego.scenarios.whole.candidates import Network
from kenning_lego.training.teacher import Scores


def describe_whole(
    name: str, network: Network, dataset: Dataset, scores: Scores, metric: Metric
) -> NetworkRecord:
    """A network as it was given, with its scores in torch."""
    return NetworkRecord(
        name=name,
        parameters=network.parameters,
        flops=network.flops,
        dataset=dataset.name,
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        score_limits=(finite(metric.limits[0]), finite(metric.limits[1])),
        validation_score=scores.validation,
        test_score=scores.test,
        samples={part: len(samples) for part, samples in dataset.parts.items()},
    )
