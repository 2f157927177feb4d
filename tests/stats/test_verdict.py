"""Verdicts: each cause is told from the others, and quiet runs are left alone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.measurement_claims import verdict_recall
from kenning_lego.stats.rounds import Floats, Rounds
from kenning_lego.stats.verdict import Telemetry, Verdict, judge, judge_plan


def noise(rounds: int = 200, size: float = 0.01, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).lognormal(0, size, rounds)


def verdict(levels: Floats, **more: object) -> Verdict:
    return judge(Rounds.of(levels), asked=0.01, **more)  # type: ignore[arg-type]


def test_quiet_run_is_stable_and_shows_its_figures() -> None:
    found = verdict(noise(), reference=Rounds.of(noise(seed=1)))
    assert (found.name, found.reasons, found.remedy) == ("stable", (), "")
    assert str(found) == "stable"
    assert found.figures["half_width"] < 0.01
    assert found.figures["rounds"] == 200
    assert abs(found.figures["reference_trend"]) < 0.01


def test_drift_is_told_with_its_size_and_remedy() -> None:
    found = verdict(noise() * np.linspace(1, 1.06, 200))
    assert found.name == "drifting"
    assert "slower from the first to the last round" in found.reasons[0]
    assert "governor" in found.remedy


def test_step_that_stays_is_told_from_a_trend() -> None:
    found = verdict(noise() * np.where(np.arange(200) < 120, 1, 1.08))
    assert found.name == "drifting"
    assert re.match(r"it became [78]\.\d% slower after \d\d% of the rounds", found.reasons[0])
    assert found.figures["step_at"] == pytest.approx(0.6, abs=0.03)


def test_slow_beginning_asks_for_more_warm_up() -> None:
    found = verdict(noise() * np.where(np.arange(200) < 30, 1.2, 1))
    assert found.name == "drifting"
    assert found.remedy == "allow more warm-up rounds"


def test_bursts_are_noise_and_other_work_is_blamed() -> None:
    slowdown = np.ones(200)
    slowdown[50:60] = slowdown[140:152] = 1.4
    found = verdict(noise() * slowdown)
    assert found.name == "noisy"
    assert found.reasons[0].startswith("bursts: it: 11% of the rounds were 4")
    assert "other work" in found.remedy


def test_interval_that_is_too_wide_is_noise_and_says_how_much_is_missing() -> None:
    found = verdict(noise(100, size=0.2))
    assert found.name == "noisy"
    assert "asked were 1.0%" in found.reasons[0]
    assert "times as many" in found.remedy


def test_interval_that_is_far_too_wide_asks_for_quiet_and_more_rounds_without_a_figure() -> None:
    found = verdict(noise(100, size=5.0))
    assert found.name == "noisy"
    assert found.remedy.startswith("close other work")
    assert found.remedy.endswith("allow more rounds or seconds")


@pytest.mark.parametrize("rounds", [0, 1, 5, 15])
def test_too_few_rounds_are_not_judged(rounds: int) -> None:
    found = verdict(noise(rounds))
    assert found.name == "too_few_samples"
    assert found.reasons == (f"needs {16 - rounds} more rounds to be judged",)
    assert str(found).startswith("too few samples: needs")


def test_throttling_outweighs_everything() -> None:
    found = verdict(noise(10), telemetry=Telemetry(throttled=3))
    assert found.name == "throttled"
    assert found.reasons[0] == "the board throttled 3 times"
    assert found.figures["throttled"] == 3
    assert len(found.reasons) == 2


def test_lower_clock_counts_only_with_a_slow_down() -> None:
    fell = Telemetry(frequency_before=2.4e6, frequency_after=1.5e6)
    idle = verdict(noise(), telemetry=fell)
    assert idle.name == "stable"
    assert idle.figures["frequency_change"] == pytest.approx(-0.375)
    slowed = np.where(np.arange(200) < 120, 1, 1.6)
    assert verdict(noise() * slowed, telemetry=fell).name == "throttled"
    rose = Telemetry(frequency_before=1.5e6, frequency_after=2.4e6)
    assert verdict(noise() * slowed, telemetry=rose).name == "drifting"
    assert verdict(noise(), telemetry=Telemetry(throttled=0)).name == "stable"


def test_reference_that_drifted_speaks_for_the_machine() -> None:
    reference = Rounds.of(noise(seed=1) * np.linspace(1, 1.05, 200))
    found = verdict(noise(), reference=reference)
    assert found.name == "drifting"
    assert found.reasons[0].startswith("the reference became")


def test_change_below_what_was_asked_does_not_matter() -> None:
    # Beyond chance, but half of what was asked.
    assert verdict(noise(size=0.0005) * np.linspace(1, 1.005, 200)).name == "stable"


def test_plan_tells_its_noisy_items_from_the_machine() -> None:
    items = {str(seed): Rounds.of(noise(seed=seed)) for seed in range(9)}
    items["wild"] = Rounds.of(noise(size=0.3, seed=9))
    found = judge_plan(items, asked=0.01)
    assert found.items["wild"].name == "noisy"
    assert found.items["0"].name == "stable"
    assert found.plan.name == "noisy"
    assert found.plan.reasons == ("1 of 10 items: noisy, such as wild",)
    assert found.plan.figures["items_stable"] == 9


def test_slow_round_of_a_whole_plan_is_told_though_it_is_short() -> None:
    slowdown = np.ones(60)
    slowdown[[12, 40]] = 1.3
    items = {str(seed): Rounds.of(noise(60, 0.01, seed) * slowdown) for seed in range(20)}
    found = judge_plan(items, asked=0.01)
    assert found.plan.name == "noisy"
    assert found.plan.reasons[0].startswith("bursts: all together: 3% of the rounds")


def test_verdict_does_not_depend_on_the_unit() -> None:
    levels = noise() * np.linspace(1, 1.03, 200)
    one, other = verdict(levels), verdict(levels * 5e6)
    assert one.reasons == other.reasons
    assert one.figures == pytest.approx(other.figures)


def test_disturbed_runs_are_flagged_and_quiet_ones_are_not() -> None:
    for metric in verdict_recall(60, seed=21):
        # Fewer runs than the benchmark has: two standard errors of room.
        if metric.at_least is not None:
            assert metric.value >= metric.at_least - 0.06, metric
        else:
            assert metric.value <= 0.1, metric
