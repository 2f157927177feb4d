"""The integer program against brute force and the front, and how it behaves as a guest."""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pulp
import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import MissingDependencyError, UnknownNameError, UsageError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.ilp import SolverError, solve
from kenning_lego.selection.problem import Block, Budget, Option, Problem, evaluate
from kenning_lego.selection.programs import solving
from tests.selection.instances import best_by_force, figures, problems_with_budgets

TWO_EQUAL_COSTS = Problem(
    (
        Block("a", (Option("slow", 0.1, 3.0, 5), Option("fast", 0.1, 2.0, 9))),
        Block("b", (Option("large", 0.0, 1.0, 7), Option("small", 0.0, 1.0, 3))),
    )
)


@settings(max_examples=120)
@given(problems_with_budgets())
def test_choice_is_that_of_brute_force(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    solution = solve(problem, budget)
    expected = best_by_force(problem, budget)
    assert solution.status == ("infeasible" if expected is None else "optimal")
    assert (solution.choice and figures(solution.choice)) == expected
    if solution.choice is not None:
        assert budget.allows(solution.choice)
        assert solution.choice == evaluate(problem, solution.choice.variants)


@settings(max_examples=40)
@given(problems_with_budgets())
def test_choice_is_that_of_the_front(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    choice = solve(problem, budget).choice
    front = pareto_front(problem)
    best = front.best(budget)
    expected = None if best is None else front[best]
    assert (choice and figures(choice)) == (expected and figures(expected))


def test_ties_go_to_the_faster_then_to_the_smaller() -> None:
    choice = solve(TWO_EQUAL_COSTS, Budget()).choice
    assert choice is not None
    assert choice.variants == {"a": "fast", "b": "small"}


def test_a_budget_used_to_the_last_unit_is_kept() -> None:
    problem = Problem(
        tuple(
            Block(
                f"b{b}",
                tuple(
                    Option(f"v{o}", 0.01 * o, 1.234567 / (o + 1), 10**7 // (o + b + 1))
                    for o in range(5)
                ),
            )
            for b in range(6)
        )
    )
    front = pareto_front(problem)
    for choice in front[::60]:
        budget = Budget(choice.latency_ms, choice.memory_bytes)
        solution = solve(problem, budget)
        best = front.best(budget)
        assert solution.choice is not None
        assert best is not None
        assert figures(solution.choice) == figures(front[best])


def test_nothing_is_printed_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    temporary, working = tmp_path / "tmp", tmp_path / "cwd"
    temporary.mkdir()
    working.mkdir()
    for name in ("TMPDIR", "TMP", "TEMP"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(working)
    assert solve(TWO_EQUAL_COSTS, Budget(latency_ms=3.5)).choice is not None
    assert solve(TWO_EQUAL_COSTS, Budget(latency_ms=3.0, memory_bytes=10)).choice is None
    assert list(tmp_path.rglob("*")) in ([working, temporary], [temporary, working])
    assert capfd.readouterr() == ("", "")


def test_without_pulp_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pulp", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[host\]"):
        solve(TWO_EQUAL_COSTS, Budget())


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown solver 'cbx'"):
        solve(TWO_EQUAL_COSTS, Budget(), cast("Any", "cbx"))


def test_highs_answers_or_says_what_to_install() -> None:
    if pulp.HiGHS(msg=False).available():
        choice = solve(TWO_EQUAL_COSTS, Budget(), "highs").choice
        assert choice is not None
        assert choice.variants == {"a": "fast", "b": "small"}
    else:
        with pytest.raises(UsageError, match="pip install highspy"):
            solve(TWO_EQUAL_COSTS, Budget(), "highs")


class _Stub:
    """An engine whose answer is scripted; it stands for a solver that is wrong."""

    def __init__(self, answers: list[tuple[int, Sequence[float]]]) -> None:
        self.answers = answers
        self.asked = 0

    def answer(self, model: Any) -> int:
        status, values = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        for variable, value in zip(model.variables(), values, strict=True):
            variable.varValue = value
        return status


def _with_stub(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Sequence[float]]) -> _Stub:
    stub = _Stub(list(answers))
    engine = types.SimpleNamespace()
    monkeypatch.setattr(solving, "make_engines", lambda *_: [engine])
    monkeypatch.setattr(pulp.LpProblem, "solve", lambda model, _: stub.answer(model))
    return stub


def test_an_answer_that_breaks_the_budget_is_never_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a: slow, b: small: 4 ms where 3.5 are allowed.
    stub = _with_stub(monkeypatch, (pulp.LpStatusOptimal, [1, 0, 0, 1]))
    with pytest.raises(SolverError, match="broke the bounds"):
        solve(TWO_EQUAL_COSTS, Budget(latency_ms=3.5))
    assert stub.asked > 1


def test_an_answer_within_the_budget_after_a_wrong_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong, right = (pulp.LpStatusOptimal, [1, 0, 0, 1]), (pulp.LpStatusOptimal, [0, 1, 0, 1])
    _with_stub(monkeypatch, wrong, right)
    choice = solve(TWO_EQUAL_COSTS, Budget(latency_ms=3.5)).choice
    assert choice is not None
    assert choice.variants == {"a": "fast", "b": "small"}


@pytest.mark.parametrize("status", [pulp.LpStatusInfeasible, pulp.LpStatusNotSolved])
def test_no_answer_is_an_error_unless_there_is_none(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    _with_stub(monkeypatch, (status, [0, 0, 0, 0]))
    with pytest.raises(SolverError, match="finds no choice, though there is one"):
        solve(TWO_EQUAL_COSTS, Budget(latency_ms=3.5))
    infeasible = Budget(latency_ms=3.0, memory_bytes=10)
    assert solve(TWO_EQUAL_COSTS, infeasible).status == "infeasible"
