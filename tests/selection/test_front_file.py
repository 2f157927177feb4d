"""Fronts as bytes: the same comes back, and nothing else is believed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import StoreError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.front_file import dump_front, parse_front
from kenning_lego.selection.problem import Problem
from tests.selection.instances import problems, random_problem


@settings(max_examples=40)
@given(problems())
def test_a_front_comes_back_as_it_was(problem: Problem) -> None:
    front = pareto_front(problem, max_points=5)
    again = parse_front(problem, dump_front(front))
    assert list(again) == list(front)
    assert again.gap == front.gap
    for column in ("costs", "latencies", "memories", "energies"):
        assert np.array_equal(getattr(again, column), getattr(front, column))


def test_the_front_of_another_problem_is_refused() -> None:
    content = dump_front(pareto_front(random_problem(1, 3, 3)))
    with pytest.raises(StoreError, match="another problem"):
        parse_front(random_problem(2, 3, 3), content)


@pytest.mark.parametrize("cut", [0, 1, 100, -30])
def test_a_part_of_a_file_is_refused(cut: int) -> None:
    problem = random_problem(1, 3, 3)
    with pytest.raises(StoreError, match="damaged"):
        parse_front(problem, dump_front(pareto_front(problem))[:cut])


def test_flipped_bytes_never_give_another_front() -> None:
    problem = random_problem(1, 3, 3)
    front = pareto_front(problem)
    content = dump_front(front)
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        try:
            again = parse_front(problem, bytes(damaged))
        except StoreError:
            continue
        assert list(again) == list(front)


@pytest.mark.parametrize(
    "options",
    [
        np.array([[9, 0, 0]], dtype=np.uint8),
        np.array([[0, 0]], dtype=np.uint8),
        np.zeros((0, 3), dtype=np.uint8),
        np.array([[-1, 0, 0]], dtype=np.int8),
        np.array([0, 0, 0], dtype=np.uint8),
    ],
)
def test_options_that_cannot_be_are_refused(options: np.ndarray) -> None:
    problem = random_problem(1, 3, 3)
    with np.load(io.BytesIO(dump_front(pareto_front(problem)))) as arrays:
        kept = dict(arrays)
    stream = io.BytesIO()
    np.savez_compressed(stream, **{**kept, "options": options})
    with pytest.raises(StoreError, match="something else"):
        parse_front(problem, stream.getvalue())
