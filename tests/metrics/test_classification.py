from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.classification import TOP1, TopK


@given(
    st.integers(1, 30).flatmap(
        lambda samples: st.tuples(
            st.lists(
                st.lists(st.integers(-3, 3), min_size=5, max_size=5),
                min_size=samples,
                max_size=samples,
            ),
            st.lists(st.integers(0, 4), min_size=samples, max_size=samples),
        )
    )
)
def test_top1_is_the_share_of_right_argmaxes(case: tuple[list[list[int]], list[int]]) -> None:
    outputs, labels = np.array(case[0], np.float32), np.array(case[1])
    assert TOP1.score(outputs, labels) == np.mean(outputs.argmax(axis=1) == labels)
    scores = [TopK(k).score(outputs, labels) for k in range(1, 6)]
    assert scores == sorted(scores)
    assert scores[-1] == 1


def test_topk_counts_the_k_largest() -> None:
    outputs = np.array([[0.1, 0.5, 0.4], [0.1, 0.5, 0.4]])
    assert TopK(2).score(outputs, np.array([2, 0])) == 0.5


def test_equal_outputs_score_at_chance() -> None:
    assert TOP1.score(np.zeros((10, 10)), np.arange(10)) == 0.1


def test_nan_is_wrong() -> None:
    outputs = np.array([[np.nan, 0.0], [1.0, np.nan], [1.0, 0.0]])
    assert TOP1.score(outputs, np.array([0, 0, 0])) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        (np.zeros((0, 3)), np.zeros(0, np.int64)),
        (np.zeros((2, 3)), np.array([0])),
        (np.zeros((2, 3, 1)), np.array([0, 1])),
        (np.zeros((2, 3)), np.array([0, 3])),
        (np.zeros((2, 3)), np.array([0, -1])),
    ],
)
def test_outputs_that_do_not_fit_the_labels_are_refused(
    outputs: np.ndarray, labels: np.ndarray
) -> None:
    with pytest.raises(ModelError):
        TOP1.score(outputs, labels)


def test_k_must_be_positive() -> None:
    with pytest.raises(ConfigurationError, match="k = 0"):
        TopK(0)


def test_metrics_tell_their_name_and_orientation() -> None:
    metric: Metric = TopK(5)
    assert metric.name == "top5"
    assert metric.higher_is_better
