"""Our call of an engine and a careful user's own, in turn in one process.

``python -m benchmarks.engine_turns ENGINE FILE ROUNDS PAIRS`` prints the medians of each pair
as JSON; so an engine can be looked at in another environment. Needs no torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import geometric_mean

from benchmarks.bare_engines import BARE, litert_run
from benchmarks.samples import Call, interleave, median
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime

PAIRS = 10
"""Of sessions: two sessions of one engine with one file differ too."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Medians in ns of one pair of sessions each.

    Args:
        ours: of our call.
        bare: of the engine's.
        run: of LiteRT's interpreter without any tensor going in or out; empty for other engines.
    """

    ours: tuple[float, ...]
    bare: tuple[float, ...]
    run: tuple[float, ...] = ()

    @property
    def fidelity(self) -> float:
        """Our call's time over the engine's."""
        return _ratio(self.ours, self.bare)

    @property
    def over_run(self) -> float:
        """Our call's time over that of LiteRT's run alone."""
        return _ratio(self.ours, self.run)

    @property
    def bare_ms(self) -> float:
        """The engine's own time."""
        return median(self.bare) / 1e6


def take_turns(engine: str, content: bytes, rounds: int, pairs: int = PAIRS) -> Turns:
    """Time both, in several pairs of sessions.

    Two sessions of one engine with one file differ too, for OpenVINO by up to 1.5, and which is
    made first matters. So each pair is made in the other order than the last.

    Args:
        engine: the runtime's name.
        content: the artifact.
        rounds: calls of each that are recorded, and as many before.
        pairs: how many.
    """
    makers: dict[str, Callable[[], Call]] = {
        "ours": partial(_our_call, engine, content),
        "bare": partial(BARE[engine], content),
    }
    if engine == "litert":
        makers["run"] = partial(litert_run, content)
    found: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(pairs):
        times = interleave({k: make() for k, make in makers.items()}, rounds, warm_up=rounds)
        for name, durations in times.items():
            found[name].append(median(durations))
        makers = dict(reversed(makers.items()))
    return Turns(**{name: tuple(values) for name, values in found.items()})


def _our_call(engine: str, content: bytes) -> Call:
    program = make_runtime(engine, 1).load(content, 1)
    return program.bind(allocate(program.spec))


def _ratio(ours: tuple[float, ...], others: tuple[float, ...]) -> float:
    return geometric_mean([a / b for a, b in zip(ours, others, strict=True)])


if __name__ == "__main__":
    name, path, count, often = sys.argv[1:]
    turns = take_turns(name, Path(path).read_bytes(), int(count), int(often))
    print(json.dumps({"ours": turns.ours, "bare": turns.bare, "run": turns.run}))
