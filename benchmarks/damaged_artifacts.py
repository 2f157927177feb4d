"""Damaged artifacts: cut, overwritten and shuffled files, each loaded and run by a worker."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

_PATIENCE_S = 300.0

_WORKER = """
import resource, signal, sys
from pathlib import Path
from kenning_lego.core.errors import ModelError
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
runtime = make_runtime(sys.argv[1], 1)
for path in map(Path, sys.argv[2:]):
    signal.alarm(30)
    try:
        program = runtime.load(path.read_bytes(), 1)
        call = program.bind(allocate(program.spec))
    except (ModelError, MemoryError):
        outcome = "refused"
    except Exception as error:
        outcome = f"raised {type(error).__name__}: {error}"[:200].replace(chr(10), " ")
    else:
        try:
            call()
            outcome = "ran"
        except Exception:
            outcome = "failed"
    print(path.name, outcome, sep="\\t", flush=True)
"""


def damage(content: bytes, rng: random.Random) -> bytes:
    """The file cut short, with bytes overwritten, or with pieces of it exchanged."""
    kind = rng.choice(("cut", "overwritten", "near an end", "exchanged"))
    if kind == "cut":
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    if kind == "exchanged":
        size = rng.randint(1, 64)
        a, b = (rng.randrange(len(content) - size) for _ in range(2))
        changed[a : a + size], changed[b : b + size] = content[b : b + size], content[a : a + size]
        return bytes(changed)
    near = min(len(content), 4096)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(content) if kind == "overwritten" else near)
        # What describes a file is at its beginning or its end.
        if kind == "near an end" and rng.random() < 0.5:
            at = len(content) - 1 - at
        changed[at] = rng.randrange(256)
    return bytes(changed)


def outcomes(engine: str, content: bytes, directory: Path, count: int) -> Counter[str]:
    """How often a damaged file was refused, ran, failed in running, raised, or ended its process.

    Args:
        engine: name of the runtime.
        content: of the whole file.
        directory: for the damaged ones.
        count: of them.
    """
    directory.mkdir()
    rng = random.Random(0)
    waiting = []
    for number in range(count):
        path = directory / f"{number:05}"
        path.write_bytes(damage(content, rng))
        waiting.append(path)
    found: Counter[str] = Counter()
    while waiting:
        done = subprocess.run(
            [sys.executable, "-c", _WORKER, engine, *waiting],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S + count,
            check=False,
        )
        told = [line.split("\t", 1)[1] for line in done.stdout.splitlines() if "\t" in line]
        for outcome in told:
            found[outcome.split(maxsplit=1)[0]] += 1
            if outcome.startswith("raised"):
                print(f"{engine}: {outcome}", file=sys.stderr)
        waiting = waiting[len(told) :]
        if waiting:
            if not told and done.returncode > 0:
                raise RuntimeError(f"the worker did not start: {done.stderr[-300:]}")
            found["died"] += 1
            waiting = waiting[1:]
    return found
