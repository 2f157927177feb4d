"""The transport: round trips, fidelity, uploads, footprint, abuse and endurance.

``python benchmarks/transport.py`` writes ``build/bench/transport.json`` and prints it. A quick run
is for finding out what a change did; what is reported is a full run on a machine that does
nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import abuse, fidelity, footprint, round_trips, soak, uploads
from benchmarks.bench_record import Metric, table, write_record

Part = Callable[[Path, bool, bool], list[Metric]]
"""Takes a directory, whether to be quick, and whether to encrypt."""

_PARTS: dict[str, Part] = {
    "round_trips": lambda directory, quick, curve: round_trips.measure(
        directory, rounds=400 if quick else 3000, curve=curve
    ),
    "fidelity": lambda directory, quick, curve: fidelity.measure(
        directory, seconds=1 if quick else 5, curve=curve
    ),
    "uploads": lambda directory, quick, curve: uploads.measure(
        directory,
        repetitions=3 if quick else 7,
        large_bytes=100_000_000 if quick else 500_000_000,
        curve=curve,
    ),
    "footprint": lambda directory, quick, curve: footprint.measure(
        directory, starts=3 if quick else 7, curve=curve
    ),
    "abuse": lambda directory, quick, _: abuse.measure(
        directory, frames=10_000 if quick else 200_000
    ),
    "soak": lambda directory, quick, curve: soak.measure(
        directory, requests=5_000 if quick else 100_000, curve=curve
    ),
    "install": lambda directory, quick, _: [] if quick else footprint.measure_install(directory),
}


def main(arguments: Sequence[str]) -> int:
    """Run the parts, write the record, print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything, no install")
    parser.add_argument("--plain", action="store_true", help="no encryption; writes no record")
    parser.add_argument("--only", nargs="+", choices=_PARTS, help="these parts; writes no record")
    options = parser.parse_args(arguments)
    metrics: list[Metric] = []
    for name in options.only or _PARTS:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="kenning-lego-bench-") as directory:
            metrics += _PARTS[name](Path(directory), options.quick, not options.plain)
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    print(table(metrics))
    if not options.only and not options.plain:
        print(f"written to {write_record('transport', metrics)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
