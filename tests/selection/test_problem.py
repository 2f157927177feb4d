"""Problems, budgets and choices: what is refused, and that sums are exact."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.selection.problem import Block, Budget, Option, Problem, evaluate
from kenning_lego.selection.units import LARGEST, budget_units, from_units, to_units

PLAIN = Option("original", 0.0, 1.0, 10)
PLAIN_HALF = Option("half", 0.1, 0.5, 5)


def _two_blocks() -> Problem:
    return Problem(
        (
            Block("a", (Option("original", 0.0, 0.1, 1), Option("half", -0.01, 0.05, 2))),
            Block("b", (Option("original", 0.0, 0.2, 4),)),
        ),
        fixed_latency_ms=0.4,
        fixed_memory_bytes=8,
    )


def test_evaluate_adds_the_fixed_part() -> None:
    choice = evaluate(_two_blocks(), {"b": "original", "a": "half"})
    assert choice.variants == {"a": "half", "b": "original"}
    assert list(choice.variants) == ["a", "b"]
    assert choice.accuracy_cost == -0.01
    assert choice.latency_ms == 0.65
    assert choice.memory_bytes == 14
    assert str(choice) == "0.65 ms, 14 bytes, accuracy cost -0.01 (a: half, b: original)"


def test_sums_are_exact_where_floats_are_not() -> None:
    problem = Problem(
        (Block("a", (Option("x", 0.0, 0.1, 0),)), Block("b", (Option("x", 0.0, 0.2, 0),)))
    )
    choice = evaluate(problem, {"a": "x", "b": "x"})
    assert 0.1 + 0.2 > 0.3
    assert Budget(latency_ms=0.3).allows(choice)


def test_evaluate_names_what_it_does_not_know() -> None:
    with pytest.raises(UnknownNameError, match="unknown block 'c'"):
        evaluate(_two_blocks(), {"a": "half", "b": "original", "c": "half"})
    with pytest.raises(UnknownNameError, match=r"unknown variant of block 'a' 'haf'.*'half'"):
        evaluate(_two_blocks(), {"a": "haf", "b": "original"})
    with pytest.raises(UsageError, match="no variant is chosen for block 'b'"):
        evaluate(_two_blocks(), {"a": "half"})


@pytest.mark.parametrize("cost", [math.nan, math.inf, 1e9])
def test_costs_must_be_finite_and_of_moderate_size(cost: float) -> None:
    with pytest.raises(UsageError, match="accuracy cost"):
        Option("x", cost, 1.0, 1)


@pytest.mark.parametrize("latency", [math.nan, math.inf, -1.0])
def test_latencies_must_be_finite_and_not_negative(latency: float) -> None:
    with pytest.raises(UsageError, match="latency"):
        Option("x", 0.0, latency, 1)
    with pytest.raises(UsageError, match="fixed part has the latency"):
        Problem((Block("a", (PLAIN,)),), fixed_latency_ms=latency)
    with pytest.raises(UsageError, match="budget has the latency"):
        Budget(latency_ms=latency)


@pytest.mark.parametrize("memory", [-1, 1.5])
def test_memory_must_be_whole_and_not_negative(memory: int) -> None:
    with pytest.raises(UsageError, match="memory"):
        Option("x", 0.0, 1.0, memory)
    with pytest.raises(UsageError, match="budget has the memory"):
        Budget(memory_bytes=memory)


def test_names_must_be_unique_and_blocks_not_empty() -> None:
    with pytest.raises(UsageError, match="no variant to choose"):
        Block("a", ())
    with pytest.raises(UsageError, match="variant in block 'a'"):
        Block("a", (PLAIN, PLAIN))
    with pytest.raises(UsageError, match="no block"):
        Problem(())
    with pytest.raises(UsageError, match="two of the name 'a'"):
        Problem((Block("a", (PLAIN,)), Block("a", (PLAIN,))))


def test_totals_beyond_exact_counting_are_refused() -> None:
    large = tuple(Block(name, (Option("x", 0.0, 5e6, 0),)) for name in "ab")
    with pytest.raises(UsageError, match="latencies in ms"):
        Problem(large)


def test_a_huge_budget_bounds_nothing() -> None:
    choice = evaluate(_two_blocks(), {"a": "half", "b": "original"})
    assert Budget(latency_ms=1e300).latency == budget_units(LARGEST)
    assert Budget(latency_ms=1e300, memory_bytes=10**30).allows(choice)


def test_budgets_print_in_full() -> None:
    assert str(Budget(12.345678901, 9_000_000)) == "12.345678901 ms and 9,000,000 bytes"
    assert str(Budget(memory_bytes=1)) == "1 bytes"
    assert str(Budget()) == "no bound"


@given(st.integers(0, LARGEST * 10**9))
def test_units_survive_the_way_through_floats(units: int) -> None:
    assert to_units(from_units(units)) == units or from_units(units) > 2**21
    found = budget_units(from_units(units))
    # From 2**23 on, floats are further apart than units, and the larger of two is meant.
    assert found == units or from_units(units) >= 2**23
    assert found >= units
    assert from_units(found) == from_units(units)


@given(st.floats(0, 1e6))
def test_budgets_round_down_to_what_fits(bound: float) -> None:
    units = budget_units(bound)
    assert from_units(units) <= bound < from_units(units + 1)


def _with_energy(fixed: float | None = 0.5) -> Problem:
    options = (Option("original", 0.0, 1.0, 10, 0.1), Option("half", 0.1, 0.5, 5, 0.2))
    return Problem((Block("a", options),), fixed_energy_mj=fixed)


def test_energy_adds_up_and_is_bounded() -> None:
    choice = evaluate(_with_energy(), {"a": "half"})
    assert choice.energy_mj == 0.7
    assert Budget(energy_mj=0.7).allows(choice)
    assert not Budget(energy_mj=0.6999).allows(choice)
    assert str(choice) == "0.5 ms, 5 bytes, 0.7 mJ, accuracy cost 0.1 (a: half)"
    assert str(Budget(energy_mj=0.7)) == "0.7 mJ"
    assert evaluate(_with_energy(None), {"a": "half"}).energy_mj == 0.2


def test_energy_is_known_of_all_or_of_none() -> None:
    mixed = (Option("original", 0.0, 1.0, 10, 0.1), PLAIN_HALF)
    with pytest.raises(UsageError, match="energies are known, and not that of variant 'half'"):
        Problem((Block("a", mixed),))
    other = Block("b", (Option("half", 0.1, 0.5, 5, 0.2),))
    with pytest.raises(UsageError, match="energies are known, and not that of variant 'half'"):
        Problem((Block("a", (PLAIN_HALF,)), other))
    with pytest.raises(UsageError, match="energies are known, and not that of variant 'original'"):
        Problem((Block("a", (PLAIN,)),), fixed_energy_mj=1.0)
    with pytest.raises(UsageError, match="has the energy nan mJ"):
        Option("x", 0.0, 1.0, 1, math.nan)


def test_a_bound_on_energy_needs_it_known() -> None:
    budget = Budget(energy_mj=1.0)
    with pytest.raises(UsageError, match="bounds the energy, which is not known"):
        budget.allows(evaluate(_two_blocks(), {"a": "half", "b": "original"}))
    with pytest.raises(UsageError, match="bounds the energy, which is not known"):
        _two_blocks().caps(budget)
    assert _with_energy().caps(budget) == (None, None, 10**9)
