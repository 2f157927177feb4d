from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.schedule import Schedule

CONFIG = DistillationConfig(epochs=4, batch_size=16, learning_rate=0.1, warmup=0.25)


@given(samples=st.integers(2, 300), batch_size=st.integers(2, 64), epoch=st.integers(0, 3))
def test_an_epoch_visits_every_sample_once_in_batches_of_two_or_more(
    samples: int, batch_size: int, epoch: int
) -> None:
    schedule = Schedule(samples, 1, CONFIG.model_copy(update={"batch_size": batch_size}))
    batches = list(schedule.order(epoch))
    assert len(batches) == schedule.batches
    assert sorted(np.concatenate(batches)) == list(range(samples))
    assert all(2 <= len(each) <= max(3, batch_size) for each in batches)


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    def first(seed: int, epoch: int) -> list[int]:
        config = CONFIG.model_copy(update={"seed": seed})
        return list(next(Schedule(100, 1, config).order(epoch)))

    assert first(0, 1) == first(0, 1)
    assert first(0, 1) != first(0, 2)
    assert first(0, 1) != first(1, 1)


def test_the_rate_rises_to_its_highest_and_falls_to_nearly_nothing() -> None:
    schedule = Schedule(160, 1, CONFIG)
    rates = [schedule.rate(step) for step in range(40)]
    assert rates[0] == pytest.approx(0.01)
    assert rates[9] == rates[10] == max(rates) == pytest.approx(0.1)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_without_warmup_it_begins_with_the_highest_rate() -> None:
    schedule = Schedule(160, 1, CONFIG.model_copy(update={"warmup": 0.0}))
    assert schedule.rate(0) == pytest.approx(0.1)


def test_work_grows_with_samples_and_with_validations() -> None:
    schedule = Schedule(100, 20, CONFIG)
    assert schedule.work(0) == 40
    assert schedule.work(0, samples=100) == 540
    assert schedule.work(1) == 580
    assert schedule.work(4) == 4 * 500 + 5 * 40
