"""Random problems, and the answers by brute force."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

from hypothesis import strategies as st

from kenning_lego.selection.problem import Block, Budget, Choice, Option, Problem, make_choice

Figures = tuple[float, float, int, float]


def figures(choice: Choice) -> Figures:
    energy = choice.energy_mj or 0.0
    return choice.accuracy_cost, choice.latency_ms, choice.memory_bytes, energy


def all_choices(problem: Problem) -> list[Choice]:
    ranges = [range(len(block.options)) for block in problem.blocks]
    return [make_choice(problem, indices) for indices in itertools.product(*ranges)]


def best_by_force(problem: Problem, budget: Budget) -> Figures | None:
    return min(map(figures, filter(budget.allows, all_choices(problem))), default=None)


def overrun(choice: Choice, budget: Budget) -> Fraction:
    """The larger relative overrun of a budget with two positive bounds."""
    assert budget.latency_ms
    assert budget.memory_bytes
    return max(
        Fraction(choice.latency_ms) / Fraction(budget.latency_ms) - 1,
        Fraction(choice.memory_bytes, budget.memory_bytes) - 1,
        Fraction(0),
    )


def problems(*, max_blocks: int = 4, max_options: int = 4) -> st.SearchStrategy[Problem]:
    """Small problems: coarse figures with many ties, or fine ones as measured.

    The energy is known of a half of them.
    """
    coarse = st.tuples(st.integers(-2, 3), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
    fine = st.tuples(
        st.integers(-300, 3000).map(lambda n: n / 10_000),
        st.integers(0, 20_000_000).map(lambda n: n / 1_000_000),
        st.integers(0, 50_000_000),
        st.integers(0, 90_000_000).map(lambda n: n / 1_000_000),
    )
    return st.sampled_from([coarse, fine]).flatmap(
        lambda rows: st.builds(
            _problem,
            st.lists(
                st.lists(rows, min_size=1, max_size=max_options),
                min_size=1,
                max_size=max_blocks,
            ),
            rows,
            st.booleans(),
        )
    )


def _problem(rows: list[list[Figures]], fixed: Figures, energy_known: bool) -> Problem:
    def energy(each: Figures) -> float | None:
        return each[3] if energy_known else None

    blocks = tuple(
        Block(
            f"b{b}",
            tuple(
                Option(f"v{o}", each[0], each[1], each[2], energy(each))
                for o, each in enumerate(row)
            ),
        )
        for b, row in enumerate(rows)
    )
    return Problem(blocks, fixed[1], fixed[2], energy(fixed))


@st.composite
def problems_with_budgets(draw: st.DrawFn, *, with_energy: bool = True) -> tuple[Problem, Budget]:
    """A problem, and a budget at, near or far from the figures of one of its choices, or zero."""
    problem = draw(problems())
    near = make_choice(problem, [draw(st.integers(0, len(b.options) - 1)) for b in problem.blocks])
    factor = st.sampled_from([None, 0.0, 0.7, 0.9, 1.0, 1.0, 1.1, 2.0])
    latency, memory, energy = draw(factor), draw(factor), draw(factor)
    if energy is not None and near.energy_mj is not None and with_energy:
        energy *= near.energy_mj
    else:
        energy = None
    return problem, Budget(
        latency_ms=None if latency is None else near.latency_ms * latency,
        memory_bytes=None if memory is None else int(near.memory_bytes * memory),
        energy_mj=energy,
    )


def random_problem(seed: int, blocks: int, options: int, *, energy_known: bool = False) -> Problem:
    """Figures that fall with the ratio as costs rise; many sizes of blocks."""
    generator = random.Random(seed)

    def block(number: int) -> Block:
        weights = [generator.uniform(0.1, 1.0) for _ in range(4)]
        rising = sorted(generator.random() for _ in range(options))
        latencies, sizes, energies = (
            sorted((generator.uniform(0.1, 1.0) for _ in range(options)), reverse=True)
            for _ in range(3)
        )
        return Block(
            f"b{number}",
            tuple(
                Option(
                    f"v{o}",
                    0.1 * weights[0] * rising[o],
                    weights[1] * latencies[o],
                    int(1e6 * weights[2] * sizes[o]),
                    weights[3] * energies[o] if energy_known else None,
                )
                for o in range(options)
            ),
        )

    return Problem(tuple(map(block, range(blocks))))


def random_budget(seed: int, problem: Problem) -> Budget:
    """Between what every choice takes and what the largest takes; sometimes out of reach."""
    generator = random.Random(seed)

    def bound(figure: str) -> float:
        figures = [[getattr(option, figure) for option in b.options] for b in problem.blocks]
        return generator.uniform(0.9 * sum(map(min, figures)), 1.05 * sum(map(max, figures)))

    energy = bound("energy_mj") if problem.energy_known else None
    return Budget(bound("latency_ms"), int(bound("memory_bytes")), energy)
