"""What a target is asked to time."""

from __future__ import annotations

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import configurations_plan, stages_of, variants_plan
from tests.reports.records import resnet_record

SEGMENTS = resnet_record().segments
CONFIG = MeasurementConfig(min_rounds=7, max_rounds=9, seed=3)


def test_variants_stand_at_their_segments_places_and_whole_networks_behind() -> None:
    smallest = {each.name: each.variants[-1].name for each in SEGMENTS if each.scalable}
    plan = variants_plan(
        SEGMENTS, CONFIG, runtime="engine", threads=2, composed={"composed-1": smallest}
    )
    by_name = {item.name: item for item in plan.items}
    for place, segment in enumerate(SEGMENTS):
        for variant in segment.variants:
            item = by_name[variant.name]
            assert (item.position, item.stages) == (place, (variant.artifact.digest,))
    composed = by_name["composed-1"]
    assert composed.position == len(SEGMENTS)
    assert composed.stages == stages_of(SEGMENTS, smallest)
    assert len(plan.items) == sum(len(segment.variants) for segment in SEGMENTS) + 1
    assert (plan.runtime, plan.threads, plan.min_rounds, plan.seed) == ("engine", 2, 7, 3)


def test_chains_and_one_piece_are_alternatives_of_one_place() -> None:
    plan = configurations_plan(
        SEGMENTS, {"original": {}}, CONFIG, runtime="engine", threads=1, whole={"whole": "d" * 64}
    )
    chain, whole = plan.items
    assert chain.position == whole.position
    assert chain.stages == tuple(each.variants[0].artifact.digest for each in SEGMENTS)
    assert whole.stages == ("d" * 64,)
