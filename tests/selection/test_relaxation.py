"""Demands that cannot be met: what is in the way, and the nearest that can."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.ilp import solve
from kenning_lego.selection.problem import Block, Budget, Choice, Option, Problem
from kenning_lego.selection.programs import sums
from kenning_lego.selection.programs.demands import Demand, JointDemand, Network, at_most
from kenning_lego.selection.programs.posing import pose
from kenning_lego.selection.programs.program import Program, Row, total
from kenning_lego.selection.relaxation import Infeasible, relax
from kenning_lego.selection.select import (
    JointlySelected,
    Selected,
    select,
    select_jointly,
)
from tests.selection.demands import best_for, demands, goal_of, joint_demands, keeps
from tests.selection.instances import all_choices, best_by_force, figures, problems_with_budgets

# Fast and large, slow and small, and one between: 1 ms 100 B, 10 ms 10 B, 4 ms 40 B.
TRADE = Problem(
    (
        Block(
            "a",
            (
                Option("fast", 0.0, 1.0, 100, 5.0),
                Option("small", 0.0, 10.0, 10, 5.0),
                Option("between", 0.2, 4.0, 40, 5.0),
            ),
        ),
    )
)

Picks = list[tuple[int, ...]]


def infeasible(problem: Problem, demand: Budget | Demand) -> Infeasible[Demand, Choice]:
    answer = select(problem, demand)
    assert isinstance(answer, Infeasible)
    return answer


def _picks(program: Program[JointDemand]) -> Picks:
    return list(itertools.product(*map(range, program.sizes)))


def _rows(program: Program[JointDemand], names: Collection[str]) -> list[Row]:
    return [row for each in program.restrictions if each.name in names for row in each.rows]


def _within(picks: Picks, rows: Iterable[Row]) -> Picks:
    return [pick for pick in picks if all(row.keeps(pick) for row in rows)]


def _overrun(pick: tuple[int, ...], rows: Iterable[Row]) -> Fraction:
    return max(Fraction(max(0, total(row.table, pick) - row.most), row.unit) for row in rows)


def check_explanation(joint: JointDemand, found: Infeasible[JointDemand, Any]) -> None:
    """Hold an explanation against all that can be picked."""
    program = pose(joint)
    picks, names = _picks(program), [each.name for each in program.restrictions]
    assert len(set(found.blocking)) == len(found.blocking)
    for conflict in found.conflicts:
        assert not _within(picks, _rows(program, conflict))
        for name in conflict:
            assert _within(picks, _rows(program, set(conflict) - {name}))
    assert _within(picks, _rows(program, set(names) - set(found.blocking)))

    alone = {each.changed[0]: each for each in found.nearest if len(each.changed) == 1}
    for name in names:
        others = _within(picks, _rows(program, set(names) - {name}))
        assert (name in alone) == bool(others)
        if others:
            rows = _rows(program, {name})
            relaxed = _rows(pose(alone[name].demand), names)
            reached = _within(picks, relaxed)
            assert min(_overrun(pick, rows) for pick in reached) == min(
                _overrun(pick, rows) for pick in others
            )
    rows = _rows(program, names)
    reached = _within(picks, _rows(pose(found.nearest[0].demand), names))
    assert min(_overrun(pick, rows) for pick in reached) == min(
        _overrun(pick, rows) for pick in picks
    )


@settings(max_examples=120)
@given(demands())
def test_explanations_hold_and_relaxations_are_as_small_as_can_be(
    case: tuple[Problem, Demand],
) -> None:
    problem, demand = case
    if best_for(problem, demand) is not None:
        return
    joint = JointDemand((Network("", problem, demand),))
    check_explanation(joint, relax(joint, pose(joint), lambda _: None))


@settings(max_examples=25)
@given(demands())
def test_a_solver_explains_what_is_too_much_to_look_through(
    case: tuple[Problem, Demand],
) -> None:
    problem, demand = case
    if best_for(problem, demand) is not None:
        return
    joint = JointDemand((Network("", problem, demand),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "MOST_LABELS", 0)
        check_explanation(joint, relax(joint, pose(joint), lambda _: None))


@settings(max_examples=60)
@given(joint_demands())
def test_explanations_for_several_networks_hold(joint: JointDemand) -> None:
    if isinstance(answer := select_jointly(joint), JointlySelected):
        return
    check_explanation(joint, answer)
    for each in answer.nearest:
        again = select_jointly(each.demand)
        assert isinstance(again, JointlySelected)
        assert again.choices == each.answer


@settings(max_examples=60)
@given(demands())
def test_every_relaxation_carries_the_best_choice_within_it(case: tuple[Problem, Demand]) -> None:
    problem, demand = case
    answer = select(problem, demand)
    assert isinstance(answer, Selected) == (best_for(problem, demand) is not None)
    if isinstance(answer, Infeasible):
        for each in answer.nearest:
            assert keeps(problem, each.demand, each.answer)
            goal = goal_of(problem, each.demand, each.answer)
            assert (goal, *figures(each.answer)) == best_for(problem, each.demand)


@settings(max_examples=80)
@given(problems_with_budgets())
def test_a_bound_is_raised_alone_as_little_as_possible(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    answer = select(problem, budget)
    assert isinstance(answer, Infeasible) == (best_by_force(problem, budget) is None)
    if isinstance(answer, Selected):
        return
    choices = all_choices(problem)
    by_changed = {each.changed: each.demand.budget for each in answer.nearest}
    assert len(by_changed) == len(answer.nearest) > 0
    if budget.latency_ms is not None:
        others = Budget(None, budget.memory_bytes, budget.energy_mj)
        latencies = [c.latency_ms for c in choices if others.allows(c)]
        assert (("latency",) in by_changed) == bool(latencies)
        if latencies:
            expected = Budget(min(latencies), budget.memory_bytes, budget.energy_mj)
            assert by_changed["latency",] == expected


def test_what_no_choice_keeps_is_in_the_way() -> None:
    assert infeasible(TRADE, Budget(0.5, 200)).conflicts == (("latency",),)
    assert infeasible(TRADE, Budget(20.0, 5)).conflicts == (("memory",),)
    assert infeasible(TRADE, Budget(0.5, 5)).conflicts == (("latency",), ("memory",))
    assert infeasible(TRADE, Budget(0.5, 5)).blocking == ("latency", "memory")
    assert infeasible(TRADE, Budget(energy_mj=2.0)).blocking == ("energy",)


def test_two_bounds_that_only_clash_are_in_the_way_together() -> None:
    found = infeasible(TRADE, Budget(3.0, 32))
    assert found.conflicts == (("latency", "memory"),)
    assert [(each.changed, each.demand.budget) for each in found.nearest] == [
        (("latency", "memory"), Budget(4.0, 40)),
        (("memory",), Budget(3.0, 100)),
        (("latency",), Budget(10.0, 32)),
    ]
    assert [each.answer.variants["a"] for each in found.nearest] == ["between", "fast", "small"]
    assert str(found) == (
        "no choice keeps 3.0 ms and 32 bytes: latency with memory in the way; "
        "nearest: 4.0 ms and 40 bytes (latency and memory relaxed); "
        "or 3.0 ms and 100 bytes (memory relaxed); or 10.0 ms and 32 bytes (latency relaxed)"
    )


def test_a_zero_budget_is_relaxed_too() -> None:
    found = infeasible(TRADE, Budget(0.0, 0))
    assert [(each.changed, each.demand.budget) for each in found.nearest] == [
        (("latency", "memory"), Budget(4.0, 40))
    ]


def test_a_forced_variant_and_a_constraint_are_named_when_they_are_in_the_way() -> None:
    few = at_most(0, {"a": ("small", "between")}, "nothing small")
    found = infeasible(TRADE, Demand(Budget(memory_bytes=50), constraints=(few,)))
    assert found.conflicts == (("memory", "nothing small"),)
    assert [(each.changed, each.answer.variants["a"]) for each in found.nearest] == [
        (("nothing small",), "small"),
        (("memory",), "fast"),
    ]
    forced = infeasible(TRADE, Demand(Budget(latency_ms=3.0), forced={"a": "small"}))
    assert forced.conflicts == (("latency", "a as small"),)
    freed = next(each for each in forced.nearest if each.changed == ("a as small",))
    assert freed.demand == Demand(Budget(latency_ms=3.0))
    assert freed.answer.variants["a"] == "fast"


def test_what_networks_share_is_named_beside_what_is_their_own() -> None:
    networks = (Network("x", TRADE, Demand(Budget(latency_ms=2.0))), Network("y", TRADE))
    answer = select_jointly(JointDemand(networks, Budget(memory_bytes=105)))
    assert isinstance(answer, Infeasible)
    assert answer.conflicts == (("x: latency", "total memory"),)
    assert {each.changed: [c.variants["a"] for c in each.answer] for each in answer.nearest} == {
        ("x: latency",): ["between", "small"],
        ("total memory",): ["fast", "small"],
    }


def test_what_can_be_met_is_not_relaxed() -> None:
    joint = JointDemand((Network("", TRADE, Demand(Budget(5.0, 50))),))
    with pytest.raises(UsageError, match="can be met"):
        relax(joint, pose(joint), lambda _: None)


def test_a_feasible_budget_is_answered_as_asked() -> None:
    answer = select(TRADE, Budget(5.0, 50))
    assert isinstance(answer, Selected)
    assert answer.demand == Demand(Budget(5.0, 50))
    assert answer.choice.variants == {"a": "between"}
    assert answer.choice == solve(TRADE, Budget(5.0, 50)).choice
    assert answer.seconds > 0
    assert str(answer) == (
        "within 5.0 ms and 50 bytes: 4 ms, 40 bytes, 5 mJ, accuracy cost 0.2 (a: between)"
    )
