"""Random configurations, and what their runs say about sums."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kenning_lego.core.records import BudgetRecord, ConfigurationRecord, SegmentRecord
from kenning_lego.scenarios.tester.adding_up import (
    add_up,
    composed_configurations,
    random_configurations,
    with_sums,
)
from tests.reports.records import resnet_record

SEGMENTS = resnet_record().segments


def latencies(segments: tuple[SegmentRecord, ...]) -> dict[str, float]:
    """Half the FLOPs at ratio 0.5 take half the time."""
    return {
        variant.name: 0.1 + (1 - variant.ratio) * (1 + place / 10)
        for place, segment in enumerate(segments)
        for variant in segment.variants
    }


def test_configurations_differ_and_cover_every_segment() -> None:
    found = random_configurations(SEGMENTS, 40, seed=3)
    assert list(found) == [f"composed-{number}" for number in range(1, 41)]
    assert len({tuple(names.values()) for names in found.values()}) == 40
    for names in found.values():
        assert list(names) == [segment.name for segment in SEGMENTS]
    assert found == random_configurations(SEGMENTS, 40, seed=3)
    assert found != random_configurations(SEGMENTS, 40, seed=4)


def test_no_more_configurations_than_there_are() -> None:
    assert len(random_configurations(SEGMENTS[:2], 40, seed=0)) == 5
    assert random_configurations(SEGMENTS, 0, seed=0) == {}


def test_both_ends_are_run_whole_beside_random_configurations() -> None:
    found = composed_configurations(SEGMENTS, 6, seed=3)
    assert len(found) == 6
    originals = {each.name: each.variants[0].name for each in SEGMENTS}
    assert found["composed-original"] == originals
    smallest = found["composed-smallest"]
    for segment in SEGMENTS:
        least = min(variant.flops for variant in segment.variants)
        (chosen,) = (v for v in segment.variants if v.name == smallest[segment.name])
        assert chosen.flops == least
    assert composed_configurations(SEGMENTS, 0, seed=3) == {}


def test_without_composed_runs_latencies_stay() -> None:
    medians = latencies(SEGMENTS)
    assert add_up(SEGMENTS, {}, medians) == (None, medians)


def test_cost_of_borders_goes_into_the_latencies_that_are_chosen_by() -> None:
    composed = random_configurations(SEGMENTS, 6, seed=0)
    medians = latencies(SEGMENTS)
    border = 0.05
    wholes = {
        name: sum(medians[variant] for variant in names.values()) + border * len(SEGMENTS)
        for name, names in composed.items()
    }
    record, corrected = add_up(SEGMENTS, composed, medians | wholes)
    assert record is not None
    assert record.fitted_errors is not None
    assert record.boundary_ms == pytest.approx(border)
    assert record.sum_errors.bias < -0.02
    assert record.fitted_errors.median == pytest.approx(0, abs=1e-6)
    for run in record.runs:
        assert run.predicted_ms == pytest.approx(wholes[run.measurement])
        assert sum(corrected[name] for name in run.variants) == pytest.approx(run.predicted_ms)
        assert run.sum_ms == pytest.approx(run.predicted_ms - border * len(SEGMENTS))


def test_configurations_get_the_plain_sums_of_all_their_segments() -> None:
    medians = latencies(SEGMENTS)
    originals = {each.name: each.variants[0].name for each in SEGMENTS if each.scalable}
    feasible = ConfigurationRecord(
        name="original", budget=BudgetRecord(), feasible=True, variants=originals
    )
    impossible = ConfigurationRecord(name="none", budget=BudgetRecord(), feasible=False)
    first, second = with_sums([feasible, impossible], SEGMENTS, medians)
    expected = sum(medians[segment.variants[0].name] for segment in SEGMENTS)
    assert first.sum_ms == pytest.approx(expected)
    assert second.sum_ms is None


def test_runs_on_several_engines_are_told_apart() -> None:
    """Each change of engine costs 0.5, which no variant's latency holds."""
    segments = [
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update={"engine": number % 2})
                    for number, each in enumerate(segment.variants)
                )
            }
        )
        for segment in SEGMENTS
    ]
    engines = {each.name: each.engine for segment in segments for each in segment.variants}
    medians = latencies(tuple(segments))
    composed = random_configurations(segments, 12, seed=0)
    wholes = {}
    for name, variants in composed.items():
        ran = [engines[each] for each in variants.values()]
        changes = sum(first != second for first, second in pairwise(ran))
        wholes[name] = sum(medians[each] for each in variants.values()) + 0.5 * changes
    record, _ = add_up(segments, composed, medians | wholes)
    assert record is not None
    assert record.engines_errors is not None
    alone, _ = add_up(SEGMENTS, composed, medians | wholes)
    assert alone is not None
    assert alone.engines_errors is None
