"""What a deployment may be, and which bounds hold when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.bounds import NO_BOUNDS, Bounds, Schedule, ScheduledBounds
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.frame_sources import CameraFrames, ImagePreparation, StoredFrames
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from tests.protocols.deployed import bounds, deployments, offers

patient = settings(max_examples=50)


def variant(name: str, digit: str, energy_mj: float | None = None) -> OfferedVariant:
    return OfferedVariant(name, digit * 64, 0.0, 1.0, 100, energy_mj)


OFFER = Offer(
    (
        OfferedSegment("stem", (variant("only", "a"),)),
        OfferedSegment("block", (variant("full", "b"), variant("half", "c"))),
    )
)
DEPLOYMENT = Deployment("door", OFFER)


@patient
@given(deployments)
def test_what_fits_together_has_no_problem(deployment: Deployment) -> None:
    assert deployment.problem() is None


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "../door"}, "the name '../door' is not 1 to 64 letters"),
        ({"name": ""}, "the name '' is not"),
        ({"offer": Offer(())}, "0 segments"),
        ({"offer": Offer(OFFER.segments[:1] * 2)}, "two segments have one name"),
        ({"offer": Offer((OfferedSegment("s", ()),))}, "segment 's' has no variant"),
        (
            {"offer": Offer((OfferedSegment("s", (variant("v", "a"), variant("v", "b"))),))},
            "two variants of segment 's' have one name",
        ),
        (
            {"offer": Offer((OfferedSegment("s", (variant("v", "a"), variant("w", "b", 1.0))),))},
            "the energy is known for some variants and not for others",
        ),
        (
            {"offer": Offer((OfferedSegment("s", (replace(variant("v", "a"), latency_ms=-1),)),))},
            "variant 'v': latency_ms of -1",
        ),
        ({"variants": {"block": "quarter"}}, "no such variant (block: quarter)"),
        ({"variants": {"head": "full"}}, "there is no segment 'head'"),
        ({"bounds": Bounds(memory_bytes=-1)}, "memory_bytes of -1"),
        ({"bounds": Bounds(latency_ms=float("nan"))}, "latency_ms of nan"),
        ({"bounds": Bounds(energy_mj=1.0)}, "the energy is bounded, and not known"),
        ({"schedule": Schedule(())}, "a schedule of 0 steps"),
        ({"rate_fps": 0.0}, "a rate of 0.0 frames a second"),
        ({"weight": 0.0}, "a weight of 0.0"),
        ({"keep_frames": 10**9}, "frames are more than a target keeps"),
        ({"keep_outputs_bytes": 1 << 40}, "bytes of outputs"),
        (
            {"source": CameraFrames(0, ImagePreparation(mean=(0.1, 0.2)))},
            "2 values of mean for 3 channels",
        ),
        (
            {"source": CameraFrames(0, ImagePreparation(deviation=(0.0,)))},
            "a deviation of 0",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(changes: dict[str, object], problem: str) -> None:
    told = replace(DEPLOYMENT, **changes).problem()  # type: ignore[arg-type]
    assert told is not None
    assert problem in told


def test_configuration_has_artifacts_in_order_and_artifacts_tell_the_configuration() -> None:
    stages = OFFER.stages({"block": "half"})
    assert stages == ("a" * 64, "c" * 64)
    assert OFFER.choice(stages) == {"stem": "only", "block": "half"}
    assert OFFER.choice(stages[::-1]) is None
    assert OFFER.choice(stages[:1]) is None
    with pytest.raises(KeyError):
        OFFER.stages({})


@patient
@given(offers(), st.data())
def test_every_mix_of_variants_is_a_configuration(offer: Offer, data: st.DataObject) -> None:
    choice = {
        segment.name: data.draw(st.sampled_from(segment.variants)).name
        for segment in offer.segments
    }
    stages = offer.stages(choice)
    assert set(stages) <= offer.all_stages()
    found = offer.choice(stages)
    assert found is not None
    assert offer.stages(found) == stages


def test_stored_frames_are_among_the_artifacts() -> None:
    stored = replace(DEPLOYMENT, source=StoredFrames("d" * 64))
    assert stored.artifacts() == {"a" * 64, "b" * 64, "c" * 64, "d" * 64}


@patient
@given(bounds, bounds)
def test_bounds_within_bounds_are_the_tighter_ones(one: Bounds, other: Bounds) -> None:
    both = one.within(other)
    assert both == other.within(one)
    assert both.within(one) == both
    assert one.within(NO_BOUNDS) == one
    for name in ("latency_ms", "memory_bytes", "energy_mj"):
        values = [getattr(each, name) for each in (one, other) if getattr(each, name) is not None]
        assert getattr(both, name) == min(values, default=None)


TIGHT, LOOSE = Bounds(latency_ms=1.0), Bounds(latency_ms=5.0)


@pytest.mark.parametrize(
    ("repeat_s", "at_s", "expected"),
    [
        (None, 0.0, NO_BOUNDS),
        (None, 1.9, NO_BOUNDS),
        (None, 2.0, TIGHT),
        (None, 4.0, LOOSE),
        (None, 1e6, LOOSE),
        (10.0, 9.9, LOOSE),
        (10.0, 11.0, NO_BOUNDS),
        (10.0, 1002.5, TIGHT),
    ],
)
def test_schedule_holds_from_step_to_step(
    repeat_s: float | None, at_s: float, expected: Bounds
) -> None:
    schedule = Schedule((ScheduledBounds(2.0, TIGHT), ScheduledBounds(4.0, LOOSE)), repeat_s)
    assert schedule.problem() is None
    assert schedule.at(at_s) == expected


@pytest.mark.parametrize(
    ("times", "repeat_s", "problem"),
    [
        ((2.0, 2.0), None, "do not go forward"),
        ((2.0, 1.0), None, "do not go forward"),
        ((-1.0,), None, "do not go forward"),
        ((1.0, 3.0), 3.0, "repeats after 3.0 s, its last step is at 3 s"),
    ],
)
def test_schedule_that_does_not_go_forward_is_refused(
    times: tuple[float, ...], repeat_s: float | None, problem: str
) -> None:
    schedule = Schedule(tuple(ScheduledBounds(time, TIGHT) for time in times), repeat_s)
    assert problem in (schedule.problem() or "")
