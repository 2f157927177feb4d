"""A fresh process that loads a chain of artifacts and looks at its own memory.

Started by a worker (see :mod:`kenning_lego.servers.footprints`), whose limits it inherits. Writes
one JSON object to its standard output.

Of memory, only what holds no file counts as the artifacts': that grows with their weights and
buffers alone, while the resident size also grows by pages of the engine's libraries that are used
for the first time. Source of the files and their fields: proc(5), and the kernel's
Documentation/filesystems/proc.rst.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kenning_lego.core.engines import Loading
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.footprints import FootprintSample
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Load
from kenning_lego.runtimes.offers import Offers
from kenning_lego.servers.buffers import chain_arrays
from kenning_lego.servers.engines import Engines, StageLoader
from kenning_lego.servers.isolation import isolate
from kenning_lego.servers.pipeline import bind_chain, random_arrays
from kenning_lego.store.artifacts import ArtifactStore

_OUT_OF_MEMORY_SCORE = 900
_RESET_PEAK = "5"


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's memory, in bytes.

    Args:
        private: what holds no file, in RAM or swapped out.
        resident: everything in RAM.
        file: of that, what holds files, such as libraries.
        peak: the most that was in RAM since the peak was reset.
    """

    private: int
    resident: int
    file: int
    peak: int


def read_memory(process: Path = Path("/proc/self")) -> Memory:
    """The memory of a process.

    Args:
        process: its directory in /proc; another directory in tests.

    Raises:
        OSError: it cannot be read.
    """
    status = _kilobytes((process / "status").read_text())
    try:
        # Exact, while the kernel's counters in `status` may lag by some pages for each core.
        rollup = _kilobytes((process / "smaps_rollup").read_text())
    except OSError:  # before Linux 4.14, and where it may not be read
        rollup = {}
    private = rollup.get("Anonymous", status.get("RssAnon", status["VmRSS"]))
    swapped = rollup.get("Swap", status.get("VmSwap", 0))
    return Memory(
        private + swapped,
        status["VmRSS"],
        status.get("RssFile", 0),
        status.get("VmHWM", status["VmRSS"]),
    )


def reset_peak(process: Path = Path("/proc/self")) -> bool:
    """Let the kernel count the peak from now on; False where that is not permitted."""
    try:
        (process / "clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


def sample_of(empty: Memory, loaded: Memory, ran: Memory | None, *, exact: bool) -> FootprintSample:
    """What three looks at one process say.

    Args:
        empty: before anything was loaded.
        loaded: once everything was.
        ran: after the runs, if there were any.
        exact: whether the peak was reset between the two.
    """
    load = max(0, loaded.private - empty.private)
    if ran is None:
        return FootprintSample(empty.resident, load)
    after = max(load, ran.private - empty.private)
    if not exact:
        return FootprintSample(empty.resident, load, after)
    # The peak is told of everything that is resident, so new pages of files are taken off.
    more = ran.peak - loaded.resident - max(0, ran.file - loaded.file)
    return FootprintSample(empty.resident, load, max(after, load + more), peak_is_exact=True)


def measure(
    engines: Engines, stages: Sequence[str], loading: Loading, runs: int
) -> FootprintSample:
    """Load and run a chain in this process, in which nothing was loaded before.

    Args:
        engines: of this process.
        stages: of the chain, in order.
        loading: which engines they name.
        runs: of the chain; with 0 it is only loaded.

    Raises:
        KenningLegoError: an artifact is missing or cannot be loaded, or they do not fit together.
    """
    loader = StageLoader(engines, loading)
    loader.prepare(stages)
    random_arrays({}, 0)  # loads numpy's generators
    gc.collect()
    empty = read_memory()
    programs = {each: loader.load(each) for each in dict.fromkeys(stages)}
    chain = [programs[stage] for stage in stages]
    call = bind_chain(chain, chain_arrays(chain, 0))
    loaded = read_memory()
    if not runs:
        return sample_of(empty, loaded, None, exact=False)
    exact = reset_peak()
    for _ in range(runs):
        call()
    return sample_of(empty, loaded, read_memory(), exact=exact)


def _kilobytes(text: str) -> dict[str, int]:
    """Lines such as ``VmRSS:   123 kB``, in bytes."""
    figures = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            figures[words[0].rstrip(":")] = int(words[1]) * 1024
    return figures


def main() -> None:
    """Measure, and write what came of it."""
    parser = argparse.ArgumentParser(description="Started by a worker; not by hand.")
    parser.add_argument("--parent", type=int, required=True, help="process id of the worker")
    parser.add_argument("--store", type=Path, required=True, help="directory of the artifacts")
    parser.add_argument("--load", type=json.loads, required=True, help="engines, threads, batch")
    parser.add_argument("--offers", type=Offers.from_json, help="what hosts may choose by name")
    parser.add_argument("--runs", type=int, required=True, help="of the chain")
    parser.add_argument("stages", nargs="+", help="of the chain, in order")
    given = parser.parse_args()
    isolate(_OUT_OF_MEMORY_SCORE)
    if os.getppid() != given.parent:
        raise SystemExit("the worker is gone")
    answer = os.dup(1)
    os.dup2(2, 1)  # what engines print is no answer
    result: dict[str, Any]
    try:
        sample = measure(
            Engines(ArtifactStore(given.store), given.offers),
            given.stages,
            Load.from_body(Fields(given.load, "load")),
            given.runs,
        )
        result = {name: value for name, value in asdict(sample).items() if value is not None}
    except KenningLegoError as error:
        result = {"problem": error.problem, "remedy": error.remedy}
    with os.fdopen(answer, "w") as out:
        json.dump(result, out)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
