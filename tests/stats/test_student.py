"""Student's t against scipy."""

from __future__ import annotations

import pytest
import scipy.stats

from kenning_lego.stats.student import student_quantile, student_tail


@pytest.mark.parametrize("degrees", [1, 1.5, 4, 29, 300, 1e4])
def test_tail_and_quantile_agree_with_scipy(degrees: float) -> None:
    for value in (0.0, 1e-9, 0.1, 1, 2.5, 8, 40):
        expected = scipy.stats.t.sf(value, degrees)
        assert student_tail(value, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-300)
        assert student_tail(-value, degrees) == pytest.approx(1 - expected, rel=1e-8)
    for probability in (0.5, 0.9, 0.975, 0.9999):
        expected = scipy.stats.t.ppf(probability, degrees)
        assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-9)
