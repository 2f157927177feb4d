"""What mixing buys: a part of the variants never does better than all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.records import (
    ArtifactRecord,
    BudgetRecord,
    ConfigurationRecord,
    ScoreRecord,
    SegmentRecord,
    VariantRecord,
)
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.scenarios.tester.choice import pose_problem
from kenning_lego.scenarios.tester.gains import find_gains, peers_of, with_runs
from kenning_lego.stats.quality_law import QualityLaw

PREDICT = Predictor(0.9, QualityLaw(), True, 0.0, 1.0)
WAYS = ("", "int8")
RATIOS = (0.0, 0.5)
Figures = tuple[float, float]


def variant(block: str, ratio: float, way: str, figures: Figures) -> VariantRecord:
    kind = "pruned" if ratio else "original"
    name = f"{block}@{kind}-{ratio}" + (f"+{way}" if way else "")
    digest = name.encode().hex().ljust(64, "0")[:64]
    return VariantRecord(
        name=name,
        kind=kind,
        ratio=ratio,
        ratio_reached=ratio,
        flops=1,
        parameters=1,
        accuracy_cost=figures[0],
        latency_ms=figures[1],
        artifact=ArtifactRecord(
            digest=digest,
            format="onnx",
            size_bytes=10,
            compiler="onnx",
            compiler_version="1",
            gap_max_abs=0.0,
        ),
        way=way,
    )


def network(figures: list[list[Figures]]) -> list[SegmentRecord]:
    pairs = [(ratio, way) for way in WAYS for ratio in RATIOS]
    return [
        SegmentRecord(
            name=f"b{number}",
            scalable=True,
            inputs=(),
            outputs=(),
            variants=tuple(
                variant(f"b{number}", ratio, way, each)
                for (ratio, way), each in zip(pairs, some, strict=True)
            ),
        )
        for number, some in enumerate(figures)
    ]


figure = st.tuples(st.floats(min_value=-0.05, max_value=0.2), st.floats(min_value=0.1, max_value=5))
networks = st.lists(st.lists(figure, min_size=4, max_size=4), min_size=1, max_size=4)


@given(networks, st.floats(min_value=0.2, max_value=20))
def test_mixed_is_never_worse_than_a_part(figures: list[list[Figures]], bound: float) -> None:
    segments = network(figures)
    latencies = {v.name: v.latency_ms or 0.0 for each in segments for v in each.variants}
    asked = ConfigurationRecord(
        name="budget-1", budget=BudgetRecord(latency_ms=bound), feasible=True
    )
    problem = pose_problem(segments, latencies)
    (gain,) = find_gains(problem, segments, [asked], PREDICT)
    ratios, precisions, mixed = gain.choices
    for part in (ratios, precisions):
        if part.feasible:
            assert mixed.feasible
            assert (mixed.accuracy_cost or 0.0) <= (part.accuracy_cost or 0.0)
    assert all(not name.endswith("+int8") for name in ratios.variants.values())
    assert all("@original" in name for name in precisions.variants.values())


def test_what_is_not_measured_yet_becomes_a_configuration_of_its_own() -> None:
    segments = network([[(0.0, 4.0), (0.05, 2.0), (0.01, 2.5), (0.06, 1.0)]])
    latencies = {v.name: v.latency_ms or 0.0 for each in segments for v in each.variants}
    chosen = ConfigurationRecord(
        name="budget-1",
        budget=BudgetRecord(latency_ms=2.6),
        feasible=True,
        variants={"b0": "b0@original-0.0+int8"},
    )
    problem = pose_problem(segments, latencies)
    gains = find_gains(problem, segments, [chosen], PREDICT)
    (peer,) = peers_of(gains, [chosen])  # precisions alone choose what all together do
    assert (peer.name, dict(peer.variants)) == ("budget-1-ratios", {"b0": "b0@pruned-0.5"})
    measured = [
        each.model_copy(update={"measured": ScoreRecord(score=0.8)}) for each in (chosen, peer)
    ]
    (gain,) = with_runs(gains, measured)
    assert [each.configuration for each in gain.choices] == [
        "budget-1-ratios",
        "budget-1",
        "budget-1",
    ]


def test_a_configuration_without_a_bound_is_not_compared() -> None:
    segments = network([[(0.0, 4.0), (0.05, 2.0), (0.01, 2.5), (0.06, 1.0)]])
    latencies = {v.name: v.latency_ms or 0.0 for each in segments for v in each.variants}
    original = ConfigurationRecord(name="original", budget=BudgetRecord(), feasible=True)
    assert find_gains(pose_problem(segments, latencies), segments, [original], PREDICT) == ()
