from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.scenarios.optimiser.judging import (
    Figures,
    Goal,
    Limits,
    best,
    hopeless,
    undominated,
)

FIGURES = st.builds(
    Figures, st.integers(0, 6).map(lambda n: n / 6), st.integers(1, 8).map(float), st.integers(1, 5)
)
SEVERAL = st.lists(FIGURES, max_size=9).map(lambda each: {str(i): f for i, f in enumerate(each)})
UNIT = (0.0, 1.0)


def dominates(one: Figures, other: Figures, *, higher: bool) -> bool:
    score = one.score - other.score if higher else other.score - one.score
    gains = (score, other.latency_ms - one.latency_ms, other.size_bytes - one.size_bytes)
    return min(gains) >= 0 and max(gains) > 0


@given(SEVERAL, st.booleans())
def test_the_front_is_what_nothing_dominates(figures: dict[str, Figures], higher: bool) -> None:
    expected = {
        name
        for name, own in figures.items()
        if not any(dominates(each, own, higher=higher) for each in figures.values())
    }
    assert undominated(figures, higher=higher) == expected


@given(SEVERAL, st.booleans(), st.sampled_from(["score", "latency", "size"]))
def test_the_best_is_undominated_and_first_in_its_goal(
    figures: dict[str, Figures], higher: bool, goal: Goal
) -> None:
    found = best(figures, goal, higher=higher)
    assert (found is None) == (not figures)
    if found is None:
        return
    assert found in undominated(figures, higher=higher)
    own = figures[found]
    sign = -1 if higher else 1
    first = {
        "score": min(sign * each.score for each in figures.values()) == sign * own.score,
        "latency": min(each.latency_ms for each in figures.values()) == own.latency_ms,
        "size": min(each.size_bytes for each in figures.values()) == own.size_bytes,
    }
    assert first[goal]


@given(SEVERAL, st.integers(1, 2000), st.booleans(), st.sampled_from([1.5, 2.0, 4.0]))
def test_the_hopeless_are_dominated_by_another_that_is_not_hopeless_for_nothing(
    figures: dict[str, Figures], samples: int, higher: bool, times: float
) -> None:
    found = hopeless(figures, samples, UNIT, times, higher=higher)
    for name, other in found.items():
        assert dominates(figures[other], figures[name], higher=higher)
        assert figures[other].latency_ms * times <= figures[name].latency_ms
    assert not set(found) & undominated(figures, higher=higher)
    assert set(found) < set(figures) or not figures


def test_few_samples_or_a_score_without_limits_drop_nothing() -> None:
    figures = {"good": Figures(1.0, 1.0, 1), "bad": Figures(0.2, 9.0, 9)}
    assert hopeless(figures, 200, UNIT, 2.0, higher=True) == {"bad": "good"}
    assert hopeless(figures, 5, UNIT, 2.0, higher=True) == {}
    assert hopeless(figures, 0, UNIT, 2.0, higher=True) == {}
    assert hopeless(figures, 200, (0.0, float("inf")), 2.0, higher=True) == {}
    assert hopeless(figures, 200, UNIT, 10.0, higher=True) == {}
    assert hopeless(figures, 200, UNIT, 2.0, higher=False) == {}


def test_limits_are_kept_at_their_bounds() -> None:
    own = Figures(0.5, 2.0, 10)
    assert Limits(0.5, 2.0, 10).kept_by(own, higher=True)
    assert Limits(0.5, 2.0, 10).kept_by(own, higher=False)
    assert Limits().kept_by(own, higher=True)
    assert not Limits(score=0.6).kept_by(own, higher=True)
    assert not Limits(score=0.4).kept_by(own, higher=False)
    assert not Limits(latency_ms=1.9).kept_by(own, higher=True)
    assert not Limits(size_bytes=9).kept_by(own, higher=True)
