"""Reports: a record of a million samples and 500 variants as a page, and every kind of page.

``make bench NAME=reports`` writes ``build/bench/reports.json`` and prints it. Without Chromium the
figures of the browser are left out. What is reported is a run on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import reports_browsing, reports_rendering
from benchmarks.bench_record import table, write_record
from benchmarks.chromium import executable


def main(arguments: Sequence[str]) -> int:
    """Measure, write the record, print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="everything once")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kenning-lego-bench-") as name:
        directory = Path(name)
        metrics = reports_rendering.measure(directory, quick=options.quick)
        if executable() is None:
            print("there is no chromium: its figures are left out", file=sys.stderr)
        else:
            page = directory / "large" / "report.html"
            metrics += reports_browsing.measure(page, quick=options.quick)
    print(table(metrics))
    print(f"written to {write_record('reports', metrics)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
