"""A plan's verdicts and intervals in its records."""

from __future__ import annotations

import numpy as np

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.stats.recorded import judge_records, rounds_of
from kenning_lego.stats.verdict import Telemetry


def measured(name: str, size: float, rounds: int = 100, each: int = 1) -> MeasurementRecord:
    rng = np.random.default_rng(len(name))
    samples = (1e6 * rng.lognormal(0, size, rounds * each)).astype(int).tolist()
    return MeasurementRecord(
        name=name,
        clock="target",
        samples_ns=tuple(samples),
        stopped="precise",
        per_round=() if each == 1 else (each,) * rounds,
    )


def test_every_measurement_gets_its_interval_percentiles_and_verdict() -> None:
    plan, judged = judge_records(
        [measured("quiet", 0.01, each=3), measured("wild", 0.5)],
        name="variants",
        stopped="max_rounds",
        asked=0.01,
        elapsed_s=3.5,
    )
    quiet, wild = judged
    assert quiet.verdict is not None
    assert quiet.verdict.name == "stable"
    assert quiet.interval_ns is not None
    assert quiet.interval_ns[0] <= 1.002e6
    assert quiet.interval_ns[1] >= 0.998e6
    assert wild.verdict is not None
    assert wild.verdict.name == "noisy"
    assert [each.quantile for each in quiet.percentiles] == [0.5, 0.9, 0.95, 0.99]
    assert quiet.percentiles[0].low_ns is not None
    assert quiet.percentiles[3].missing > 0
    assert (plan.stopped, plan.rounds, plan.asked_half_width) == ("max_rounds", 100, 0.01)
    assert plan.half_width == wild.half_width
    assert plan.verdict is not None
    assert plan.verdict.name == "noisy"
    assert type(plan).model_validate_json(plan.model_dump_json()) == plan
    assert type(wild).model_validate_json(wild.model_dump_json()) == wild


def test_reference_speaks_for_all_and_is_not_judged_itself() -> None:
    reference = measured("reference", 0.01)
    slower = np.array(reference.samples_ns) * np.linspace(1, 1.08, 100)
    drifting = reference.model_copy(update={"samples_ns": tuple(slower.astype(int).tolist())})
    plan, judged = judge_records(
        [drifting, measured("block", 0.01)],
        name="variants",
        stopped="precise",
        asked=0.01,
        reference="reference",
        telemetry=Telemetry(frequency_before=2e6, frequency_after=1.8e6),
    )
    assert plan.verdict is not None
    assert plan.verdict.name == "throttled"
    assert judged[0].verdict is None
    assert judged[1].verdict is not None
    assert judged[1].verdict.name == "throttled"


def test_plan_that_measured_little_or_nothing_is_recorded_as_such() -> None:
    nothing = measured("nothing", 0.1, rounds=0)
    plan, judged = judge_records(
        [nothing, measured("little", 0.1, rounds=3)], name="p", stopped="cancelled", asked=0.01
    )
    assert judged[0] == nothing
    assert judged[1].interval_ns is None
    assert judged[1].verdict is not None
    assert judged[1].verdict.name == "too_few_samples"
    assert plan.half_width is None


def test_samples_are_put_into_their_rounds() -> None:
    rounds = rounds_of(measured("a", 0.1, rounds=5, each=2))
    assert (rounds.rounds, len(rounds.values)) == (5, 10)
