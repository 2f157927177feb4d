"""Every metric against a plain computation of what its definition says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.metrics.anomaly import AreaUnderCurve
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.classification import TopK
from kenning_lego.metrics.detection import MeanAveragePrecision
from kenning_lego.metrics.pose import CorrectKeypoints
from kenning_lego.metrics.regression import MeanAbsoluteError, RootMeanSquareError
from kenning_lego.metrics.segmentation import MeanIoU

Arrays = tuple[NDArray[Any], NDArray[Any]]


def boxes(rng: np.random.Generator, count: int) -> NDArray[Any]:
    corners = rng.integers(0, 6, (9, count, 2))
    return np.concatenate([corners, corners + rng.integers(1, 5, corners.shape)], axis=2)


def detections(rng: np.random.Generator) -> Arrays:
    found = np.concatenate(
        [boxes(rng, 5), rng.random((9, 5, 1)), rng.integers(-1, 2, (9, 5, 1))], axis=2
    )
    truth = np.concatenate([boxes(rng, 4), rng.integers(0, 2, (9, 4, 2))], axis=2)
    return found, truth


def keypoints(rng: np.random.Generator) -> Arrays:
    labels = np.concatenate([rng.uniform(0, 8, (9, 10, 2)), rng.integers(0, 4, (9, 10, 1))], axis=2)
    labels[0, 8:, 2] = 1  # without a length, nothing can be scored
    return labels[..., :2] + rng.normal(0, 1, (9, 10, 2)), labels


CASES: dict[str, tuple[Metric, Any]] = {
    "top1": (TopK(1), lambda rng: (rng.random((9, 4)), rng.integers(0, 4, 9))),
    "miou": (MeanIoU(), lambda rng: (rng.random((9, 3, 2, 2)), rng.integers(0, 3, (9, 2, 2)))),
    "map50": (MeanAveragePrecision(), detections),
    "map": (MeanAveragePrecision((0.3, 0.5, 0.75), 101), detections),
    "auc": (AreaUnderCurve(), lambda rng: (rng.integers(0, 5, 9) / 2, np.arange(9) % 2)),
    "pck": (CorrectKeypoints(), keypoints),
    "mae": (MeanAbsoluteError(), lambda rng: (rng.random((9, 2)), rng.random((9, 2)))),
    "rmse": (RootMeanSquareError(), lambda rng: (rng.random(9), rng.random(9))),
}


@pytest.mark.parametrize(("metric", "make"), CASES.values(), ids=CASES)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 8))
def test_scores_are_within_limits_and_come_from_the_evidence_of_any_batches_in_any_order(
    metric: Metric, make: Any, seed: int, cut: int
) -> None:
    rng = np.random.default_rng(seed)
    outputs, labels = make(rng)
    score = metric.score(outputs, labels)
    low, high = metric.limits
    assert low <= score <= high
    parts = [metric.evidence(outputs[some], labels[some]) for some in (slice(cut), slice(cut, 9))]
    assert metric.total(np.concatenate(parts)) == pytest.approx(score, abs=1e-12)
    assert metric.total(np.concatenate(parts[::-1])) == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize(("metric", "make"), CASES.values(), ids=CASES)
def test_outputs_of_another_shape_are_refused(metric: Metric, make: Any) -> None:
    outputs, labels = make(np.random.default_rng(0))
    with pytest.raises(ModelError, match="of shape"):
        metric.score(outputs[:5], labels)
    with pytest.raises(ModelError):
        metric.score(outputs[:0], labels[:0])


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2).filter(
        lambda pairs: 0 < sum(label for _, label in pairs) < len(pairs)
    )
)
def test_auc_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in pairs], float)
    labels = np.array([label for _, label in pairs], int)
    above, below = scores[labels == 1], scores[labels == 0]
    won = [float(a > b) + 0.5 * (a == b) for a in above for b in below]
    score = AreaUnderCurve().score(scores, labels)
    assert score == pytest.approx(np.mean(won))
    statistic = stats.mannwhitneyu(above, below).statistic
    assert score == pytest.approx(statistic / (len(above) * len(below)))


def test_auc_takes_nan_for_wrong_and_needs_both_kinds() -> None:
    metric = AreaUnderCurve()
    assert metric.score(np.array([[np.nan], [0.0]]), np.array([1, 0])) == 0
    assert metric.score(np.array([1.0, np.nan]), np.array([1, 0])) == 0
    with pytest.raises(ModelError, match="0 positive and 2 negative"):
        metric.score(np.zeros(2), np.zeros(2, int))
    with pytest.raises(ModelError, match="neither 0 nor 1"):
        metric.score(np.zeros(2), np.array([0, 2]))


@given(st.integers(0, 2**32 - 1))
def test_miou_is_the_mean_of_intersections_over_unions_of_sets_of_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, labels = rng.random((3, 4, 2, 3)), rng.choice([0, 1, 3, 255], (3, 2, 3))
    if (labels == 255).all():
        labels[0, 0, 0] = 1
    predicted = outputs.argmax(axis=1)
    pixels = [place for place in np.ndindex(labels.shape) if labels[place] != 255]
    ratios = []
    for each in range(4):
        truth = {place for place in pixels if labels[place] == each}
        found = {place for place in pixels if predicted[place] == each}
        if truth | found:
            ratios.append(len(truth & found) / len(truth | found))
    assert MeanIoU().score(outputs, labels) == pytest.approx(np.mean(ratios))


def test_miou_of_one_channel_has_two_classes() -> None:
    outputs = np.array([[[[2.0, -1.0, 3.0, -2.0]]]])
    assert MeanIoU().score(outputs, np.array([[[1, 0, 0, 0]]])) == pytest.approx(
        (1 / 2 + 2 / 3) / 2
    )


def test_miou_refuses_labels_without_an_output_and_images_without_labels() -> None:
    with pytest.raises(ModelError, match="labels from 0 to 7 for 3 classes"):
        MeanIoU().score(np.zeros((1, 3, 1, 2)), np.array([[[0, 7]]]))
    with pytest.raises(ModelError, match="no labelled pixels"):
        MeanIoU().score(np.zeros((1, 3, 1, 2)), np.full((1, 1, 2), 255))


def test_errors_are_those_of_their_definitions() -> None:
    outputs, labels = np.array([[1.0, 2.0], [3.0, 8.0]]), np.array([[1.0, 4.0], [3.0, 4.0]])
    assert MeanAbsoluteError().score(outputs, labels) == pytest.approx(1.5)
    assert RootMeanSquareError().score(outputs, labels) == pytest.approx(math.sqrt(5))
    assert not MeanAbsoluteError().higher_is_better


def test_pck_counts_visible_keypoints_within_a_share_of_the_reference_length() -> None:
    metric = CorrectKeypoints(0.5, ends=(0, 1))
    labels = np.array(
        [
            [[0, 0, 1], [4, 0, 1], [9, 9, 1], [5, 5, 0]],
            [[0, 0, 1], [4, 0, 0], [9, 9, 1], [5, 5, 1]],  # no length, so nothing counts
        ],
        float,
    )
    outputs = labels[..., :2].copy()
    outputs[0, 0] += (0, 2)  # just near enough
    outputs[0, 2] += (0, 2.01)
    assert metric.score(outputs, labels) == pytest.approx(2 / 3)


def test_pck_reads_keypoints_from_heat_maps() -> None:
    labels = np.array([[[1, 2, 1], [3, 0, 1]]], float)
    maps = np.zeros((1, 2, 4, 5))
    maps[0, 0, 2, 1] = maps[0, 1, 0, 3] = 1
    assert CorrectKeypoints(0.1, ends=(0, 1)).score(maps, labels) == 1


def found_once(labels: NDArray[Any], outputs: NDArray[Any], threshold: float) -> list[int]:
    """For one class and one image, without difficult objects: hits in the order of the scores."""
    free = list(range(len(labels)))
    hits = []
    for box in outputs[np.argsort(-outputs[:, 4], kind="stable")]:
        best, where = 0.0, -1
        for place in free:
            other = labels[place]
            width = min(box[2], other[2]) - max(box[0], other[0])
            height = min(box[3], other[3]) - max(box[1], other[1])
            shared = max(width, 0) * max(height, 0)
            areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)]
            overlap = shared / (sum(areas) - shared)
            if overlap >= threshold and overlap > best:
                best, where = overlap, place
        hits.append(int(where >= 0))
        if where >= 0:
            free.remove(where)
    return hits


@given(st.integers(0, 2**32 - 1))
def test_map_of_one_image_and_class_is_the_area_under_the_best_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, labels = detections(rng)
    outputs, labels = outputs[:1], labels[:1].copy()
    outputs[..., 5], labels[..., 4:] = 0, 0
    hits = np.array(found_once(labels[0], outputs[0], 0.5))
    objects = labels.shape[1]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    area = sum(max(precision[place:]) / objects for place in np.flatnonzero(hits))
    assert MeanAveragePrecision().score(outputs, labels) == pytest.approx(area)
    recall = np.cumsum(hits) / objects
    eleven = [
        max((p for p, r in zip(precision, recall, strict=True) if r >= each - 1e-9), default=0.0)
        for each in np.linspace(0, 1, 11)
    ]
    metric = MeanAveragePrecision(points=11)
    assert metric.score(outputs, labels) == pytest.approx(np.mean(eleven))


def test_map_by_hand_over_two_images_and_two_classes() -> None:
    box, away = [0, 0, 10, 10], [50, 50, 60, 60]
    labels = np.array(
        [
            [[*box, 0, 0], [*away, 1, 0]],
            [[*box, 0, 0], [*away, 1, 1]],  # the second is difficult
        ],
        float,
    )
    padding = [0, 0, 0, 0, 0, -1]
    outputs = np.array(
        [
            [[*box, 0.9, 0], [*box, 0.8, 0], padding],  # the second finds nothing new
            [[*box, 0.7, 0], [*away, 0.6, 1], [*box, np.nan, 0]],  # difficult: does not count
        ]
    )
    # class 0: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1; class 1: its object is missed
    assert MeanAveragePrecision().score(outputs, labels) == pytest.approx((1 / 2 + 1 / 3) / 2)


def test_map_needs_objects() -> None:
    with pytest.raises(ModelError, match="no objects"):
        MeanAveragePrecision().score(np.zeros((1, 2, 6)), np.full((1, 1, 5), -1.0))


@pytest.mark.parametrize(
    "make",
    [
        lambda: TopK(0),
        lambda: MeanAveragePrecision(()),
        lambda: MeanAveragePrecision((0.0,)),
        lambda: MeanAveragePrecision(points=1),
        lambda: CorrectKeypoints(0),
        lambda: CorrectKeypoints(0.5, (3, 3)),
    ],
)
def test_impossible_settings_are_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_pck_needs_the_keypoints_that_it_is_measured_by() -> None:
    with pytest.raises(ModelError, match=r"keypoints \(8, 9\) of 4"):
        CorrectKeypoints().score(np.zeros((1, 4, 2)), np.zeros((1, 4, 3)))
