"""Demands beyond budgets: the integer programs against brute force."""

from __future__ import annotations

import sys

import pulp
import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.selection.ilp import Solver, solve, solve_jointly
from kenning_lego.selection.problem import Block, Budget, Option, Problem
from kenning_lego.selection.programs import solving
from kenning_lego.selection.programs.contenders import contenders
from kenning_lego.selection.programs.demands import (
    Constraint,
    Demand,
    JointDemand,
    Network,
    Switching,
    alike,
    at_most,
)
from kenning_lego.selection.programs.program import Row, total
from kenning_lego.selection.select import JointlySelected, Selected, select, select_jointly
from tests.selection.demands import (
    best_for,
    demands,
    goal_of,
    joint_choices,
    joint_demands,
    joint_goals,
    keeps,
    together,
)
from tests.selection.instances import figures

SOLVERS = [
    "cbc",
    pytest.param(
        "highs",
        marks=pytest.mark.skipif(
            not pulp.HiGHS(msg=False).available(), reason="highspy is not installed"
        ),
    ),
]

THREE = Problem(
    tuple(
        Block(
            f"b{b}",
            (
                Option("original", 0.0, 2.0, 400, 8.0),
                Option("half", 0.1 + b / 100, 1.0, 200, 5.0),
                Option("fifth", 0.3 + b / 50, 0.5, 80, 3.0),
            ),
        )
        for b in range(3)
    )
)


@pytest.mark.parametrize("solver", SOLVERS)
@settings(max_examples=120)
@given(demands())
def test_choice_is_that_of_brute_force(solver: Solver, case: tuple[Problem, Demand]) -> None:
    problem, demand = case
    choice = solve(problem, demand, solver).choice
    expected = best_for(problem, demand)
    assert (choice is None) == (expected is None)
    if choice is not None:
        assert keeps(problem, demand, choice)
        assert (goal_of(problem, demand, choice), *figures(choice)) == expected


@pytest.mark.parametrize("solver", SOLVERS)
@settings(max_examples=60)
@given(joint_demands())
def test_several_networks_get_what_brute_force_gives(solver: Solver, joint: JointDemand) -> None:
    expected = min(
        (
            (joint_goals(joint, choices), figures(together(choices))[1:])
            for choices in joint_choices(joint)
        ),
        default=None,
    )
    try:
        choices = solve_jointly(joint, solver).choices
    except UsageError:
        assert any(each.demand.budget.energy_mj for each in joint.networks)
        return
    assert (choices is None) == (expected is None)
    if choices is not None:
        assert (joint_goals(joint, choices), figures(together(choices))[1:]) == expected


@settings(max_examples=40)
@given(joint_demands())
def test_selecting_jointly_agrees_with_the_program(joint: JointDemand) -> None:
    answer = select_jointly(joint)
    choices = solve_jointly(joint).choices
    assert isinstance(answer, JointlySelected) == (choices is not None)
    if isinstance(answer, JointlySelected) and choices is not None:
        assert joint_goals(joint, answer.choices) == joint_goals(joint, choices)
        assert figures(together(answer.choices))[1:3] == figures(together(choices))[1:3]


def test_without_the_proof_ties_are_broken_by_solving_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = Problem(
        (
            Block("a", (Option("slow", 0.1, 3.0, 5), Option("fast", 0.1, 2.0, 9))),
            Block("b", (Option("large", 0.0, 1.0, 7), Option("small", 0.0, 1.0, 3))),
        )
    )
    monkeypatch.setattr(solving, "contenders", lambda *_: None)
    for most in (0, 10):  # stage by stage, and one equal answer after the other
        monkeypatch.setattr(solving, "_MOST_EQUALS", most)
        choice = solve(problem, Budget()).choice
        assert choice is not None
        assert choice.variants == {"a": "fast", "b": "small"}


def test_contenders_are_all_that_is_no_worse() -> None:
    table = ((0, 3, 5), (0, 2, 7), (1, 1, 4))
    rows = [Row(((9, 4, 1), (8, 5, 0), (3, 2, 2)), 12)]
    answer = (1, 1, 1)
    found = contenders(table, rows, answer)
    assert found is not None
    expected = {
        (a, b, c)
        for a in range(3)
        for b in range(3)
        for c in range(3)
        if total(table, (a, b, c)) <= 6 and rows[0].keeps((a, b, c))
    }
    assert set(found) == expected
    assert len(found) == len(expected)
    assert answer in expected


