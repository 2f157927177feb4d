"""The command line that benchmarks of several parts share."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.bench_record import Metric, table, write_record

Part = Callable[[Path, bool], list[Metric]]
"""Takes a directory of its own and whether less of everything will do."""


def run_parts(
    name: str, description: str, parts: Mapping[str, Part], arguments: Sequence[str]
) -> int:
    """Run the parts, print what they reached, and write the record if all of it was measured."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything; no record")
    parser.add_argument("--only", nargs="+", choices=parts, help="these parts; no record")
    options = parser.parse_args(arguments)
    metrics: list[Metric] = []
    for part in options.only or parts:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="kenning-lego-bench-") as directory:
            metrics += parts[part](Path(directory), options.quick)
        print(f"{part}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    print(table(metrics))
    if not options.only and not options.quick:
        print(f"written to {write_record(name, metrics)}")
    return 0
