"""What the benchmarks of selection choose from: random blocks, and profiles that were measured.

A random block has a weight for each figure, drawn uniformly: 0.3 to 3 ms, 0.1 to 3 MB, and an
accuracy cost of 0.01 to 0.1 if everything is taken away; so blocks differ tenfold. Its first
option is the original: cost 0, full latency, full memory. The others have, as shares of the
weights, costs uniform over 0 to 1 in ascending order, and latencies and memory uniform over 0.1 to
1 in descending order, drawn independently: with the ratio the cost rises and both others fall, none
in proportion to another. These fronts are larger than those of options at even ratios whose figures
follow the ratio.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from kenning_lego.selection.problem import Block, Budget, Option, Problem, make_choice

PROFILES = Path(__file__).parent / "profiles"


def monotone_problem(seed: int, blocks: int, options: int, *, steps: int | None = None) -> Problem:
    """A random problem as above.

    Args:
        seed: the same problem for the same seed and size.
        blocks: how many.
        options: of each block.
        steps: if given, all shares are multiples of one over this, and all weights are equal:
            many sums are ties.
    """
    generator = random.Random(f"{blocks}x{options} {steps} {seed}")

    def share(least: float) -> float:
        value = generator.uniform(least, 1.0)
        return value if steps is None else round(value * steps) / steps

    def weight(least: float, most: float) -> float:
        return generator.uniform(least, most) if steps is None else least

    def block(number: int) -> Block:
        latency, memory, cost = weight(0.3, 3.0), weight(1e5, 3e6), weight(0.01, 0.1)
        costs = [0.0, *sorted(share(0.0) for _ in range(options - 1))]
        latencies, sizes = (
            [1.0, *sorted((share(0.1) for _ in range(options - 1)), reverse=True)] for _ in range(2)
        )
        shares = zip(costs, latencies, sizes, strict=True)
        return Block(
            f"b{number}",
            tuple(
                Option(f"v{option}", cost * c, latency * t, int(memory * s))
                for option, (c, t, s) in enumerate(shares)
            ),
        )

    return Problem(tuple(block(number) for number in range(blocks)))


def profiles() -> Iterator[tuple[str, Problem]]:
    """Networks whose variants were trained, profiled and timed, by name."""
    for path in sorted(PROFILES.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        blocks = tuple(
            Block(block["name"], tuple(Option(*option) for option in block["options"]))
            for block in found["blocks"]
        )
        yield path.stem, Problem(blocks, found["fixed_latency_ms"], found["fixed_memory_bytes"])


def random_budget(problem: Problem, generator: random.Random) -> Budget:
    """Bounds between the smallest and the original, for each figure by itself."""
    original = make_choice(problem, [0] * len(problem.blocks))
    smallest = make_choice(problem, [len(block.options) - 1 for block in problem.blocks])
    return Budget(
        generator.uniform(smallest.latency_ms, original.latency_ms),
        int(generator.uniform(smallest.memory_bytes, original.memory_bytes)),
    )
