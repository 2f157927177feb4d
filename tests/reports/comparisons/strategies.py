"""Any valid run, as far as comparisons look at it."""

from __future__ import annotations

import random
from functools import lru_cache

from hypothesis import strategies as st

from kenning_lego.core.measurement_records import MeasurementRecord, VerdictRecord
from kenning_lego.core.records import RunRecord
from tests.reports.records import composed_record, samples, with_telemetry

VERDICTS = (None, "stable", "noisy", "too_few_samples", "drifting", "throttled")


@lru_cache(maxsize=1)
def base() -> RunRecord:
    """A run that holds all that comparisons look at."""
    return with_telemetry(composed_record(), 60)


NAMES = tuple(each.name for each in base().measurements)
FEW = (*NAMES[:4], "configuration balanced", "whole", "composed-1")


@st.composite
def measurements(draw: st.DrawFn, names: tuple[str, ...] = FEW) -> MeasurementRecord:
    """Of one of a few names, so that two runs often share some."""
    name = draw(st.sampled_from(names))
    count = draw(st.sampled_from((0, 1, 5, 19, 20, 60, 130)))
    median = draw(st.sampled_from((0.6e3, 1e5, 1.02e5, 2e6, 4e9)))
    taken = samples(random.Random(draw(st.integers(0, 3))), median, count)
    if draw(st.integers(0, 15)) == 0:
        taken = tuple(each * 0 for each in taken)
    verdict = draw(st.sampled_from(VERDICTS))
    return MeasurementRecord(
        name=name,
        clock=draw(st.sampled_from(("target", "target", "host", "in-process"))),
        samples_ns=taken,
        stopped="precise",
        loops=draw(st.sampled_from((1, 1, 8))),
        per_round=(1,) * count if draw(st.booleans()) else (),
        verdict=None if verdict is None else VerdictRecord(name=verdict),
    )


@st.composite
def runs(draw: st.DrawFn) -> RunRecord:
    """With any of its parts missing."""
    run = base()
    rest = st.lists(measurements(FEW[1:]), max_size=5, unique_by=lambda each: each.name)
    timed = [draw(measurements(FEW[:1])), *draw(rest)]
    network = run.network.model_copy(
        update={
            "name": draw(st.sampled_from(("resnet18", "<b>&\u0001", "r" * 90))),
            "metric": draw(st.sampled_from(("top1", "top1", "mAP", "loss"))),
            "dataset": draw(st.sampled_from(("cifar10", "digits"))),
            "test_score": draw(st.sampled_from((None, 0.9312, 0.9, 1.7))),
            "samples": draw(st.sampled_from(({}, run.network.samples))),
            "higher_is_better": draw(st.booleans()),
        }
    )
    scenario = {"target": {"threads": draw(st.integers(1, 2))}, "blocks": {"ratios": [0.2]}}
    update: dict[str, object] = {
        "measurements": tuple(timed),
        "network": network,
        "scenario": draw(st.sampled_from(({}, run.scenario, scenario))),
        "command": draw(st.sampled_from(((), run.command))),
        "id": draw(st.text(max_size=12)),
    }
    parts: dict[str, object] = {
        **dict.fromkeys(("telemetry", "whole", "additivity", "accuracy", "front")),
        "configurations": (),
        "segments": (),
        "durations_s": {},
    }
    missing = draw(st.lists(st.sampled_from(sorted(parts)), unique=True))
    update |= {part: parts[part] for part in missing}
    return run.model_copy(update=update)
