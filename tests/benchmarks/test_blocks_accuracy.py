"""What the benchmark of the accuracy profile asks for."""

from __future__ import annotations

import numpy as np

from benchmarks.blocks_accuracy import CONFIGURATIONS, RATIOS, _Outcome, _predictions


def outcome(name: str, scale: float) -> _Outcome:
    errors = np.linspace(-1, 1, 41) * scale
    return _Outcome(name, errors, errors * 2, errors, errors, 3.0, 0.0, 1.0)


def test_enough_configurations_over_enough_ratios() -> None:
    assert CONFIGURATIONS >= 40
    assert len(RATIOS) == 5


def test_asked_is_the_worst_network_beside_mean_losses() -> None:
    metrics = {each.name: each for each in _predictions([outcome("a", 0.4), outcome("b", 1.2)])}
    middle, tail = metrics["accuracy_error_median"], metrics["accuracy_error_p95"]
    assert np.isclose(middle.value, 0.6)
    assert not middle.reached
    assert middle.peer is not None
    assert np.isclose(middle.peer, 1.2)
    assert tail.reached
    assert np.isclose(metrics["accuracy_error_a_median"].value, 0.2)