def test_fewest_changes_hold() -> None:
    later = {block.name: ("half", "fifth") for block in THREE.blocks}
    demand = Demand(Budget(latency_ms=4.9), constraints=(at_most(1, later, "one changed"),))
    choice = solve(THREE, demand).choice
    assert choice is not None
    assert sorted(choice.variants.values()) == ["fifth", "original", "original"]


def test_blocks_can_be_made_alike() -> None:
    labels = {
        block.name: {option.variant: option.variant for option in block.options}
        for block in THREE.blocks
    }
    demand = Demand(Budget(latency_ms=4.0), constraints=(alike("b0", "b1", labels),))
    choice = solve(THREE, demand).choice
    assert choice is not None
    assert choice.variants == {"b0": "half", "b1": "half", "b2": "original"}


def test_least_energy_for_an_accuracy() -> None:
    choice = solve(THREE, Demand(goal="energy", max_accuracy_cost=0.31)).choice
    assert choice is not None
    assert choice.variants == {"b0": "half", "b1": "half", "b2": "original"}
    assert choice.energy_mj == 18.0


def test_switching_counts_against_leaving_what_runs() -> None:
    running = {"b0": "half", "b1": "half", "b2": "half"}

    def chosen(switching: Switching | None) -> tuple[str, ...]:
        choice = solve(THREE, Demand(Budget(latency_ms=5.0), switching=switching)).choice
        assert choice is not None
        return tuple(choice.variants.values())

    best = ("half", "original", "original")
    assert chosen(None) == best
    assert chosen(Switching(running, per_block=0.1)) == best
    assert chosen(Switching(running, per_block=0.2)) == tuple(running.values())
    # An original is loaded for 400 bytes.
    assert chosen(Switching(running, per_mb=0.1 / 4e-4)) == best
    assert chosen(Switching(running, per_mb=0.2 / 4e-4)) == tuple(running.values())


def test_a_solver_may_stop_at_a_gap_that_is_told() -> None:
    found = solve(THREE, Demand(Budget(latency_ms=4.0)), gap=0.05)
    exact = solve(THREE, Demand(Budget(latency_ms=4.0)))
    assert found.choice is not None
    assert exact.choice is not None
    assert found.gap == 0.05
    assert exact.gap == 0.0
    assert found.choice.accuracy_cost <= exact.choice.accuracy_cost + 0.05


def test_the_worst_network_is_served_first() -> None:
    networks = (Network("a", THREE), Network("b", THREE))
    shared = Budget(latency_ms=8.0)
    fair = solve_jointly(JointDemand(networks, shared, "max-min")).choices
    assert fair is not None
    assert [c.accuracy_cost for c in fair] == [0.21, 0.21]
    weighted = (Network("a", THREE, weight=10), Network("b", THREE))
    unequal = solve_jointly(JointDemand(weighted, shared, "max-min")).choices
    assert unequal is not None
    assert [c.accuracy_cost for c in unequal] == [0.0, 0.74]


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown block 'b9'"):
        select(THREE, Demand(forced={"b9": "half"}))
    with pytest.raises(UnknownNameError, match="unknown variant of block 'b1' 'halves'"):
        select(THREE, Demand(forbidden={"b1": ("halves",)}))
    with pytest.raises(UsageError, match="no variant of block 'b1' is said to run"):
        select(THREE, Demand(switching=Switching({"b0": "half"})))
    with pytest.raises(UsageError, match="has no bound"):
        Constraint("free", {})
    with pytest.raises(UsageError, match="different goals"):
        JointDemand((Network("a", THREE), Network("b", THREE, Demand(goal="latency"))))
    without = Problem((Block("a", (Option("only", 0.0, 1.0, 1),)),))
    with pytest.raises(UsageError, match="energy of the variants is not known"):
        select(without, Demand(goal="energy"))


def test_plain_budgets_need_no_pulp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pulp", None)
    assert isinstance(select(THREE, Budget(latency_ms=4.0)), Selected)
    assert not isinstance(select(THREE, Budget(latency_ms=1.0, memory_bytes=900)), Selected)


def test_a_gap_is_counted_before_weights_become_whole_numbers() -> None:
    networks = (Network("a", THREE, weight=0.25), Network("b", THREE, weight=1.5))
    joint = JointDemand(networks, Budget(latency_ms=8.0))
    exact, near = solve_jointly(joint), solve_jointly(joint, gap=0.01)
    assert exact.choices is not None
    assert near.choices is not None
    (least,), (found,) = joint_goals(joint, exact.choices), joint_goals(joint, near.choices)
    assert least <= found <= least + 0.01e9
