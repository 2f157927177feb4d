from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from kenning_lego.core.errors import ModelError
from kenning_lego.core.records import ClassificationRecord
from kenning_lego.metrics.by_class import F1, GMean, MeanPrecision, MeanSensitivity, RocAuc
from kenning_lego.metrics.classification_report import classification_report

CLASSES = ("cat", "dog", "bird")
LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2])
EVERY = (MeanPrecision(), MeanSensitivity(), GMean(), F1(), RocAuc())


def one_hot(predicted: np.ndarray) -> np.ndarray:
    return np.array([np.arange(3) == each for each in predicted], np.float32)


cases = st.tuples(st.integers(2, 6), st.integers(2, 60), st.integers(0, 2**31)).map(
    lambda case: (
        np.random.default_rng(case[2]).normal(size=(case[1], case[0])),
        np.random.default_rng(case[2] + 1).integers(0, case[0], case[1]),
    )
)


def test_a_case_by_hand() -> None:
    outputs = one_hot(PREDICTED)
    assert MeanPrecision().score(outputs, LABELS) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert MeanSensitivity().score(outputs, LABELS) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert GMean().score(outputs, LABELS) == pytest.approx((3 / 4 * 1 / 2) ** (1 / 3))
    assert F1().score(outputs, LABELS) == pytest.approx((6 / 8 + 2 / 4 + 1) / 3)


def test_the_report_of_that_case() -> None:
    report = classification_report(one_hot(PREDICTED), LABELS, CLASSES)
    assert report.matrix() == [[3, 1, 0], [1, 1, 0], [0, 0, 2]]
    assert report.samples == (4, 2, 2)
    assert report.precision == (0.75, 0.5, 1.0)
    assert report.sensitivity == (0.75, 0.5, 1.0)
    assert report.accuracy == 0.75
    assert report.top5 is None
    assert ClassificationRecord.model_validate_json(report.model_dump_json()) == report


@given(cases)
def test_the_figures_are_scikit_learns(case: tuple[np.ndarray, np.ndarray]) -> None:
    outputs, labels = case
    classes = outputs.shape[1]
    present = np.unique(labels)
    predicted = outputs.argmax(axis=1)
    report = classification_report(outputs, labels, [str(each) for each in range(classes)])
    every = range(classes)
    assert report.matrix() == peer.confusion_matrix(labels, predicted, labels=every).tolist()
    options = {"labels": present, "average": "macro", "zero_division": 0}
    assert report.mean_precision == pytest.approx(
        peer.precision_score(labels, predicted, **options)
    )
    assert report.mean_sensitivity == pytest.approx(peer.recall_score(labels, predicted, **options))
    assert report.f1 == pytest.approx(peer.f1_score(labels, predicted, **options))
    by_class = peer.recall_score(labels, predicted, labels=present, average=None, zero_division=0)
    assert report.g_mean == pytest.approx(math.prod(by_class) ** (1 / len(present)))
    assert report.accuracy == pytest.approx(peer.accuracy_score(labels, predicted))
    if classes > 5:
        wanted = peer.top_k_accuracy_score(labels, outputs, k=5, labels=every)
        assert report.top5 == pytest.approx(wanted)


@given(cases)
def test_the_area_under_the_curve_is_scikit_learns(case: tuple[np.ndarray, np.ndarray]) -> None:
    outputs, labels = case[0] * 3 - 2, case[1]  # some below 0: no probabilities
    outputs[0] -= 10
    if len(np.unique(labels)) < 2:
        with pytest.raises(ModelError, match="give both"):
            RocAuc().score(outputs, labels)
        return
    powers = np.exp(outputs)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    wanted = np.mean(
        [peer.roc_auc_score(labels == each, probabilities[:, each]) for each in np.unique(labels)]
    )
    assert RocAuc().score(outputs, labels) == pytest.approx(wanted, abs=1e-9)
    assert RocAuc().score(probabilities, labels) == pytest.approx(wanted, abs=1e-9)
    if len(np.unique(labels)) == outputs.shape[1] > 2:
        whole = peer.roc_auc_score(labels, probabilities, multi_class="ovr")
        assert whole == pytest.approx(wanted, abs=1e-9)


def test_equal_probabilities_count_half_as_scikit_learn_has_it() -> None:
    random = np.random.default_rng(0)
    probabilities = random.multinomial(4, (0.2, 0.3, 0.5), size=50) / 4
    labels = random.integers(0, 3, 50)
    wanted = peer.roc_auc_score(labels, probabilities, multi_class="ovr")
    assert RocAuc().score(probabilities, labels) == pytest.approx(wanted)


@given(cases, st.integers(1, 7))
def test_evidence_in_batches_gives_the_same_score(
    case: tuple[np.ndarray, np.ndarray], size: int
) -> None:
    outputs, labels = case
    for metric in EVERY[:4] if len(np.unique(labels)) < 2 else EVERY:
        parts = [
            metric.evidence(outputs[start : start + size], labels[start : start + size])
            for start in range(0, len(labels), size)
        ]
        assert metric.total(np.concatenate(parts)) == metric.score(outputs, labels)


def test_a_class_that_is_never_predicted_or_has_no_samples() -> None:
    report = classification_report(one_hot(np.array([0, 0])), np.array([0, 1]), CLASSES)
    assert report.precision == (0.5, None, None)
    assert report.sensitivity == (1.0, 0.0, None)
    assert report.mean_precision == 0.25
    assert report.g_mean == 0


def test_samples_of_one_class_alone_have_no_curve() -> None:
    report = classification_report(one_hot(np.array([1, 1])), np.array([1, 1]), CLASSES)
    assert report.roc_auc is None
    assert report.mean_sensitivity == 1


def test_nan_is_wrong_in_every_class_and_in_no_cell() -> None:
    outputs = one_hot(LABELS)
    perfect = [metric.score(outputs, LABELS) for metric in EVERY]
    assert perfect == [1.0] * len(EVERY)
    outputs[0, 2] = np.nan
    report = classification_report(outputs, LABELS, CLASSES)
    assert report.matrix() == [[3, 0, 0], [0, 2, 0], [0, 0, 2]]
    assert report.sensitivity == (0.75, 1.0, 1.0)
    assert report.roc_auc is not None
    assert report.roc_auc < 1


def test_outputs_that_overflowed_still_rank() -> None:
    outputs = np.array([[np.inf, 0.0], [0.0, np.inf], [-np.inf, np.inf]])
    assert RocAuc().score(outputs, np.array([0, 1, 1])) == 1


@pytest.mark.parametrize(
    ("outputs", "labels", "said"),
    [
        (np.zeros((0, 3)), np.zeros(0, np.int64), "no samples"),
        (np.zeros((2, 3)), np.array([0, 3]), "labels from 0 to 3 for 3 outputs"),
        (np.zeros((2, 4)), np.array([0, 1]), "4 outputs for 3 classes"),
        (np.zeros((2, 3, 1)), np.array([0, 1]), r"\(samples, classes\)"),
    ],
)
def test_what_does_not_fit_is_refused(outputs: np.ndarray, labels: np.ndarray, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        classification_report(outputs, labels, CLASSES)


def test_a_thousand_classes_take_room_by_their_samples() -> None:
    random = np.random.default_rng(0)
    names = [str(each) for each in range(1000)]
    report = classification_report(
        random.normal(size=(500, 1000)), random.integers(0, 1000, 500), names
    )
    assert len(report.confusion) <= 500
