"""The steps of a test that only variants in several ways, or in less than fp32, need."""

from __future__ import annotations

from kenning_lego.core.mixing_records import CompiledAccuracyRecord, MixingRecord
from kenning_lego.core.records import SegmentRecord
from kenning_lego.scenarios.offline.run import FOUND, Given, Made, Step
from kenning_lego.scenarios.tester.compiled_quality import (
    Scoring,
    measure_compiled,
    needs_measuring,
)
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from kenning_lego.scenarios.tester.mixing import mix_variants
from kenning_lego.scenarios.tester.ways import Ways
from kenning_lego.store.workspace import Workspace

_NAMED = 3
"""Reasons that are told in the terminal; the record has all."""


def mix(
    config: InferenceTestConfig,
    ways: Ways,
    given: Given,
    made: Made,
    segments: list[SegmentRecord],
    workspace: Workspace,
    step: Step,
) -> tuple[list[SegmentRecord], MixingRecord | None]:
    """Compile in all further ways, and see what artifacts cost in accuracy.

    Args:
        config: of the test.
        ways: further ones.
        given: the network and the data.
        made: its variants.
        segments: compiled in the main way.
        workspace: keeps the artifacts and the costs.
        step: shows a step.

    Returns:
        The segments with all variants, and what is kept of the mixing; None where all variants
        are of one way.
    """
    left_out: dict[str, str] = {}
    if ways.every:
        with step("compile in further ways") as track:
            mixed = mix_variants(
                made.chain,
                made.variants,
                segments,
                ways.every,
                given.dataset,
                workspace,
                track.update,
            )
            segments, left_out = mixed.segments, mixed.left_out
            track.note = f"{mixed.made} made" if mixed.made else FOUND
            if left_out:
                said = [f"{name} ({why})" for name, why in list(left_out.items())[:_NAMED]]
                track.note += f"; {len(left_out)} left out: {', '.join(said)}"
    segments, accuracy = _cost(config, given, made, segments, workspace, step)
    if not ways.every and accuracy is None:
        return segments, None
    names = tuple(way.name for way in ways.every)
    return segments, MixingRecord(
        ways=names, engines=ways.engines, left_out=left_out, accuracy=accuracy
    )


def _cost(
    config: InferenceTestConfig,
    given: Given,
    made: Made,
    segments: list[SegmentRecord],
    workspace: Workspace,
    step: Step,
) -> tuple[list[SegmentRecord], CompiledAccuracyRecord | None]:
    if not any(needs_measuring(each) for segment in segments for each in segment.variants):
        return segments, None
    samples = config.mix.samples
    validation = given.dataset.validation
    taken = validation.take(range(min(samples, len(validation))))
    scoring = Scoring(taken.images, taken.labels, given.metric, config.profile)
    with step("score compiled variants") as track:
        found = measure_compiled(
            made.chain, made.variants, segments, made.profile, scoring, workspace, track.update
        )
        track.note = "" if found.computed else FOUND
        if found.record and found.record.error_median is not None:
            track.note += (
                f"; random configurations off by {found.record.error_median:.4f}"
                f" (p95 {found.record.error_p95:.4f})"
            )
        track.note = track.note.removeprefix("; ")
    return found.segments, found.record
